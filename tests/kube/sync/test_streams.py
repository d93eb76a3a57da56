"""What may happen to a single stream (B32, B33, B35, B48), and to what it follows."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kube_sync.cluster import watch
from kube_sync.cluster.api import CredentialError
from kube_sync.cluster.cache import Cache
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.watch import SILENCE, ListWatch, Resource
from kube_sync.model.objects import POD, Pod, pod_of
from tests.kube.double import KubeDouble, nad, pod
from tests.kube.sync.scene import Scene
from tests.kube.sync.sight import everything_of, watched, whole_lists
from tests.unit.kube_sync.fakes import MovedClock

pytestmark = pytest.mark.double


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


async def test_a_right_that_is_missing_is_told_and_used_soon_after_it_is_given(cluster: Scene) -> None:
    forbidden = cluster.kube.faults.forbid(verb="list", resource="pods")
    clock = MovedClock()

    async with cluster.worker(clock=clock) as worker:
        told = await cluster.event("PodsUnavailable", "netweave-kube-sync")
        await clock.move(watch.SLOW_PAUSE - 1)
        tries = forbidden.hits
        forbidden.cancel()
        cluster.kube.kubectl.apply(pod("web-0"))
        await clock.move(2)
        await cluster.complete("web-0")
        causes = watched(worker).restarts

    assert "forbidden" in told
    assert tries == 1
    assert causes["forbidden"] == 1


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
