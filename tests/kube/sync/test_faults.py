"""What a killed worker leaves, and what ends one (B36)."""

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
