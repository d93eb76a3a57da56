"""List and watch over a real connection (B29 to B31, B34): what an outage, a dropped watch or a restored backup costs."""

import asyncio
import random
from pathlib import Path

import pytest

from kube_sync.cluster import watch
from kube_sync.cluster.cache import Cache, Caches
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.live import LiveCluster
from kube_sync.model.objects import Key, Pod, pod_of
from kube_sync.reconcile.queue import WorkQueue
from tests.kube.double import KubeDouble, nad, pod
from tests.kube.sync.scene import Scene
from tests.kube.sync.sight import everything_of, whole_lists
from tests.unit.kube_sync.fakes import MovedClock

pytestmark = pytest.mark.double


async def test_b29_an_outage_costs_few_tries_no_write_and_no_new_list(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(pod("web-0"))
    clock = MovedClock()

    async with cluster.worker(clock=clock):
        await cluster.complete("web-0")
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.recorder.clear()
        with cluster.kube.outage("reset"):
            await clock.move(20)
            tries, writes = cluster.kube.recorder.connections, cluster.tap.writes
        cluster.kube.kubectl.apply(pod("web-1"))
        await clock.move(watch.LONGEST_PAUSE)
        await cluster.complete("web-1")

    assert 3 <= tries <= 12
    assert writes == []
    assert whole_lists(cluster.kube, "pods") == 0
    assert len(cluster.kube.recorder.matching(verb="watch", resource="pods", status=200)) == 1


async def test_b30_a_watch_that_keeps_dropping_loses_nothing(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.0.0/16"))
    cluster.kube.faults.close_after(3)
    names = [f"web-{at}" for at in range(20)]

    async with cluster.worker():
        for name in names:
            cluster.kube.kubectl.apply(pod(name, networks="a"))
        for name in names[::2]:
            cluster.kube.kubectl.delete("pods", name, grace=0)
        await cluster.complete(*names[1::2])
        for name in names[::2]:
            await cluster.gone(name)

    assert len(await cluster.addresses_in(cluster.names.network("default", "a"))) == len(names[1::2])


def churn(kube: KubeDouble, changes: int) -> None:
    """So many creates, edits and deletes of a few pods."""
    dice = random.Random(4)
    there: set[str] = set()
    for at in range(changes):
        name = f"web-{dice.randrange(50)}"
        if name not in there:
            kube.kubectl.create(pod(name))
            there.add(name)
        elif dice.random() < 0.2:
            kube.kubectl.delete("pods", name, grace=0)
            there.discard(name)
        else:
            kube.kubectl.annotate("pods", name, {"k8s.v1.cni.cncf.io/networks": f"net-{at}"})


async def test_b30_two_thousand_changes_are_told_to_the_last_and_no_key_is_handled_twice_at_once(kube: KubeDouble, tmp_path: Path) -> None:
    kube.faults.close_after(3, resource="pods")
    clock = MovedClock()
    queue = WorkQueue(clock)
    cache: Cache[Pod] = Cache(lambda key, *_: queue.add(key))
    caches = Caches(cache, Cache(lambda *_: None), Cache(lambda *_: None))
    handled: dict[Key, Pod | None] = {}
    running: list[Key] = []
    overlaps: list[Key] = []

    async def handle() -> None:
        while True:
            (key,) = await queue.take()
            overlaps.extend([key] if key in running else [])
            running.append(key)
            await asyncio.sleep(0.001)
            handled[key] = cache.get(key)
            running.remove(key)
            queue.done(key)

    async with HttpKubeApi(configuration(kube.kubeconfig(tmp_path / "kubeconfig"))) as api:
        tasks = [asyncio.create_task(work) for work in (LiveCluster(api, clock).follow(caches), *(handle() for _ in range(8)))]
        await cache.until_synced()
        await asyncio.to_thread(churn, kube, 2000)
        fresh = {found.key: found.version for found in map(pod_of, kube.kubectl.list("pods"))}
        await kube.eventually(lambda: {found.key: found.version for found in cache} == fresh and queue.idle, 60)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert {key: found.version for key, found in handled.items() if found} == fresh
    assert overlaps == []
    assert kube.recorder.count(verb="watch", resource="pods") > 500


@pytest.mark.parametrize("gone_by", ["status", "event"])
async def test_b31_a_version_that_is_gone_costs_one_list_and_touches_only_what_changed(cluster: Scene, gone_by: str) -> None:
    cluster.kube.kubectl.apply([pod(f"old-{at}") for at in range(5)])
    clock = MovedClock()

    async with cluster.worker(clock=clock):
        await cluster.complete(*(f"old-{at}" for at in range(5)))
        await cluster.settled()
        kept = await everything_of(cluster, "old-3", "old-4")
        cluster.kube.recorder.clear()
        with cluster.kube.outage():
            for at in range(3):
                cluster.kube.kubectl.delete("pods", f"old-{at}", grace=0)
            cluster.kube.kubectl.apply([pod("new-0"), pod("new-1")])
            cluster.kube.compact(gone_by="status" if gone_by == "status" else "event")
        await clock.move(watch.LONGEST_PAUSE)
        await cluster.complete("new-0", "new-1")
        for at in range(3):
            await cluster.gone(f"old-{at}")
        await cluster.settled()

    assert whole_lists(cluster.kube, "pods") == 1
    assert len(await cluster.addresses_in(cluster.names.default_network)) == 4
    assert await everything_of(cluster, "old-3", "old-4") == kept


async def test_b34_a_restored_cluster_is_listed_again_and_loses_only_what_the_backup_lacks(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([pod(f"web-{at}") for at in range(5)])
    clock = MovedClock()

    async with cluster.worker(clock=clock):
        await cluster.complete(*(f"web-{at}" for at in range(5)))
        await cluster.settled()
        backup, kept = cluster.kube.snapshot(), await everything_of(cluster, *(f"web-{at}" for at in range(4)))
        for at in range(4):
            cluster.kube.kubectl.annotate("pods", f"web-{at}", {"later": "yes"})
        cluster.kube.kubectl.delete("pods", "web-4", grace=0)
        cluster.kube.kubectl.apply(pod("lost"))
        await cluster.complete("lost")
        await cluster.gone("web-4")
        await asyncio.to_thread(cluster.kube.restore, backup)
        await clock.move(watch.LONGEST_PAUSE)
        await cluster.gone("lost")

        async def is_back() -> list[str]:
            return await cluster.machines("web-4")

        await cluster.until(is_back)
        await cluster.settled()

    assert await everything_of(cluster, *(f"web-{at}" for at in range(4))) == kept
    assert len(await cluster.addresses_in(cluster.names.default_network)) == 5
