"""Behaviours of pods (B15 to B26, B39): the double and the real server, a worker between them."""

import asyncio
import json
from typing import Any

import pytest

from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene

FOUR = "left-network,blue-network,right-network,extns/data-network"
FOUR_AS_JSON = json.dumps(
    [{"name": "left-network"}, {"name": "blue-network"}, {"name": "right-network"}, {"name": "data-network", "namespace": "extns"}],
    indent=2,
)


def selecting(**element: Any) -> str:
    return json.dumps([element])


def four_networks(cluster: Scene) -> None:
    cluster.kube.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "extns"}})
    for at, name in enumerate(["left-network", "blue-network", "right-network"]):
        cluster.kube.kubectl.apply(nad(name, cidr=f"10.1.{at}.0/24"))
    cluster.kube.kubectl.apply(nad("data-network", "extns", cidr="10.1.9.0/24"))


@pytest.mark.parametrize("selection", [FOUR, FOUR_AS_JSON, f"\n {FOUR.replace(',', ', ')}\n"], ids=["B15 names", "B16 json", "B16 blanks"])
async def test_b15_b16_four_networks_are_five_interfaces_in_order(cluster: Scene, selection: str) -> None:
    four_networks(cluster)
    cluster.kube.kubectl.apply(pod("ubuntu-pod-3", networks=selection))

    async with cluster.worker():
        await cluster.complete("ubuntu-pod-3")

    interfaces = await cluster.interfaces("ubuntu-pod-3")
    assert [interface.annotations["index"] for interface in interfaces] == ["0/5", "1/5", "2/5", "3/5", "4/5"]
    assert [interface.network for interface in interfaces] == [
        cluster.names.default_network[-1],
        *(cluster.names.network("", name)[-1] for name in ("left-network", "blue-network", "right-network", "data-network")),
    ]
    assert [interface.addresses for interface in interfaces][1:] == [["10.1.0.252"], ["10.1.1.252"], ["10.1.2.252"], ["10.1.9.252"]]
    assert {interface.fq_name[:2] for interface in interfaces} == {cluster.names.default_project}


async def test_b16_a_short_form_with_an_interface_name_records_it(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks="a@eth5"))

    async with cluster.worker():
        await cluster.complete("web-0")

    interfaces = await cluster.interfaces("web-0")
    assert interfaces[1].annotations["interface"] == "eth5"
    assert "interface" not in interfaces[0].annotations
    assert [entry["interface"] for entry in cluster.status("web-0")] == ["eth0", "eth5"]


async def test_b17_the_same_network_twice_is_two_interfaces_with_two_addresses(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks="a,a"))

    async with cluster.worker():
        await cluster.complete("web-0")

    assert await cluster.addresses_in(cluster.names.network("default", "a")) == ["10.1.1.251", "10.1.1.252"]
    assert [entry["name"] for entry in cluster.status("web-0")][1:] == ["default/a", "default/a"]


BAD_SELECTIONS = [
    "x/y/z",
    "[",
    '["a"]',
    '[{"namespace":"d"}]',
    '[{"name":"a","interface":"x"},{"name":"a","interface":"x"}]',
    '[{"name":"a","interface":"sixteen-letters-"}]',
    '[{"name":"a","mac":"02:00"}]',
    '[{"name":"a","default-route":[]},{"name":"a","default-route":[]}]',
]


async def test_b18_garbage_is_told_and_holds_up_no_healthy_pod_not_even_after_a_restart(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.0.0/16"))
    cluster.kube.kubectl.apply([pod(f"bad-{at}", networks=selection) for at, selection in enumerate(BAD_SELECTIONS)])
    early, late = [f"early-{at}" for at in range(25)], [f"late-{at}" for at in range(25)]

    async with cluster.worker():
        for at in range(len(BAD_SELECTIONS)):
            assert "k8s.v1.cni.cncf.io/networks" in await cluster.event("InvalidAnnotation", f"bad-{at}")
        cluster.kube.kubectl.apply([pod(name, networks="a") for name in early])
        await cluster.complete(*early)
    async with cluster.worker():
        cluster.kube.kubectl.apply([pod(name, networks="a") for name in late])
        await cluster.complete(*late)

    machines = {row["fq_name"][0] for row in await cluster.api.list("virtual-machine")}
    assert not [name for name in machines if name.startswith(f"{cluster.names.cluster}__default__bad-")]


async def test_b19_an_address_that_was_asked_for_is_given_exactly(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks=selecting(name="a", ips=["10.1.1.7/24"])))

    async with cluster.worker():
        await cluster.complete("web-0")

    assert (await cluster.interfaces("web-0"))[1].addresses == ["10.1.1.7"]
    assert cluster.status("web-0")[1]["ips"] == ["10.1.1.7"]


async def test_b19_an_address_in_use_is_told_and_given_once_it_is_freed(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("first", networks=selecting(name="a", ips=["10.1.1.7"])))

    async with cluster.worker():
        await cluster.complete("first")
        cluster.kube.kubectl.apply(pod("second", networks=selecting(name="a", ips=["10.1.1.7"])))
        message = await cluster.event("AddressInUse", "second")
        machines = await cluster.machines("second")
        cluster.kube.kubectl.delete("pods", "first", grace=0)
        await cluster.complete("second")

    assert "10.1.1.7" in message
    assert machines == []
    assert (await cluster.interfaces("second"))[1].addresses == ["10.1.1.7"]


async def test_b19_an_address_outside_the_subnet_is_refused(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks=selecting(name="a", ips=["10.7.7.7"])))

    async with cluster.worker():
        message = await cluster.event("InvalidAnnotation", "web-0")

    assert "10.7.7.7" in message
    assert "10.1.1.0/24" in message
    assert await cluster.machines("web-0") == []


async def test_b20_a_mac_is_given_and_not_given_twice_in_a_network(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("first", networks=selecting(name="a", mac="02:00:00:00:00:07")))

    async with cluster.worker():
        await cluster.complete("first")
        cluster.kube.kubectl.apply(pod("second", networks=selecting(name="a", mac="02:00:00:00:00:07")))
        await cluster.event("AddressInUse", "second")
        await cluster.settled()

    assert (await cluster.interfaces("first"))[1].mac == "02:00:00:00:00:07"
    assert await cluster.machines("second") == []


async def test_b21_a_pod_waits_for_a_definition_and_is_woken_by_it(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(pod("web-0", networks="z"))

    async with cluster.worker():
        message = await cluster.event("NetworkNotFound", "web-0")
        await cluster.settled()
        machines = await cluster.machines("web-0")
        cluster.kube.kubectl.apply(nad("z", cidr="10.1.1.0/24"))
        await cluster.complete("web-0")

    assert "default/z" in message
    assert machines == []
    assert (await cluster.interfaces("web-0"))[1].addresses == ["10.1.1.252"]


async def test_b23_pods_of_the_nodes_network_or_without_a_node_cost_no_call(cluster: Scene) -> None:
    async with cluster.worker():
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.kubectl.apply([pod("host", hostNetwork=True), pod("unscheduled", node="")])
        await cluster.settled()
        cluster.kube.kubectl.delete("pods", "host", grace=0)
        cluster.kube.kubectl.delete("pods", "unscheduled", grace=0)
        await cluster.settled()

    assert cluster.tap.asked == []


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


async def test_b25_editing_a_running_pods_selection_changes_nothing_and_is_told(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.1.0/24"), nad("b", cidr="10.1.2.0/24")])
    cluster.kube.kubectl.apply(pod("web-0", networks="a"))

    async with cluster.worker() as worker:
        await cluster.complete("web-0")
        before = await cluster.interfaces("web-0")
        cluster.tap.clear()
        cluster.kube.kubectl.annotate("pods", "web-0", {"k8s.v1.cni.cncf.io/networks": "a,b"})
        message = await cluster.event("AttachmentDrift", "web-0")
        await cluster.settled()
        drifted = worker.figures()["attachment_drift"]
        cluster.kube.kubectl.annotate("pods", "web-0", {"k8s.v1.cni.cncf.io/networks": "a"})
        await cluster.kube.eventually(lambda: not worker.figures()["attachment_drift"], 60)

    assert await cluster.interfaces("web-0") == before
    assert cluster.tap.writes == []
    assert drifted == 1
    assert "default/a" in message
    assert [event["count"] for event in cluster.kube.kubectl.events("AttachmentDrift")] == [1]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
async def test_b26_a_finished_pod_gives_its_addresses_back(cluster: Scene, phase: str) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("job", networks="a"))

    async with cluster.worker():
        await cluster.complete("job")
        cluster.kube.kubelet.set_phase(phase, "job")
        await cluster.gone("job")

    assert await cluster.addresses_in(cluster.names.network("default", "a")) == []


async def test_b26_a_terminating_pod_keeps_its_addresses_until_it_has_gone(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(pod("web-0"))
    cluster.kube.kubelet.terminate_after = None

    async with cluster.worker():
        await cluster.complete("web-0")
        cluster.kube.kubectl.delete("pods", "web-0", grace=30)
        await cluster.settled()
        terminating = await cluster.interfaces("web-0")
        cluster.kube.kubelet.finish("web-0")
        await cluster.gone("web-0")

    assert len(terminating) == 1


async def test_b27_a_replaced_pod_gets_a_machine_of_its_own_after_the_old_one_went(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(pod("web-0"))

    async with cluster.worker():
        await cluster.complete("web-0")
        old = await cluster.machines("web-0")
        new = [cluster.kube.kubelet.replace("web-0")["metadata"]["uid"]]

        async def is_new() -> bool:
            return await cluster.machines("web-0") == new

        await cluster.until(is_new)
        await cluster.settled()

    assert old != new
    assert [interface.uuid for interface in await cluster.interfaces("web-0")] == [cluster.names.interface_uuid(new[0], 0)]
    assert await cluster.addresses_in(cluster.names.default_network) == cluster.status("web-0")[0]["ips"]


async def test_b39_pods_wait_for_addresses_without_partial_objects_and_are_woken_one_by_one(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("tiny", cidr="10.1.1.0/29"))
    names = [f"web-{at}" for at in range(6)]
    cluster.kube.kubectl.apply([pod(name, networks="tiny") for name in names])

    def complete() -> list[str]:
        return [name for name in names if cluster.status(name)]

    async with cluster.worker():
        await cluster.kube.eventually(lambda: len(cluster.kube.kubectl.events("SubnetExhausted")) == 2, 60)
        await cluster.kube.eventually(lambda: len(complete()) == 4, 60)
        await cluster.settled()
        waiting = [name for name in names if name not in complete()]
        partial = [machine for name in waiting for machine in await cluster.machines(name)]
        gone = complete()[0]
        cluster.kube.kubectl.delete("pods", gone, grace=0)
        await cluster.kube.eventually(lambda: len([name for name in waiting if cluster.status(name)]) == 1, 60)
        await cluster.settled()
        cluster.tap.clear()
        await asyncio.sleep(2)

    assert partial == []
    assert cluster.tap.asked == []
    assert len(await cluster.addresses_in(cluster.names.network("default", "tiny"))) == 4
    assert len(await cluster.addresses_in(cluster.names.default_network)) == 4
