"""What is measured, by name: the server's requests and, beside each, what the machine does without the server."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from time import perf_counter

import asyncpg
import orjson

from tests.bench import generator, raw
from tests.bench.figures import Figure, Measure
from tests.bench.generator import Generate, Order
from tests.bench.rows import Script
from tests.bench.shares import Meter
from tests.bench.stage import Stage, options
from tests.bench.world import SORTS, World

BARE, GET, LIST, ROWS = "bare route", "GET one network", "list in detail", "the same bytes by SQL"
CLIENTS = (1, 8, 32)
READERS = 16
CREATORS = (1, 16)
MANY = 1_000


def creates(sort: str, clients: int = 0) -> str:
    """The name of a measure of creates: one by one by so many clients, or, without a number, many at once."""
    return f"{sort}, {f'{clients} clients' if clients else 'many at once'}"


@dataclass(frozen=True, slots=True)
class Target:
    """Something that serves HTTP in one process."""

    url: str
    pid: int


def pairs(side: str, clients: int) -> str:
    """The name of a measure of pairs: `side` is "server", "raw loop" or "pgbench"."""
    return f"pairs, {side}, {clients}"


@dataclass(frozen=True, slots=True)
class Bench:
    """The parts of a run, from which each measure is made."""

    stage: Stage
    world: World
    bare: Target
    server: Target
    template: str
    script: Script
    read: Generate
    bodies: str

    def measures(self) -> dict[str, Measure]:
        """All of them, in the order of a round: the two sides of a ratio follow each other."""
        runs = count()
        found: dict[str, Measure] = {
            BARE: self._load(self.bare, lambda seconds: Order(self.bare.url, READERS, seconds, self.world.read), self.read),
            GET: self._load(self.server, lambda seconds: Order(self.server.url, READERS, seconds, self.world.read), self.read),
            ROWS: self._rows,
            LIST: self._load(self.server, lambda seconds: Order(self.server.url, 1, seconds, self.world.list), generator.ordered),
        }
        for clients in CLIENTS:
            found[pairs("server", clients)] = self._load(self.server, partial(self._order, runs, clients), generator.ordered)
            found[pairs("raw loop", clients)] = self._loop(clients)
            found[pairs("pgbench", clients)] = self._pgbench(clients)
        for sort, make in SORTS.items():
            objects = len(make(""))
            for clients in (*CREATORS, 0):
                together = 0 if clients else MANY // objects
                load = self._load(self.server, partial(self._create, runs, clients or 1, sort, together), generator.ordered)
                found[creates(sort, clients)] = _times(load, objects * (together or 1))
        return found

    def _create(self, runs: Iterator[int], clients: int, sort: str, together: int, seconds: float) -> Order:
        return Order(self.server.url, clients, seconds, name=f"create-{next(runs)}", sort=sort, together=together)

    def _order(self, runs: Iterator[int], clients: int, seconds: float) -> Order:
        """Pairs whose names are new in every round."""
        return Order(self.server.url, clients, seconds, name=f"pair-{next(runs)}")

    def _load(self, target: Target, order: Callable[[float], Order], generate: Generate) -> Measure:
        """A load over HTTP, and the shares of the three that take part."""

        async def measure(seconds: float) -> Figure:
            server, postgres = Meter([target.pid]), Meter(self.stage.processes())
            load = await generate(order(seconds))
            share, behind = server.stop([target.pid]), postgres.stop(self.stage.processes())
            return Figure(load.rate, load.size, share.used, share.wanted, behind.used, behind.wanted, load.cpu)

        return measure

    async def _rows(self, seconds: float) -> Figure:
        """What the list answers, out of a table that holds its elements as texts."""
        session = await asyncpg.connect(self.bodies)
        statement = await session.prepare("SELECT body FROM listed ORDER BY place")
        size = done = 0
        start = perf_counter()
        while perf_counter() - start < seconds:
            rows = await statement.fetch()
            size = len(b'{"virtual-networks":[%s]}' % ",".join([row["body"] for row in rows]).encode())
            done += 1
        spent = perf_counter() - start
        await session.close()
        return Figure(done / spent, size)

    def _loop(self, clients: int) -> Measure:
        async def measure(seconds: float) -> Figure:
            async with self._fresh() as database:
                return Figure(await raw.loop(database, self.script, clients, seconds))

        return measure

    def _pgbench(self, clients: int) -> Measure:
        async def measure(seconds: float) -> Figure:
            async with self._fresh() as database:
                program, place = self.stage.pgbench, self.stage.directory
                return Figure(await raw.pgbench(program, options(database), self.script, clients, seconds, place))

        return measure

    @asynccontextmanager
    async def _fresh(self) -> AsyncIterator[str]:
        """A database as the server's was before the first pair: every round writes into tables of one size."""
        database = self.stage.clone(self.template)
        yield database
        self.stage.postgres.drop(database)


def _times(measure: Measure, objects: int) -> Measure:
    """The same in objects a second."""

    async def measured(seconds: float) -> Figure:
        figure = await measure(seconds)
        return replace(figure, rate=figure.rate * objects)

    return measured


async def keep_bodies(database: str, answer: bytes) -> None:
    """Put the elements of a list's answer into a table of texts."""
    elements = orjson.loads(answer)["virtual-networks"]
    session = await asyncpg.connect(database)
    await session.execute("CREATE TABLE listed (place integer PRIMARY KEY, body text NOT NULL)")
    await session.executemany(
        "INSERT INTO listed VALUES ($1, $2)", [(place, orjson.dumps(element).decode()) for place, element in enumerate(elements)]
    )
    await session.execute("VACUUM ANALYZE listed")
    await session.close()
