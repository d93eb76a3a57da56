"""`python -m tests.bench`, run by `make bench`: one run, one table."""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import uvloop

from tests.bench import bare, generator, wrk
from tests.bench.connection import Connection
from tests.bench.figures import alternate
from tests.bench.measures import Bench, Target, keep_bodies
from tests.bench.report import limits, lines
from tests.bench.rows import Script, read_script
from tests.bench.stage import Stage, api, embedded
from tests.bench.statements import Count, count
from tests.bench.world import World, populate
from tests.served import migrate


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help="alternating rounds, of which the medians are taken  [5]")
    parser.add_argument("--seconds", type=float, help="how long each measure takes in each round  [1]")
    parser.add_argument("--quick", action="store_true", help="3 rounds of half a second: to see that it runs")
    asked = parser.parse_args()
    rounds = asked.rounds or (3 if asked.quick else 5)
    seconds = asked.seconds or (0.5 if asked.quick else 1.0)
    with tempfile.TemporaryDirectory(prefix="netweave-bench-") as directory, embedded(Path(directory)) as stage:
        uvloop.run(run(stage, rounds, seconds))


async def run(stage: Stage, rounds: int, seconds: float) -> None:
    """Prepare, measure in turn, print."""
    start = time.monotonic()
    read = wrk.ordered if wrk.found() else generator.ordered
    _say("making the networks")
    template, world = await _template(stage)
    _say("counting statements")
    counts = await _count(stage, template, world)
    async with _bench(stage, template, world, read) as bench:
        taken = await alternate(bench.measures(), rounds, seconds, _say)
        print(await _conditions(stage, rounds, seconds, "wrk" if read is wrk.ordered else "own generator, wrk is not installed"))
        print("\n".join(lines(taken, counts, bench.script.rows)))
    print("\n".join(["", *limits(taken), f"{time.monotonic() - start:.0f} seconds in all"]))


async def _template(stage: Stage) -> tuple[str, World]:
    """A database with the networks in it, which nobody uses."""
    database = stage.postgres.make()
    migrate(database)
    with api(database) as (server, _):
        world = await populate(server.url)
    session = await asyncpg.connect(database)
    await session.execute("VACUUM ANALYZE")
    await session.close()
    return database, world


async def _count(stage: Stage, template: str, world: World) -> list[Count]:
    database = stage.clone(template)
    await stage.log_statements(database)
    with api(database) as (server, _):
        return await count(server.url, world, stage.log)


@asynccontextmanager
async def _bench(stage: Stage, template: str, world: World, read: generator.Generate) -> AsyncIterator[Bench]:
    """The server and the bare route beside it, ready to be measured."""
    database, bodies = stage.clone(template), stage.postgres.make()
    with ExitStack() as servers:
        server, worker = servers.enter_context(api(database))
        script: Script = await read_script(server.url, database)
        connection = await Connection.open(server.url)
        size = len(await connection.ask("GET", world.read))
        await keep_bodies(bodies, await connection.ask("GET", world.list))
        await connection.close()
        async with bare.served(size) as (url, pid):
            yield Bench(stage, world, Target(url, pid), Target(server.url, worker), template, script, read, bodies)


async def _conditions(stage: Stage, rounds: int, seconds: float, load: str) -> str:
    session = await asyncpg.connect(stage.postgres.url)
    version = await session.fetchval("SHOW server_version")
    await session.close()
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, embedded PostgreSQL {version}, one worker; reads by {load}; "
        f"medians of {rounds} alternating rounds of {seconds:g} s\n"
    )


def _say(what: str) -> None:
    """Where the run is, on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")


if __name__ == "__main__":
    main()
