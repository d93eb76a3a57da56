"""What each group of measures is made with: servers on databases of their own, yardsticks beside them, and the loads on both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count

from tests.bench import bare, generator
from tests.bench.figures import LOAD, POSTGRES, SERVER, Figure, Side
from tests.bench.generator import Generate
from tests.bench.orders import Order, Step, TooShort
from tests.bench.shares import Meter, Share
from tests.bench.stage import Stage, Target, api

READERS = CREATORS = 16


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
    # Runs are told apart by number: what one creates, no other does.
    runs: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def database(self) -> Iterator[str]:
        """One like the template."""
        database = self.stage.clone(self.template)
        yield database
        self.stage.postgres.drop(database)

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
        before: Callable[[int, float], Awaitable[None]] | None = None,
        patient: bool = False,
    ) -> Side:
        """
        So many clients that do the steps in turn. Its value is turns a second, or `times` as many requests; with `patient` the last
        answers are waited for, as long ones must be. `before` makes what the run of this number, which takes so long, will need.
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
            return Figure(load.rate * (times or 1 / len(steps)), cpu, {"size": load.size, "p50 ms": load.p50, "p99 ms": load.p99})

        return Side(name, take, unit, clients, target.pids)

    def pgbench(self, name: str, script: str, clients: int, given: Mapping[str, str]) -> Side:
        """Transactions of pgbench; every round on a fresh database, so that all write into tables of one size."""

        async def take(seconds: float) -> Figure:
            with self.database() as database:
                return Figure(await self.stage.pgbench.rate(database, script, clients, seconds, given))

        return Side(name, take, clients=clients)

    @contextmanager
    def meter(self, target: Target) -> Iterator[dict[str, Share]]:
        """Who had how much of a core while the block ran; known when it ends."""
        cpu: dict[str, Share] = {}
        server, postgres = Meter(target.pids), Meter(self.stage.processes())
        yield cpu
        cpu[SERVER] = server.stop(target.pids)
        cpu[POSTGRES] = postgres.stop(self.stage.processes())
