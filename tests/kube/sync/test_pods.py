"""Behaviours of pods (B21 to B27, B39): the double and the real server, a worker between them."""

import asyncio
from dataclasses import replace

import pytest

from kube_sync.settings import CompletedPods
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene
from tests.kube.sync.tap import BULK


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
        cluster.kube.kubelet.run("web-0")
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
        await cluster.settled()

    assert {event["reason"] for event in cluster.kube.kubectl.events()} == {"Attached"}
    assert await cluster.addresses_in(cluster.names.network("default", "a")) == []


async def test_b26_a_finished_pod_keeps_its_addresses_where_that_is_asked_for(cluster: Scene) -> None:
    cluster.settings = replace(cluster.settings, completed_pods=CompletedPods.KEEP)
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.1.0/24"), pod("job", networks="a")])

    async with cluster.worker():
        await cluster.complete("job")
        cluster.kube.kubelet.set_phase("Succeeded", "job")
        await cluster.settled()
    async with cluster.worker():
        await cluster.settled()
        kept = await cluster.interfaces("job")
        cluster.kube.kubectl.delete("pods", "job", grace=0)
        await cluster.gone("job")

    assert len(kept) == 2


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


async def test_b26_what_others_made_for_an_interface_is_let_go_of_and_stays(cluster: Scene) -> None:
    public = await cluster.network(("default-domain", cluster.names.cluster, "public"))
    pool = await cluster.api.create("floating-ip-pool", {"fq_name": ["default-domain", cluster.names.cluster, "public", "pool"]})
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    cluster.kube.kubectl.apply(pod("web-0", networks="a"))

    async with cluster.worker():
        await cluster.complete("web-0")
        for at, interface in enumerate(await cluster.interfaces("web-0")):
            refs = {
                "parent_type": "floating-ip-pool",
                "virtual_machine_interface_refs": [{"uuid": interface.uuid}],
                "project_refs": [{"to": list(cluster.names.project("default"))}],
            }
            await cluster.api.create("floating-ip", {"fq_name": [*pool["fq_name"], f"f{at}"], **refs})
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        await cluster.gone("web-0")

    floating = await cluster.api.list("floating-ip", parent_id=pool["uuid"], detail=True)
    assert [row.get("virtual_machine_interface_refs", []) for row in floating] == [[], []]
    assert await cluster.api.list("instance-ip", back_ref_id=public) == []
    assert await cluster.addresses_in(cluster.names.network("default", "a")) == []


@pytest.mark.double
async def test_b27_a_replaced_pod_gets_a_machine_of_its_own_after_the_old_one_went(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(pod("web-0"))

    async with cluster.worker():
        await cluster.complete("web-0")
        old = await cluster.machines("web-0")
        cluster.tap.clear()
        with cluster.kube.outage():
            new = [cluster.kube.kubelet.replace("web-0")["metadata"]["uid"]]
            # Its deletion is told to nobody.
            cluster.kube.compact()

        async def is_new() -> bool:
            return await cluster.machines("web-0") == new

        await cluster.until(is_new)
        await cluster.settled()
        machines = [
            entry["operation"]
            for _, path, body in cluster.tap.done
            if path == BULK
            for entry in body["resources"]
            if entry["kind"] == "virtual-machine"
        ]

    assert old != new
    assert machines == ["delete", "create"]
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
