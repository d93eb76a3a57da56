"""What is told of a pod (B24, B47, S12, D16): network-status in both styles, the Event, and what happens when it may not be written."""

import json
from dataclasses import replace

import pytest

from kube_sync.model.status import StatusStyle
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene
from tests.unit.kube_sync.fakes import FakeClock


async def test_b24_the_status_is_complete_ordered_and_written_once(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("b", cidr="10.1.1.0/24"), nad("a", cidr="10.1.2.0/24")])
    cluster.kube.kubectl.apply(pod("web-0", networks="b,a"))

    async with cluster.worker():
        await cluster.complete("web-0")
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.kubectl.patch("pods", "web-0", {"metadata": {"labels": {"touched": "yes"}}})
        await cluster.settled()

    interfaces = await cluster.interfaces("web-0")
    assert cluster.status("web-0") == [
        {"name": name, "interface": f"eth{at}", "ips": interface.addresses, "mac": interface.mac, "dns": {}}
        | ({"default": True} if at == 0 else {})
        for at, (name, interface) in enumerate(zip([cluster.names.default_reference, "default/b", "default/a"], interfaces, strict=True))
    ]
    assert len(cluster.kube.recorder.matching(verb="patch", resource="pods")) == 1
    assert cluster.tap.asked == []


async def test_b24_a_pod_addressed_by_another_plug_in_shows_what_it_has(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(pod("web-0"))
    cluster.kube.kubelet.run("web-0")

    async with cluster.worker() as worker:
        await cluster.complete("web-0")
        figures = worker.figures()

    real = (cluster.kube.kubectl.get("pods", "web-0") or {})["status"]["podIP"]
    assert cluster.status("web-0")[0]["ips"] == [real]
    assert "mac" not in cluster.status("web-0")[0]
    assert figures["default_address_foreign"] == 1


async def test_b24_what_another_plug_in_wrote_is_merged(cluster: Scene) -> None:
    foreign = {"name": "default/macvlan", "interface": "net1", "ips": ["192.168.1.5"], "mac": "02:00:00:00:00:09", "dns": {}}
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.1.0/24"), nad("macvlan", config={"type": "macvlan"})])
    annotations = {"k8s.v1.cni.cncf.io/network-status": json.dumps([foreign])}
    cluster.kube.kubectl.apply(pod("web-0", networks="macvlan,a", annotations=annotations))

    async with cluster.worker():
        await cluster.kube.eventually(lambda: len(cluster.status("web-0")) == 3, 60)

    assert [entry["name"] for entry in cluster.status("web-0")] == [cluster.names.default_reference, "default/a", "default/macvlan"]
    assert cluster.status("web-0")[2] == foreign
    assert [interface.annotations["index"] for interface in await cluster.interfaces("web-0")] == ["0/2", "1/2"]


async def test_b24_a_new_pod_costs_two_writes_to_kubernetes_of_which_one_tells_its_owner_what_it_got(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))

    async with cluster.worker():
        await cluster.settled()
        cluster.kube.recorder.clear()
        cluster.kube.kubectl.apply(pod("web-0", networks="a"))
        message = await cluster.event("Attached", "web-0")
        await cluster.settled()
        writes = [(each.verb, each.resource, each.subresource) for each in cluster.kube.recorder.writes()]
        body = cluster.kube.recorder.matching(verb="patch", resource="pods")[0].body
    async with cluster.worker():
        await cluster.settled()

    default, own = (entry["ips"][0] for entry in cluster.status("web-0"))
    assert message == f"eth0 {cluster.names.default_reference} {default}; eth1 default/a {own}"
    assert writes == [("patch", "pods", "status"), ("create", "events", "")]
    assert body.keys() == {"metadata"}  # S12: nothing of status itself
    assert [(event["type"], event["count"]) for event in cluster.kube.kubectl.events("Attached")] == [("Normal", 1)]


async def test_b24_another_style_rewrites_each_pod_once(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks="a,a"))

    async with cluster.worker():
        await cluster.complete("web-0")
        await cluster.settled()
    standard = cluster.status("web-0")
    cluster.settings = replace(cluster.settings, status_style=StatusStyle.LEGACY)
    cluster.kube.recorder.clear()
    async with cluster.worker():
        await cluster.kube.eventually(lambda: cluster.status("web-0") != standard, 60)
        await cluster.settled()
    async with cluster.worker():
        await cluster.settled()

    assert cluster.status("web-0") == [
        {"name": name, "ips": entry["ips"][0], "mac": entry["mac"]}
        for name, entry in zip(["cluster-wide-default", "a", "a"], standard, strict=True)
    ]
    assert len(cluster.kube.recorder.matching(verb="patch", resource="pods")) == 1


@pytest.mark.double
async def test_b47_a_status_that_may_not_be_written_comes_later_and_without_a_pod_event(cluster: Scene) -> None:
    clock = FakeClock()
    forbidden = cluster.kube.faults.forbid(verb="patch", resource="pods", subresource="status", name="web-0")
    cluster.kube.kubectl.apply([pod("web-0"), pod("web-1")])

    async with cluster.worker(clock=clock) as worker:
        await cluster.event("StatusForbidden", "web-0")
        await cluster.complete("web-1")
        await cluster.settled()
        await clock.advance(60)
        await cluster.settled()
        tries, waiting, interfaces = forbidden.hits, worker.waiting(), await cluster.interfaces("web-0")
        forbidden.cancel()
        cluster.kube.recorder.clear()
        await clock.advance(300)
        await cluster.complete("web-0")

    assert tries == 1
    assert waiting == {"StatusForbidden": 1}
    assert [interface.addresses for interface in interfaces] == [entry["ips"] for entry in cluster.status("web-0")]
    assert len(cluster.kube.recorder.matching(verb="patch", resource="pods")) == 1
