"""From a commit to a watcher: milliseconds, at rest and beside writers, of the watcher's own server and of another."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median, quantiles
from time import perf_counter
from uuid import uuid4

import httpx
import orjson

from tests.bench.bench import CREATORS, Bench
from tests.bench.connection import Connection
from tests.bench.figures import Below, Figure, Measure, Section, Side
from tests.bench.orders import NAME, LoadFailed, Order, Step, post
from tests.bench.stage import Target, api
from tests.bench.world import machine

WATCH_AIM = Below(10)
KIND = "virtual-machine"
# Between the objects whose way to the watcher is timed.
PAUSE = 0.02


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with bench.database() as database, api(database) as own, api(database) as other:
        create = post(f"/{KIND}s", machine(NAME))
        found = [
            Measure(_latency(bench, f"written by {whose}, {when}", own, server, create, writers), None, WATCH_AIM)
            for when, writers in (("at rest", 0), (f"beside {CREATORS} writers", CREATORS))
            for whose, server in (("its own server", own), ("another server", other))
        ]
        yield [Section("from a commit to a watcher, median", found)]


def _latency(bench: Bench, name: str, watched: Target, written: Target, create: Step, writers: int) -> Side:
    async def take(seconds: float) -> Figure:
        order = Order(written.url, writers, seconds + 1, (create,), next(bench.runs))
        async with _watching(watched) as seen:
            load = asyncio.ensure_future(bench.generate(order)) if writers else None
            answered = await _probe(written, seconds)
            rate = (await load).rate if load else 0.0
            for uuid in answered:
                await seen.wait_for(uuid)
        times = [max((seen.at[uuid] - at) * 1000, 0.0) for uuid, at in answered.items()]
        return Figure(median(times), more={"p99 ms": quantiles(times, n=100)[98], "events": len(seen.at), "writes/s": rate})

    return Side(name, take, " ms", writers or 1, watched.pids)


async def _probe(server: Target, seconds: float) -> dict[str, float]:
    """Make objects now and then; when each was answered, which is just after its commit."""
    connection = await Connection.open(server.url)
    answered: dict[str, float] = {}
    end = perf_counter() + seconds
    while perf_counter() < end or len(answered) < 2:
        uuid = str(uuid4())
        await connection.ask("POST", f"/{KIND}s", orjson.dumps(machine(f"probe-{uuid}", uuid=uuid)))
        answered[uuid] = perf_counter()
        await asyncio.sleep(PAUSE)
    await connection.close()
    return answered


class Seen:
    """When the event of each object came."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self._more = asyncio.Event()

    def came(self, uuid: str) -> None:
        self.at[uuid] = perf_counter()
        self._more.set()

    async def wait_for(self, uuid: str) -> None:
        """LoadFailed when it does not come: an event that is lost has no latency."""
        try:
            async with asyncio.timeout(30):
                while uuid not in self.at:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise LoadFailed(f"the event of {uuid} did not come, so there is no figure") from None


@asynccontextmanager
async def _watching(server: Target) -> AsyncIterator[Seen]:
    seen, listening = Seen(), asyncio.Event()

    async def listen() -> None:
        async with (
            httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as client,
            client.stream("GET", "/watch", params={"resource_type": KIND}) as response,
        ):
            name = ""
            async for line in response.aiter_lines():
                if line.startswith("event:"):
                    name = line[6:].strip()
                    listening.set()
                elif line.startswith("data:") and name == "create":
                    seen.came(orjson.loads(line[5:])[KIND]["uuid"])

    task = asyncio.ensure_future(listen())
    await listening.wait()
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
