"""
Instance-ips made in this process, without HTTP: `python -m tests.bench.allocating` reads an order as JSON and answers how many a second.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import uvloop

from api_server.bootstrap import world_of
from api_server.http.documents import parse_create
from api_server.model.caller import SYSTEM
from api_server.model.catalog import load
from api_server.model.resource import new_uuid
from api_server.settings import Settings
from api_server.store.database import Database
from api_server.store.journal import Journal
from api_server.transaction import Transaction, World, write
from tests.bench.shares import Meter, family
from tests.bench.world import address

IP = "instance-ip"


@dataclass(frozen=True, slots=True)
class Allocating:
    """So many clients that take turns at these networks of the project; with `gives_back` each deletes what it has made."""

    database: str
    clients: int
    seconds: float
    networks: tuple[str, ...]
    postmaster: int
    gives_back: bool = False


@dataclass(frozen=True, slots=True)
class Allocated:
    """Creates a second, and the parts of a core that this process and PostgreSQL had and wanted."""

    rate: float
    process: tuple[float, float]
    postgres: tuple[float, float]


async def run(order: Allocating) -> Allocated:
    """Do it here."""
    async with _opened(order) as (world, database):
        process, postgres, start = Meter([os.getpid()]), Meter(family(order.postmaster)), time.perf_counter()
        end = start + order.seconds
        done = await asyncio.gather(*(_client(order, world, database, client, end) for client in range(order.clients)))
        spent = time.perf_counter() - start
        shares = process.stop([os.getpid()]), postgres.stop(family(order.postmaster))
        return Allocated(sum(done) / spent, *((share.used, share.wanted) for share in shares))


@asynccontextmanager
async def _opened(order: Allocating) -> AsyncIterator[tuple[World, Database]]:
    # More connections than a worker has by default would only wait for one another.
    database = await Database.open(order.database, min(order.clients, 16))
    try:
        yield world_of(load(), Settings()), database
    finally:
        await database.close()


async def _client(order: Allocating, world: World, database: Database, client: int, end: float) -> int:
    done = 0
    while time.perf_counter() < end:
        document = address(new_uuid(), order.networks[(client + done) % len(order.networks)])
        uuid = new_uuid()

        async def make(tx: Transaction, document: dict[str, Any] = document, uuid: str = uuid) -> None:
            new, placement = parse_create(world.catalog, world.catalog[IP], document, tx.caller)
            new.uuid = uuid
            await tx.create(new, placement)

        async def give_back(tx: Transaction, uuid: str = uuid) -> None:
            await tx.delete(await tx.hold(IP, uuid))

        for work in (make, give_back) if order.gives_back else (make,):
            await write(world, database, Journal(SYSTEM, "bench"), work)
        done += 1
    return done


async def ordered(order: Allocating) -> Allocated:
    """Let a process of its own do it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.allocating", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate(orjson.dumps(asdict(order)))
    if process.returncode:
        raise SystemExit("addresses could not be had, so there is no figure")
    return Allocated(**orjson.loads(answer))


if __name__ == "__main__":
    given = orjson.loads(sys.stdin.buffer.read())
    did = uvloop.run(run(Allocating(**given | {"networks": tuple(given["networks"])})))
    sys.stdout.buffer.write(orjson.dumps(asdict(did)))
