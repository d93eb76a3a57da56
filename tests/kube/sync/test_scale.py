"""What many pods cost, in calls (B43, B44); `make bench-kube` says what they cost in time and memory."""

from typing import Any

from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene

PODS = [f"web-{at}" for at in range(60)]


async def test_b43_b44_a_pod_that_comes_costs_few_calls_and_one_that_is_in_step_no_write(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.1.0/24"), nad("b", cidr="10.1.2.0/24")])

    async def networks() -> Any:
        return await cluster.found("virtual-network", cluster.names.network("default", "b"))

    async with cluster.worker() as worker:
        await cluster.until(networks)
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.recorder.clear()
        cluster.kube.kubectl.create([pod(name, networks="a,b") for name in PODS])
        await cluster.complete(*PODS)
        await cluster.settled()
        depth = sum(worker.queued().values())
    calls, writes = len(cluster.tap.asked), len(cluster.kube.recorder.writes())
    cluster.tap.clear()
    cluster.kube.recorder.clear()
    async with cluster.worker():
        await cluster.settled()

    assert calls <= 10 * len(PODS)
    assert writes <= 2 * len(PODS)
    assert depth == 0
    assert len(await cluster.addresses_in(cluster.names.default_network)) == len(PODS)
    assert cluster.tap.writes == []
    assert cluster.kube.recorder.writes() == []
    # Many are looked at together: few calls for all of them, not a few for each.
    assert len(cluster.tap.asked) < len(PODS)
