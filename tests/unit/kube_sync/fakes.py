"""What the worker's unit tests stand on: a clock that a test moves, and objects of the cluster in one line."""

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from kube_sync.model.objects import DEFINITION, POD, Definition, Key, Pod
from kube_sync.model.rules import Rules

RULES = Rules()
PLUGIN = '{"cniVersion": "0.3.0", "type": "contrail-k8s-cni"}'


class FakeClock:
    """Sleepers wake when the test says that time has passed."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def date(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, len(self.slept), until))
        await until

    async def pass_next(self) -> None:
        """Let time pass until somebody wakes, if anybody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if self._sleepers:
            await self.advance(max(0.0, self._sleepers[0][0] - self._now))

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everybody who is due do what they do."""
        await settle()
        end = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, until = heapq.heappop(self._sleepers)
            self._now = max(self._now, at)
            if not until.done():
                until.set_result(None)
            await settle()
        self._now = end

    def pause(self, seconds: float) -> None:
        """Let time pass while nobody runs, as under SIGSTOP."""
        self._now += seconds


class MovedClock:
    """Real time, and what a test adds to it: for waits beside real connections, which a test may cut short."""

    def __init__(self) -> None:
        self._added = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        return time.monotonic() + self._added

    def date(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._added)

    async def sleep(self, seconds: float) -> None:
        end = self.now() + seconds
        while (left := end - self.now()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._moved.wait()
            except TimeoutError:
                return

    async def move(self, seconds: float, *, step: float = 1.0) -> None:
        """Add time, a step after another, with room between them for what the woken do over their connections."""
        while seconds > 0:
            self._added += min(step, seconds)
            seconds -= step
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()
            await asyncio.sleep(0.01)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


def pod(name: str = "web-0", **fields: Any) -> Pod:
    return Pod(Key(POD, "default", name), **{"uid": f"uid-of-{name}", "version": "1", "node": "node-1"} | fields)


def definition(name: str = "blue", namespace: str = "default", **fields: Any) -> Definition:
    key = Key(DEFINITION, namespace, name)
    return Definition(key, **{"uid": f"uid-of-{name}", "version": "1", "config": PLUGIN} | fields)
