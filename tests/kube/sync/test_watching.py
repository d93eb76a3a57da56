"""List and watch over a real connection (B29 to B35, B48): what an API server, a wire or a rotated token may do to it."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kube_sync.cluster import watch
from kube_sync.cluster.api import CredentialError
from kube_sync.cluster.cache import Cache, Caches
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.live import LiveCluster
from kube_sync.cluster.watch import SILENCE, ListWatch, Resource
from kube_sync.cluster.watched import Watched
from kube_sync.model.objects import POD, Key, Pod, pod_of
from kube_sync.reconcile.queue import WorkQueue
from kube_sync.reconcile.worker import Worker
from tests.kube.double import KubeDouble, nad, pod
from tests.kube.sync.scene import Scene
from tests.unit.kube_sync.fakes import MovedClock

pytestmark = pytest.mark.double


def watched(worker: Worker, resource: str = "pods") -> Watched:
    return worker._source.watched[resource]


def whole_lists(kube: KubeDouble, resource: str) -> int:
    """How many lists began; a probe, which names a version, is none."""
    lists = kube.recorder.matching(verb="list", resource=resource)
    return len([each for each in lists if not {"resourceVersion", "continue"} & each.query.keys()])


async def everything_of(cluster: Scene, *pods: str) -> list[dict[str, Any]]:
    """All objects of these pods, with the moments at which they were last changed."""
    machines = [uuid for name in pods for uuid in await cluster.machines(name)]
    interfaces = await cluster.api.list("virtual-machine-interface", back_ref_id=machines, detail=True)
    uuids = [str(row["uuid"]) for row in interfaces]
    addresses = await cluster.api.list("instance-ip", back_ref_id=uuids, detail=True)
    return [*[await cluster.api.read("virtual-machine", uuid) for uuid in machines], *interfaces, *addresses]


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


class Repeating(HttpKubeApi):
    """Tells all it ever told once more, the oldest last, when a test asks for it."""

    again = False

    @asynccontextmanager
    async def watch(self, path: str, **query: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with super().watch(path, **query) as lines:
            yield self._repeated(lines)

    async def _repeated(self, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        told: list[bytes] = []
        async for line in lines:
            for each in [line, *reversed(told)] if Repeating.again else [line]:
                yield each
            told.append(line)


async def test_b32_duplicate_and_stale_events_cost_no_write(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))
    duplicates = cluster.kube.faults.duplicate()

    async with cluster.worker(kube_api=Repeating) as worker:
        await cluster.settled()
        cluster.kube.kubectl.apply([pod("web-0", networks="a"), pod("gone"), pod("again")])
        await cluster.complete("web-0", "gone", "again")
        cluster.kube.kubectl.delete("pods", "gone", grace=0)
        cluster.kube.kubelet.replace("again")
        await cluster.gone("gone")
        await cluster.settled()
        before, heard = await everything_of(cluster, "web-0", "again"), watched(worker).events
        cluster.tap.clear()
        cluster.kube.recorder.clear()
        Repeating.again = True
        cluster.kube.emit_bookmarks()
        await cluster.kube.eventually(lambda: watched(worker).events > heard + 6)
        await cluster.settled()

    assert duplicates.hits > 0
    assert cluster.tap.writes == []
    assert cluster.kube.recorder.writes() == []
    assert await everything_of(cluster, "web-0", "again") == before
    assert await cluster.machines("gone") == []


async def test_b33_a_watch_that_falls_silent_shows_it_and_is_opened_again(cluster: Scene) -> None:
    clock = MovedClock()

    async with cluster.worker(clock=clock) as worker:
        await cluster.settled()
        stalled = cluster.kube.faults.stall(resource="pods", times=1)
        cluster.kube.kubectl.apply(pod("web-0"))
        await cluster.kube.eventually(lambda: stalled.hits > 0)
        await clock.move(SILENCE - 20, step=20)
        age, told = watched(worker).age, cluster.status("web-0")
        await clock.move(30)
        await cluster.complete("web-0")
        stalled.cancel()
        causes = watched(worker).restarts

    assert age is not None
    assert SILENCE - 20 <= age <= 150
    assert told == []
    assert causes["silent"] == 1


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


@pytest.mark.parametrize("fault", ["truncate_line", "half_line"])
async def test_b35_a_broken_line_ends_the_watch_and_nothing_else(cluster: Scene, fault: str) -> None:
    async with cluster.worker():
        await cluster.settled()
        cluster.kube.recorder.clear()
        broken = getattr(cluster.kube.faults, fault)(times=1)
        cluster.kube.kubectl.apply([pod("web-0"), pod("web-1")])
        await cluster.complete("web-0", "web-1")

    assert broken.hits == 1
    assert whole_lists(cluster.kube, "pods") == 0


async def test_b48_a_rotated_token_is_read_again_once_and_no_event_is_lost(cluster: Scene, tmp_path: Path) -> None:
    cluster.kubeconfig = cluster.kube.kubeconfig(tmp_path / "rotating", token_file=True)
    clock = MovedClock()

    async with cluster.worker(clock=clock) as worker:
        await cluster.settled()
        cluster.kube.recorder.clear()
        cluster.kube.rotate_token()
        cluster.kube.drop_watches(abort=True)
        cluster.kube.kubectl.apply(pod("web-0"))
        await clock.move(2)
        await cluster.complete("web-0")
        refused = [each.verb for each in cluster.kube.recorder.matching(status=401)]
        never = watched(worker).restarts["unauthorized"]
        # Now nothing helps until somebody gives a new one: that is told, tried slowly, and loses no event either.
        cluster.kube.revoke_token()
        cluster.kube.drop_watches(abort=True)
        cluster.kube.kubectl.apply(pod("web-1"))
        await clock.move(20)
        reported = watched(worker).restarts["unauthorized"]
        cluster.kube.rotate_token()
        await clock.move(watch.SLOW_PAUSE * 1.2)
        await cluster.complete("web-1")

    # Three list+watches found out at the same time; what came after them had the new token.
    assert 1 <= len(refused) <= 3
    assert (never, reported) == (0, 1)
    assert whole_lists(cluster.kube, "pods") == 0


async def test_b01_definitions_that_are_not_served_for_a_while_cost_nobody_a_network(cluster: Scene) -> None:
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.1.0/24"), nad("b", cidr="10.1.2.0/24")])
    network = cluster.names.network("default", "b")
    clock = MovedClock()

    async def made() -> Any:
        return await cluster.found("virtual-network", network)

    async with cluster.worker(clock=clock) as worker:
        before = await cluster.until(made)
        absent = cluster.kube.faults.refuse(404, resource="network-attachment-definitions")
        cluster.kube.drop_watches("network-attachment-definitions")
        await clock.move(10)
        absences = watched(worker, "network-attachment-definitions").restarts["absent"]
        absent.cancel()
        cluster.kube.kubectl.apply([pod("web-0", networks="a,c"), nad("c", cidr="10.1.3.0/24")])
        await clock.move(watch.LONGEST_PAUSE)
        await cluster.complete("web-0")

    assert absences > 1
    assert await made() == before


async def test_a_page_that_came_too_late_makes_the_list_start_over(
    kube: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PAGE", 2)
    kube.kubectl.create([pod(f"web-{at}") for at in range(5)])

    class Slow(HttpKubeApi):
        async def read(self, path: str, **query: str) -> bytes:
            content = await super().read(path, **query)
            if kube.recorder.count(verb="list") == 2:
                kube.expire_pages()
            return content

    clock = MovedClock()
    cache: Cache[Pod] = Cache(lambda *_: None)
    async with Slow(configuration(kube.kubeconfig(tmp_path / "kubeconfig"))) as api:
        following = asyncio.create_task(ListWatch(api, Resource("/api/v1/pods", pod_of), cache, clock).run())
        await kube.eventually(lambda: kube.recorder.count(status=410) == 1)
        await clock.move(1)
        await cache.until_synced()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    assert sorted(names(cache)) == [f"web-{at}" for at in range(5)]


def names(pods: Iterable[Pod]) -> list[str]:
    return [found.key.name for found in pods if found.key.kind == POD]


async def test_a_token_file_is_found_beside_the_kubeconfig_and_its_absence_is_no_end(kube: KubeDouble, tmp_path: Path) -> None:
    kubeconfig = kube.kubeconfig(tmp_path / "kubeconfig", token_file=True)
    kubeconfig.write_text(kubeconfig.read_text().replace(f"{tmp_path}/", ""))

    async with HttpKubeApi(configuration(kubeconfig)) as api:
        found = await api.get("/api/v1/namespaces/default")
        kube.rotate_token()
        (tmp_path / "kubeconfig.token").unlink()
        with pytest.raises(CredentialError, match="not found"):
            await api.get("/api/v1/namespaces/default")

    assert found["metadata"]["name"] == "default"
