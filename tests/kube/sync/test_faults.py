"""What a killed worker leaves, and what ends one (B36)."""

import asyncio
import signal

import pytest

import netweave
from kube_sync.clock import SystemClock
from kube_sync.cluster.cache import Caches
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.live import LiveCluster
from kube_sync.model.objects import NETWORK_STATUS
from kube_sync.reconcile.worker import Worker
from tests.kube.double import nad, pod
from tests.kube.sync.process import process
from tests.kube.sync.scene import Scene
from tests.kube.sync.tap import BULK


@pytest.mark.parametrize("done", [False, True], ids=["before it was done", "before it was answered"])
async def test_b36_a_worker_killed_while_it_writes_leaves_nothing_half_done(cluster: Scene, done: bool) -> None:
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.1.0/24"), nad("b", cidr="10.1.2.0/24")])
    cluster.kube.kubectl.apply(pod("web-0", networks="a,b"))
    held = cluster.tap.hold("POST", BULK, passed_on=done)

    with process(cluster) as worker:
        assert await asyncio.to_thread(held.taken.wait, 60)
        worker.send_signal(signal.SIGKILL)
    async with cluster.worker():
        await cluster.complete("web-0")

    assert len(await cluster.machines("web-0")) == 1
    assert [len(interface.addresses) for interface in await cluster.interfaces("web-0")] == [1, 1, 1]
    for name in ("a", "b"):
        assert await cluster.addresses_in(cluster.names.network("default", name)) == [f"10.1.{1 if name == 'a' else 2}.252"]
    assert len(await cluster.addresses_in(cluster.names.default_network)) == 1


async def test_b36_of_whatever_part_of_a_pod_is_there_the_rest_is_made_and_no_more(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.1.0/24"), nad("b", cidr="10.1.2.0/24")])
    cluster.kube.kubectl.apply([pod(f"web-{at}", networks="a,b") for at in range(3)])
    names = [f"web-{at}" for at in range(3)]
    async with cluster.worker():
        await cluster.complete(*names)
    whole = {name: await cluster.interfaces(name) for name in names}
    for interface in [*whole["web-0"], *whole["web-1"][1:], *whole["web-2"][2:]]:
        for address in await cluster.api.list("instance-ip", back_ref_id=interface.uuid):
            await cluster.api.delete("instance-ip", address["uuid"])
    for interface in [*whole["web-0"], *whole["web-1"][1:]]:
        await cluster.api.delete("virtual-machine-interface", interface.uuid)
    for name in names:
        cluster.kube.kubectl.annotate("pods", name, {NETWORK_STATUS: None})

    async with cluster.worker():
        await cluster.complete(*names)

    for name in names:
        repaired = await cluster.interfaces(name)
        assert [(one.uuid, one.mac, len(one.addresses)) for one in repaired] == [(one.uuid, one.mac, 1) for one in whole[name]]
    for network in (cluster.names.default_network, *(cluster.names.network("default", name) for name in ("a", "b"))):
        assert len(await cluster.addresses_in(network)) == 3


@pytest.mark.double
async def test_b36_a_worker_killed_before_the_status_writes_it_when_it_is_back(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(pod("web-0"))
    delayed = cluster.kube.faults.delay(60, verb="patch", resource="pods", times=1)

    with process(cluster) as worker:
        await cluster.kube.eventually(lambda: delayed.hits > 0, 60)
        worker.send_signal(signal.SIGKILL)
    async with cluster.worker():
        await cluster.complete("web-0")

    assert len(await cluster.interfaces("web-0")) == 1
    assert await cluster.addresses_in(cluster.names.default_network) == cluster.status("web-0")[0]["ips"]


async def test_a_source_that_fails_ends_the_worker_instead_of_leaving_it_deaf(cluster: Scene) -> None:
    clock = SystemClock()

    class Failing(LiveCluster):
        async def follow(self, caches: Caches) -> None:
            caches.namespaces.replace([])
            caches.definitions.replace([])
            caches.pods.replace([])
            await asyncio.sleep(0.5)
            raise RuntimeError("nobody expected this")

    async with netweave.AsyncClient(cluster.api_url) as api, HttpKubeApi(configuration(cluster.kubeconfig)) as kube:
        worker = Worker(api, Failing(kube, clock), cluster.settings, clock, patience=0)

        with pytest.raises(RuntimeError, match="nobody expected this"):
            await worker.run()
