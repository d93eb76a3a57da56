"""What each group of measures is made with: servers on databases of their own, yardsticks beside them, and the loads on both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg

from tests.bench import bare, generator
from tests.bench.figures import LOAD, POSTGRES, SERVER, Figure, Side
from tests.bench.generator import Generate
from tests.bench.orders import LoadFailed, Order, Step, TooShort
from tests.bench.shares import Meter, Share
from tests.bench.stage import Stage, Target, api

_RESOURCES = "SELECT count(*) FROM resource"
READERS = CREATORS = 16
Run = Callable[[int, float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Bare:
    """The bare routes; `uuid` is of the row that one of them answers."""

    target: Target
    uuid: str


@dataclass(frozen=True, slots=True)
class Bench:
    """`template` is a database with the crowded network in it, which nobody uses."""

    stage: Stage
    template: str
    generate: Generate
    # Whether to take the time for the largest sizes.
    large: bool = False
    # Runs are told apart by number: what one creates, no other does.
    runs: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def database(self, template: str = "") -> Iterator[str]:
        """One like the template, or like that one, which nobody may be using."""
        database = self.stage.clone(template or self.template)
        yield database
        self.stage.postgres.drop(database)

    @asynccontextmanager
    async def session(self, database: str) -> AsyncIterator[Any]:
        """A connection to it."""
        session = await asyncpg.connect(database)
        try:
            yield session
        finally:
            await session.close()

    @contextmanager
    def server(self, workers: int = 1) -> Iterator[Target]:
        """The server, on a database of its own."""
        with self.database() as database, api(database, workers) as target:
            yield target

    @asynccontextmanager
    async def bare(self, size: int = 1_000) -> AsyncIterator[Bare]:
        """The bare routes, on a database of their own, with a row of that many bytes in it."""
        database = self.stage.postgres.make()
        uuid = await bare.row(database, size)
        async with bare.served(database) as (url, pid):
            yield Bare(Target(url, (pid,)), uuid)
        self.stage.postgres.drop(database)

    def load(
        self,
        name: str,
        target: Target,
        *steps: Step,
        clients: int = CREATORS,
        span: int = 0,
        times: float = 0,
        unit: str = "/s",
        before: Run | None = None,
        after: Run | None = None,
        patient: bool = False,
    ) -> Side:
        """
        So many clients that do the steps in turn. Its value is turns a second, or `times` as many requests; with `patient` the last
        answers are waited for, as long ones must be. `before` makes what the run of this number, which takes so long, will need, and
        `after` removes what it made.
        """
        generate = generator.ordered if patient else self.generate

        async def take(seconds: float) -> Figure:
            run = next(self.runs)
            if before:
                await before(run, seconds)
            try:
                with self.meter(target) as cpu:
                    load = await generate(Order(target.url, clients, seconds, steps, run, span))
            except TooShort:
                return await take(2 * seconds)
            cpu[LOAD] = Share(load.cpu, load.cpu)
            if after:
                await after(run, seconds)
            return Figure(load.rate * (times or 1 / len(steps)), cpu, {"size": load.size, "p50 ms": load.p50, "p99 ms": load.p99})

        return Side(name, take, unit, clients, target.pids)

    def pgbench(self, name: str, script: str, clients: int, given: Mapping[str, str], template: str = "") -> Side:
        """Transactions of pgbench; every round on a fresh database, so that all write into tables of one size."""

        async def take(seconds: float) -> Figure:
            with self.database(template) as database:
                async with self.session(database) as session:
                    before = await session.fetchval(_RESOURCES)
                    rate, transactions = await self.stage.pgbench.rate(database, script, clients, seconds, given)
                    if await session.fetchval(_RESOURCES) - before < transactions:
                        raise LoadFailed(f"{name}: not every transaction stored an object, so there is no figure")
                return Figure(rate)

        return Side(name, take, clients=clients)

    @contextmanager
    def meter(self, target: Target) -> Iterator[dict[str, Share]]:
        """Who had how much of a core while the block ran; known when it ends."""
        cpu: dict[str, Share] = {}
        server, postgres = Meter(target.pids), Meter(self.stage.processes())
        yield cpu
        cpu[SERVER] = server.stop(target.pids)
        cpu[POSTGRES] = postgres.stop(self.stage.processes())
