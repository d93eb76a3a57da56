"""Of two workers one leads (B38): real processes, the double and the real server, with a lease of few seconds."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from subprocess import Popen

import httpx
import pytest

import netweave
from kube_sync.cluster.lease import Always, NotLeadingError
from kube_sync.reconcile.fence import Fence
from tests.kube.double import pod
from tests.kube.sync.process import process
from tests.kube.sync.rights import NAMESPACE
from tests.kube.sync.scene import Document, Scene
from tests.kube.sync.tap import Tap

LEASE = ("--lease", "--lease-namespace", NAMESPACE, "--lease-duration", "3")


class Pair:
    """Two workers, each with a wire of its own to the configuration API."""

    def __init__(self, cluster: Scene, running: ExitStack) -> None:
        self._cluster = cluster
        self._running = running
        self.taps: list[Tap] = []

    def start(self) -> Popen[str]:
        tap = Tap(self._cluster.tap.target.geturl())
        self.taps.append(tap)
        url = self._running.enter_context(tap.open())
        return self._running.enter_context(process(self._cluster, *LEASE, api_url=url))

    @property
    def lease(self) -> Document:
        found = self._cluster.kube.kubectl.get("leases", "netweave-kube-sync", NAMESPACE)
        return found["spec"] if found else {}

    async def led(self, transitions: int) -> None:
        """Return when the lease has passed on so many times and is held."""
        await self._cluster.kube.eventually(
            lambda: bool(self.lease.get("holderIdentity")) and self.lease["leaseTransitions"] == transitions, 60
        )


@pytest.fixture
def pair(cluster: Scene) -> Iterator[Pair]:
    with ExitStack() as running:
        yield Pair(cluster, running)


async def test_b38_only_the_holder_writes_and_another_follows_when_it_is_killed_or_ends(cluster: Scene, pair: Pair) -> None:
    first = pair.start()
    await pair.led(0)
    second = pair.start()
    cluster.kube.kubectl.apply(pod("web-0"))
    await cluster.complete("web-0")
    await cluster.kube.eventually(lambda: cluster.kube.open_watches.count("pods") == 2, 60)
    written_by_the_other = pair.taps[1].writes
    cluster.kube.recorder.clear()

    first.kill()
    await pair.led(1)
    lists = cluster.kube.recorder.matching(verb="list", resource="pods")
    cluster.kube.kubectl.apply(pod("web-1"))
    await cluster.complete("web-1")
    second.terminate()

    assert await asyncio.to_thread(second.wait, 60) == 0
    assert written_by_the_other == []
    assert lists == []
    assert "holderIdentity" not in pair.lease


class Turn(Always):
    """A turn that a test begins and ends."""

    is_ours = False


async def test_b38_without_the_turn_reads_pass_and_no_write_leaves(cluster: Scene) -> None:
    turn, project = Turn(), {"fq_name": ["default-domain", f"{cluster.names.cluster}-x"], "parent_type": "domain"}

    async with netweave.AsyncClient(cluster.api_url, transport=Fence(httpx.AsyncHTTPTransport(), turn)) as api:
        await api.find("domain", ["default-domain"])
        await api.list("project", obj_uuids=[cluster.names.uuid(str(at)) for at in range(50)])
        for write in (api.create("project", project), api.delete("project", "x"), api.bulk([])):
            with pytest.raises(NotLeadingError):
                await write
        written = cluster.tap.writes
        turn.is_ours = True
        await api.create("project", project)

    assert written == []
    assert cluster.tap.writes == [("POST", "/projects")]


async def test_b38_a_holder_that_was_paused_and_replaced_writes_nothing_when_it_goes_on(cluster: Scene, pair: Pair) -> None:
    cluster.kube.kubectl.apply([pod("old"), pod("kept")])
    first = pair.start()
    await cluster.complete("old", "kept")
    pair.start()
    await cluster.kube.eventually(lambda: cluster.kube.open_watches.count("pods") == 2, 60)

    first.send_signal(signal.SIGSTOP)
    await pair.led(1)
    pair.taps[0].clear()
    cluster.kube.kubectl.apply(pod("new"))
    cluster.kube.kubectl.delete("pods", "old", grace=0)
    first.send_signal(signal.SIGCONT)
    await cluster.complete("new")
    await cluster.gone("old")

    assert await asyncio.to_thread(first.wait, 60) == 1
    assert first.stderr is not None
    assert "kube-sync: the lease netweave-system/netweave-kube-sync" in first.stderr.read()
    assert pair.taps[0].writes == []
    assert len(await cluster.interfaces("kept")) == 1
