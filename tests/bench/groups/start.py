"""A server that starts on a database that exists: how long it takes, what memory it has, how fast its document is."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median
from time import perf_counter

import psutil

from tests.bench.bench import Bench
from tests.bench.connection import Connection
from tests.bench.figures import Below, Figure, Measure, Section, Side
from tests.bench.shares import family
from tests.served import served

START_AIM, DOCUMENT_AIM = Below(2), Below(20)
ASKED = 20


class Starts:
    """Starts a server in this environment, and keeps what else the last start showed."""

    def __init__(self, **environment: str) -> None:
        self._environment = environment
        self._last: dict[str, float] = {}

    async def take(self, _: float) -> Figure:
        """Seconds from the command to the line that says where it serves."""
        start = perf_counter()
        with served(**self._environment) as server:
            spent = perf_counter() - start
            ready = _memory(server.process.pid)
            connection = await Connection.open(server.url)
            first, *again = [await _document(connection) for _ in range(1 + ASKED)]
            await connection.close()
            self._last = {"ready": ready, "asked": _memory(server.process.pid), "first": first, "again": median(again)}
        return Figure(spent, more=self._last)

    def shown(self, name: str, what: str, unit: str) -> Side:
        """A side whose value the last start has shown."""

        async def take(_: float) -> Figure:
            return Figure(self._last[what])

        return Side(name, take, unit)


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with bench.database() as database:
        embedded, outside = Starts(NETWEAVE_DATA_DIR=str(bench.stage.directory / "started")), Starts(DATABASE_URL=database)
        # The warm-up makes the embedded database.
        found = [
            Measure(Side("start on the embedded PostgreSQL", embedded.take, " s"), None, START_AIM),
            Measure(Side("start on another PostgreSQL", outside.take, " s"), None, START_AIM),
            Measure(outside.shown("memory of its processes, ready", "ready", " MiB")),
            Measure(outside.shown("memory with the document made", "asked", " MiB")),
            Measure(outside.shown("/openapi.json for the first time", "first", " ms")),
            Measure(outside.shown("/openapi.json again", "again", " ms"), None, DOCUMENT_AIM),
        ]
        yield [Section("a server that starts on a database that exists, 1 worker", found)]


async def _document(connection: Connection) -> float:
    """Milliseconds."""
    start = perf_counter()
    await connection.ask("GET", "/openapi.json")
    return (perf_counter() - start) * 1000


def _memory(pid: int) -> float:
    """MiB of the server's processes, what they share counted once; PostgreSQL's are not the server's."""
    processes = [process for process in map(psutil.Process, family(pid)) if "python" in process.name()]
    return sum(process.memory_full_info().pss for process in processes) / 2**20
