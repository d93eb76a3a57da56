"""From a commit to those who watch, by PostgreSQL's own clock of commits; and how many events a second. None may be lost or told twice."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles

import asyncpg
import orjson

from api_server.watch.pings import LOOK
from tests.bench import generator
from tests.bench.bench import CREATORS, Bench
from tests.bench.connection import Connection
from tests.bench.figures import LOAD, Below, Figure, Measure, Section, Side
from tests.bench.orders import NAME, LoadFailed, Order, post
from tests.bench.reader import Seen, Watch, Watchers
from tests.bench.shares import Share
from tests.bench.stage import Stage, Target, api, embedded
from tests.bench.world import Document, create, furnish, instance_ip, machine, make, many, port
from tests.served import migrate, run

AIM = Below(10)
PAIR, MACHINE = ("virtual-machine-interface", "instance-ip"), ("virtual-machine",)
STEPS = (post("/virtual-machine-interfaces", port(NAME)), post("/instance-ips", instance_ip(NAME)))
# Writes a second that leave a server idle; events that wait for a reader; events of one commit; those who watch them.
QUIET, WAITING, BULK, WATCHERS = 30, 10_000, 1_000, 50
COMMITTED = """
SELECT position, CAST(extract(epoch FROM pg_xact_commit_timestamp(CAST(CAST(xid AS text) AS xid))) * 1000000000 AS bigint)
FROM change_position WHERE position > $1 AND kind = ANY ($2)
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """Two servers on one database: what is written goes to the first."""

    bench: Bench
    database: str
    own: Target
    other: Target

    def latency(self, name: str, reader: Target, clients: int, rate: float) -> Side:
        """Milliseconds from a commit to a watcher of that server, while so many clients make pairs at this rate."""

        async def take(seconds: float) -> Figure:
            number = next(self.bench.runs)
            after, last = await self.position(), f"last-{number}"
            watchers = await Watchers.start(Watch(reader.url, PAIR, after, last))
            with self.bench.meter(self.own) as cpu:
                load = await generator.ordered(Order(self.own.url, clients, seconds, STEPS, number, rate=rate))
            cpu[LOAD] = Share(load.cpu, load.cpu)
            await self.write(port(last))
            (seen,) = await watchers.events()
            commits = await self.commits(after, PAIR)
            _check(seen, commits)
            times = [(moment - commits[position]) / 1e6 for position, moment in seen]
            return Figure(median(times), cpu, {"p99 ms": quantiles(times, n=100)[98], "events": len(times), "writes/s": load.rate})

        return Side(name, take, " ms", clients, self.own.pids)

    def fan_out(self, streams: int) -> Side:
        """Events of one commit, a second, to so many watchers."""

        async def take(_: float) -> Figure:
            number = next(self.bench.runs)
            after, last = await self.position(), f"last-{number}"
            watchers = await Watchers.start(Watch(self.own.url, MACHINE, after, last, streams))
            await self.write(many([*(machine(f"bulk-{number}-{each}") for each in range(BULK - 1)), machine(last)]))
            found = await watchers.events()
            commits = await self.commits(after, MACHINE)
            for seen in found:
                _check(seen, commits)
            spent = max(moment for seen in found for _, moment in seen) - max(commits.values())
            return Figure(streams * BULK / spent * 1e9)

        return Side(f"{BULK:,} in one commit, {streams} watcher{'s' if streams > 1 else ''}", take)

    def catching_up(self, after: int, last: str) -> Side:
        """Events that wait for a reader, a second."""

        async def take(_: float) -> Figure:
            watchers = await Watchers.start(Watch(self.own.url, MACHINE, after, last))
            (seen,) = await watchers.events()
            _check(seen, {position: 0 for position in await self.commits(after, MACHINE) if position <= seen[-1][0]})
            return Figure(len(seen) / (seen[-1][1] - seen[0][1]) * 1e9)

        return Side(f"{WAITING:,} that wait, 1 watcher", take)

    async def write(self, document: Document) -> None:
        connection = await Connection.open(self.own.url)
        if "resources" in document:
            await connection.ask("POST", "/v2/bulk", orjson.dumps(document))
        else:
            await create(connection, document)
        await connection.close()

    async def position(self) -> int:
        """Up to which all is told that has been written."""
        connection = await Connection.open(self.own.url)
        answer = orjson.loads(await connection.ask("GET", "/v2/changes?limit=1"))
        await connection.close()
        position: int = answer["position"]
        return position

    async def commits(self, after: int, kinds: Sequence[str]) -> dict[int, int]:
        """When the changes of these kinds were committed, in nanoseconds."""
        session = await asyncpg.connect(self.database)
        found = dict(await session.fetch(COMMITTED, after, kinds))
        await session.close()
        return found


def _check(seen: Sequence[Seen], commits: dict[int, int]) -> None:
    """A stream that loses something, or tells it twice or in another order, has no figure."""
    if [position for position, _ in seen] != sorted(commits):
        raise LoadFailed(f"{len(commits)} changes were told as {len(seen)} events")


@contextmanager
def _watched(bench: Bench) -> Iterator[Watched]:
    """On a PostgreSQL of its own, which notes when each transaction was committed."""
    with tempfile.TemporaryDirectory(prefix="netweave-bench-") as made:
        directory = Path(made)
        with embedded(directory) as stage:
            run(_note_commits(stage))
        with embedded(directory) as stage:
            database = stage.postgres.make()
            migrate(database)
            with api(database) as own, api(database) as other:
                yield Watched(replace(bench, stage=stage, template=database), database, own, other)


async def _note_commits(stage: Stage) -> None:
    session = await asyncpg.connect(stage.postgres.url.replace("//netweave@", "//postgres@"))
    await session.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    await session.close()


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with _watched(bench) as watched:
        await furnish(watched.own.url)
        start = await watched.position()
        # Somebody watches at both all the time, so that each has learned that the other listens.
        idle = [await Watchers.start(Watch(each.url, ("domain",), start, "never")) for each in (watched.own, watched.other)]
        await asyncio.sleep(2 * LOOK)
        full = await generator.ordered(Order(watched.own.url, CREATORS, 1, STEPS, next(bench.runs)))
        loads = (
            ("quiet", 1, QUIET),
            (f"{CREATORS} writers at half their rate", CREATORS, full.rate / 2),
            (f"{CREATORS} writers at once", CREATORS, 0),
        )
        servers = (("own server", watched.own), ("another", watched.other))
        sides = [watched.latency(f"{beside}, {whose}", server, *load) for beside, *load in loads for whose, server in servers]
        after = await watched.position()
        await make(watched.own.url, (machine(f"waiting-{number}") for number in range(WAITING)))
        rates = [watched.catching_up(after, f"waiting-{WAITING - 1}"), watched.fan_out(1), watched.fan_out(WATCHERS)]
        yield [
            Section("from a commit to a watcher, milliseconds", [Measure(side, None, AIM) for side in sides]),
            Section("events told, a second", [Measure(side) for side in rates]),
        ]
        for each in idle:
            await each.stop()
