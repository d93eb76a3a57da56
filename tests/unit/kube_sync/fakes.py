"""What the worker's unit tests stand on: a clock that a test moves, and objects of the cluster in one line."""

import asyncio
import heapq
from datetime import UTC, datetime
from typing import Any

from kube_sync.model.objects import DEFINITION, POD, Definition, Key, Pod
from kube_sync.settings import Settings

RANGES = Settings().pod_subnets
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

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everybody who is due do what they do."""
        await settle()
        end = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, until = heapq.heappop(self._sleepers)
            if not until.done():
                until.set_result(None)
            await settle()
        self._now = end


class ImpatientClock(FakeClock):
    """Every sleep is over at once, and counted."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds
        await asyncio.sleep(0)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


def pod(name: str = "web-0", **fields: Any) -> Pod:
    return Pod(Key(POD, "default", name), **{"uid": f"uid-of-{name}", "version": "1", "node": "node-1"} | fields)


def definition(name: str = "blue", namespace: str = "default", **fields: Any) -> Definition:
    key = Key(DEFINITION, namespace, name)
    return Definition(key, **{"uid": f"uid-of-{name}", "version": "1", "config": PLUGIN} | fields)
