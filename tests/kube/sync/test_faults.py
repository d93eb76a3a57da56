"""Behaviours under faults (B29 to B32, B34 to B36): what an API server, a wire or a killed worker may do."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import netweave
from kube_sync.clock import SystemClock
from kube_sync.cluster.cache import Caches
from kube_sync.cluster.http import HttpKubeApi, configuration
from kube_sync.cluster.live import LiveCluster
from kube_sync.reconcile.worker import Worker
from tests.kube.double import nad, pod
from tests.kube.sync.scene import Scene

ROOT = Path(__file__).parents[3]
COMMAND = "from netweave.cli import main; main()"


@contextmanager
def process(cluster: Scene) -> Iterator[subprocess.Popen[bytes]]:
    """`netweave kube-sync` as a process of its own."""
    arguments = [
        "kube-sync",
        "--api-url",
        cluster.api_url,
        "--kubeconfig",
        str(cluster.kubeconfig),
        "--cluster-name",
        cluster.names.cluster,
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients")])}
    with subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], env=environment) as worker:
        try:
            yield worker
        finally:
            worker.kill()


async def test_b29_an_outage_costs_few_tries_no_write_and_no_new_list(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(pod("web-0"))

    async with cluster.worker():
        await cluster.complete("web-0")
        await cluster.settled()
        cluster.tap.clear()
        cluster.kube.recorder.clear()
        with cluster.kube.outage("reset"):
            await asyncio.sleep(20)
            tries = cluster.kube.recorder.connections
        cluster.kube.kubectl.apply(pod("web-1"))
        await cluster.complete("web-1")

    assert tries <= 12
    assert [each for each in cluster.kube.recorder.matching(verb="list") if "resourceVersion" not in each.query] == []
    assert len(cluster.kube.recorder.matching(verb="watch", resource="pods")) >= 1


async def test_b30_a_watch_that_keeps_dropping_loses_nothing(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.0.0/16"))
    cluster.kube.faults.close_after(3)
    names = [f"web-{at}" for at in range(40)]

    async with cluster.worker():
        for name in names:
            cluster.kube.kubectl.apply(pod(name, networks="a"))
        for name in names[::2]:
            cluster.kube.kubectl.delete("pods", name, grace=0)
        await cluster.complete(*names[1::2])
        for name in names[::2]:
            await cluster.gone(name)

    assert len(await cluster.addresses_in(cluster.names.network("default", "a"))) == len(names[1::2])


@pytest.mark.parametrize("gone_by", ["status", "event"])
async def test_b31_a_version_that_is_gone_costs_one_list_and_touches_only_what_changed(cluster: Scene, gone_by: str) -> None:
    cluster.kube.kubectl.apply([pod(f"old-{at}") for at in range(5)])

    async with cluster.worker():
        await cluster.complete(*(f"old-{at}" for at in range(5)))
        await cluster.settled()
        kept = await cluster.interfaces("old-4")
        cluster.tap.clear()
        cluster.kube.recorder.clear()
        with cluster.kube.outage():
            cluster.kube.drop_watches()
            for at in range(3):
                cluster.kube.kubectl.delete("pods", f"old-{at}", grace=0)
            cluster.kube.kubectl.apply([pod("new-0"), pod("new-1")])
            cluster.kube.compact(gone_by="status" if gone_by == "status" else "event")
        await cluster.complete("new-0", "new-1")
        for at in range(3):
            await cluster.gone(f"old-{at}")
        await cluster.settled()

    deleted = [path for method, path in cluster.tap.writes if method == "DELETE"]
    created = [path for method, path in cluster.tap.writes if method == "POST"]
    assert len([each for each in cluster.kube.recorder.matching(verb="list", resource="pods") if "resourceVersion" not in each.query]) == 1
    assert len(deleted) == 3 * 3
    assert sorted(created) == sorted(["/virtual-machines", "/virtual-machine-interfaces", "/instance-ips"] * 2)
    assert await cluster.interfaces("old-4") == kept


async def test_b32_events_told_twice_cost_no_write(cluster: Scene) -> None:
    duplicates = cluster.kube.faults.duplicate()
    cluster.kube.kubectl.apply(nad("a", cidr="10.1.1.0/24"))

    async with cluster.worker():
        await cluster.settled()
        cluster.kube.kubectl.apply(pod("web-0", networks="a"))
        await cluster.complete("web-0")
        await cluster.settled()

    assert duplicates.hits > 0
    assert len([path for method, path in cluster.tap.writes if path == "/virtual-machines"]) == 1
    assert len([path for method, path in cluster.tap.writes if path == "/instance-ips"]) == 2
    assert len(cluster.kube.recorder.matching(verb="patch", resource="pods")) == 1


async def test_b33_a_watch_that_falls_silent_is_opened_again(cluster: Scene) -> None:
    stalled = cluster.kube.faults.stall(resource="pods")

    async with cluster.worker(silence=2):
        await cluster.settled()
        cluster.kube.kubectl.apply(pod("web-0"))
        await cluster.kube.eventually(lambda: stalled.hits > 0, 60)
        stalled.cancel()
        await cluster.complete("web-0")

    assert len(await cluster.interfaces("web-0")) == 1


async def test_b34_a_restored_cluster_is_listed_again(cluster: Scene) -> None:
    cluster.kube.kubectl.apply(pod("before"))
    backup = cluster.kube.snapshot()

    async with cluster.worker():
        await cluster.complete("before")
        cluster.kube.kubectl.apply(pod("lost"))
        await cluster.complete("lost")
        cluster.kube.restore(backup)
        await cluster.gone("lost")
        await cluster.complete("before")

    assert len(await cluster.interfaces("before")) == 1


async def test_b35_a_broken_line_ends_the_watch_and_nothing_else(cluster: Scene) -> None:
    broken = cluster.kube.faults.truncate_line(times=1)

    async with cluster.worker():
        await cluster.settled()
        cluster.kube.kubectl.apply([pod("web-0"), pod("web-1")])
        await cluster.complete("web-0", "web-1")

    assert broken.hits == 1


@pytest.mark.parametrize(
    ("path", "skip"),
    [
        ("/virtual-machine-interfaces", 0),
        ("/virtual-machine-interfaces", 1),
        ("/instance-ips", 0),
        ("/instance-ips", 2),
    ],
    ids=["after the machine", "between interfaces", "before addresses", "between addresses"],
)
async def test_b36_a_worker_killed_between_two_writes_leaves_nothing_half_done(cluster: Scene, path: str, skip: int) -> None:
    cluster.kube.kubectl.apply([nad("a", cidr="10.1.1.0/24"), nad("b", cidr="10.1.2.0/24")])
    cluster.kube.kubectl.apply(pod("web-0", networks="a,b"))
    held = cluster.tap.hold("POST", path, skip=skip)

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
