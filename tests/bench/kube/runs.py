"""The two things that are measured: pods that come and need everything, and pods that have everything when the worker starts."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.kube.processes import Cluster, Worker, answer, cluster, watcher, worker
from tests.bench.kube.tap import Tap
from tests.bench.shares import Meter

TICK = 1.0  # to be asked costs the worker time too
QUIET = 3.0
PATIENCE = 60.0

Say = Callable[[str], None]


@dataclass
class Figures:
    """What one run took; `processes` are CPU seconds, and in brackets in the table those that were wanted."""

    pods: int
    seconds: float
    peak: int
    bare_seconds: float
    bare_peak: int
    config: Counter[str] = field(default_factory=Counter)
    config_writes: int = 0
    kube: Counter[str] = field(default_factory=Counter)
    kube_writes: int = 0
    latency: dict[str, float] = field(default_factory=dict)
    depths: list[float] = field(default_factory=list)
    processes: dict[str, tuple[float, float]] = field(default_factory=dict)


class StandstillError(Exception):
    """The worker went on no more; says what it said last."""

    def __init__(self, told: int, pods: int, said: str) -> None:
        super().__init__(f"{told} of {pods} pods have their status, and no more got one in {PATIENCE:.0f} s; the worker said last:\n{said}")


class Bill:
    """CPU seconds of the processes that share a run."""

    def __init__(self, pids: Mapping[str, Iterable[int]]) -> None:
        self._pids = {name: list(each) for name, each in pids.items()}
        self._start = time.perf_counter()
        self._meters = {name: Meter(each) for name, each in self._pids.items()}

    def stop(self) -> dict[str, tuple[float, float]]:
        spent = time.perf_counter() - self._start
        shares = {name: meter.stop(self._pids[name]) for name, meter in self._meters.items()}
        return {name: (share.used * spent, share.wanted * spent) for name, share in shares.items()}


class Runs:
    """One configuration API and one cluster, on which the runs follow one another."""

    def __init__(self, directory: Path, tap: Tap, api_pids: Callable[[], Mapping[str, list[int]]], say: Say) -> None:
        self._directory = directory
        self._tap = tap
        self._api_pids = api_pids
        self._say = say

    async def new(self, kube: Cluster, pods: int, seconds: float) -> Figures:
        """Pods that come over some seconds, until the last has its status."""
        bare_seconds, bare_peak = await self._bare_stream(pods)
        self._say("worker: the networks")
        async with worker(self._tap.url, kube.kubeconfig) as running:
            await self._until_quiet(kube, running, [])
            await self._clear(kube)
            bill, depths = self._bill(kube, running), list[float]()
            await kube.ask("make", first=0, count=pods, seconds=seconds)
            told = await self._until_told(kube, running, pods, depths)
            await self._until_quiet(kube, running, depths)
            figures = Figures(pods, told["total"], running.peak(), bare_seconds, bare_peak, latency=told, depths=depths)
            return await self._finish(figures, kube, bill)

    async def fill(self, kube: Cluster, there: int, pods: int) -> None:
        """Let a worker bring more pods in step, unmeasured."""
        async with worker(self._tap.url, kube.kubeconfig) as running:
            await self._until_quiet(kube, running, [])
            await self._clear(kube)
            await kube.ask("make", first=there, count=pods - there, seconds=0)
            await self._until_told(kube, running, pods - there, [])
            await self._until_quiet(kube, running, [])

    async def synced(self, kube: Cluster, pods: int) -> Figures:
        """A worker that starts beside pods that are in step already, until it asks nothing more."""
        self._say("bare watcher: pods that are there")
        async with watcher(kube.kubeconfig, pods) as process:
            bare = await answer(process)
        self._say("worker: pods that are in step")
        await self._clear(kube)
        start = time.perf_counter()
        async with worker(self._tap.url, kube.kubeconfig) as running:
            bill, depths = self._bill(kube, running), list[float]()
            end = await self._until_quiet(kube, running, depths)
            figures = Figures(pods, end - start, running.peak(), bare["seconds"], bare["peak"], depths=depths)
            return await self._finish(figures, kube, bill)

    async def _bare_stream(self, pods: int) -> tuple[float, int]:
        """How long a bare watcher needs for pods that come while it watches, as fast as the double makes them; and its memory."""
        self._say("bare watcher: pods that come")
        async with cluster(self._directory) as kube, watcher(kube.kubeconfig, pods) as process:
            start = time.perf_counter()
            await kube.ask("make", first=0, count=pods, seconds=0)
            told = await answer(process)
            return time.perf_counter() - start, int(told["peak"])

    async def _finish(self, figures: Figures, kube: Cluster, bill: Bill) -> Figures:
        figures.processes = bill.stop()
        told = await kube.ask("tell")
        figures.kube, figures.kube_writes = Counter(told["requests"]), told["writes"]
        figures.config, figures.config_writes = Counter(self._tap.requests), self._tap.writes
        return figures

    def _bill(self, kube: Cluster, running: Worker) -> Bill:
        return Bill({"worker": [running.pid], "cluster": [kube.pid], **self._api_pids()})

    async def _clear(self, kube: Cluster) -> None:
        self._tap.clear()
        await kube.ask("forget")

    async def _until_told(self, kube: Cluster, running: Worker, pods: int, depths: list[float]) -> dict[str, Any]:
        """Wait until so many pods got their status; the worker must go on."""
        told, since = 0, time.monotonic()
        while time.monotonic() - since < PATIENCE:
            await asyncio.sleep(TICK)
            depths.extend([depth] if (depth := await running.depth()) is not None else [])
            before, told = told, (await kube.ask("count"))["statuses"]
            if told >= pods:
                return await kube.ask("tell")
            since = time.monotonic() if told > before else since
            self._say(f"worker: {told:,} of {pods:,} pods have their status, {depths[-1] if depths else 0:,.0f} queued")
        raise StandstillError(told, pods, running.said())

    async def _until_quiet(self, kube: Cluster, running: Worker, depths: list[float]) -> float:
        """Wait until pods are watched, none is queued and nothing was asked for a while; the moment at which that began."""
        last = time.perf_counter()
        while time.perf_counter() - last < QUIET:
            await asyncio.sleep(TICK)
            depth = await running.depth()
            depths.extend([depth] if depth is not None else [])
            if depth != 0 or "pods" not in (await kube.ask("count"))["watched"]:
                last = time.perf_counter()
            last = max(last, self._tap.last)
        return last
