"""What is left behind goes, and nothing else does (B34, B41, B46, D3, D5): the double and the real server, a worker between them."""

from dataclasses import replace

import pytest

import netweave
from kube_sync.clock import SystemClock
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.live import LiveCluster
from kube_sync.model.refusals import NameCollision
from kube_sync.reconcile.worker import Worker
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene


@pytest.mark.double
async def test_b34_b46_a_cluster_that_lost_its_pods_at_once_loses_no_interface_before_somebody_says_so(cluster: Scene) -> None:
    empty = cluster.kube.snapshot()
    names = [f"web-{at}" for at in range(60)]
    cluster.kube.kubectl.apply([pod(name) for name in names])

    async with cluster.worker() as worker:
        await cluster.complete(*names)
        cluster.kube.restore(empty)
        message = await cluster.event("MassDeleteHeld")
        await cluster.until(lambda: _is(worker.waiting().get("MassDeleteHeld") == 60))
        held_while_running = await cluster.addresses_in(cluster.names.default_network)
    async with cluster.worker() as worker:
        await cluster.until(lambda: _is(worker.figures()["orphans_held_back"] == 60))
        held_at_start = await cluster.addresses_in(cluster.names.default_network)
    cluster.settings = replace(cluster.settings, allow_mass_delete=True)
    async with cluster.worker():
        await cluster.until(lambda: _is_empty(cluster))

    assert "60 of 60" in message
    assert "--allow-mass-delete" in message
    assert len(held_while_running) == len(held_at_start) == 60


async def test_b41_a_definition_that_was_forced_away_leaves_its_network_to_its_pods_and_then_to_nobody(cluster: Scene) -> None:
    name, ipam = cluster.names.network("default", "blue"), cluster.names.ipam("default", "blue")
    cluster.kube.kubectl.apply([nad("blue", cidr="10.1.1.0/24"), nad("lone", cidr="10.1.2.0/24"), pod("web-0", networks="blue")])
    async with cluster.worker():
        await cluster.complete("web-0")
        await cluster.until(lambda: cluster.found("virtual-network", cluster.names.network("default", "lone")))
        await cluster.settled()
    for each in ("blue", "lone"):
        cluster.kube.kubectl.patch("net-attach-def", each, {"metadata": {"finalizers": None}})
        cluster.kube.kubectl.delete("net-attach-def", each)
    # D5: of this one only the IPAM is left, where no definition and no network leads.
    await cluster.api.delete("virtual-network", await cluster.api.find("virtual-network", cluster.names.network("default", "lone")))

    async with cluster.worker() as worker:
        await cluster.until(lambda: _is(worker.waiting().get("NetworkInUse") == 1))
        held = await cluster.addresses_in(name)
        await cluster.until(lambda: _is_gone(cluster, "network-ipam", cluster.names.ipam("default", "lone")))
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        await cluster.until(lambda: _is_gone(cluster, "network-ipam", ipam))

    assert len(held) == 1
    assert await cluster.found("virtual-network", name) is None


async def test_an_interface_that_lost_its_machine_goes_with_its_address_once_its_pod_has_gone(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([pod("web-0"), pod("kept")])
    async with cluster.worker():
        await cluster.complete("web-0", "kept")
    stray = (await cluster.interfaces("web-0"))[0]
    machine = (await cluster.machines("web-0"))[0]
    await cluster.api.ref_update("virtual-machine-interface", stray.uuid, "virtual-machine", machine, operation="DELETE")
    await cluster.api.delete("virtual-machine", machine)
    cluster.kube.kubectl.delete("pods", "web-0", grace=0)

    async with cluster.worker() as worker:
        await cluster.settled()
        worker._leftovers._passes = 4
        await worker._leftovers.sweep()

    assert await cluster.found("virtual-machine-interface", stray.fq_name) is None
    assert await cluster.addresses_in(cluster.names.default_network) == (await cluster.interfaces("kept"))[0].addresses


@pytest.mark.parametrize("known_by", ["its pods", "its namespace"])
async def test_another_name_for_a_cluster_that_has_objects_is_refused_with_both_names(cluster: Scene, known_by: str) -> None:
    cluster.kube.kubectl.apply(pod("web-0"))
    async with cluster.worker():
        await cluster.complete("web-0")
        await cluster.settled()
    if known_by == "its namespace":
        cluster.kube.kubectl.delete("pods", "web-0", grace=0)
        cluster.kube.kubectl.apply(pod("new"))
    name = cluster.names.cluster
    cluster.settings = replace(cluster.settings, cluster_name=f"{name}-2")
    cluster.tap.clear()

    async with netweave.AsyncClient(cluster.api_url) as api, HttpKubeApi(configuration(cluster.kubeconfig)) as kube:
        worker = Worker(api, LiveCluster(kube, SystemClock()), cluster.settings, SystemClock(), patience=0)
        with pytest.raises(NameCollision, match=rf"--cluster-name {name}-2: this cluster has objects under the name {name}, "):
            await worker.run()

    assert cluster.tap.writes == []


async def _is(answer: bool) -> bool:
    return answer


async def _is_empty(cluster: Scene) -> bool:
    return not await cluster.addresses_in(cluster.names.default_network)


async def _is_gone(cluster: Scene, kind: str, name: tuple[str, ...]) -> bool:
    return await cluster.found(kind, name) is None
