"""Measure ways to give addresses of one hot subnet: `python -m tests.bench.allocator [seconds a round]` (docs/decisions/0002).

Each transaction takes an address, stores an object beside it and commits. All designs run in turn in each round, on tables of the same
keys; what is printed is the median over the rounds, in transactions a second and as a ratio to the ceiling, which writes the same rows
without looking for an address. It runs on DATABASE_URL (in a database of its own) or on an embedded server.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, ip_network
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
from sqlalchemy.schema import CreateIndex, CreateTable

from api_server.embedded import EmbeddedServer
from api_server.ipam.addresses import allocate
from api_server.ipam.subnet import Subnet
from api_server.ipam.subnets import insert_subnets
from api_server.store.database import Database
from api_server.store.statements import DIALECT
from api_server.store.tables import metadata
from tests.api.lists import OWNER, Session

CLIENTS = (1, 16, 64)
ROUNDS = 3
LANE = 64

HOLD = "INSERT INTO address (space, ip, subnet, owner, purpose) VALUES ($1, $2, $3, $4, 'object')"

LOCK_NEXT = "UPDATE counter SET next = next - 1 WHERE subnet = $1 RETURNING next"

TABLES = """
CREATE TABLE counter (subnet uuid PRIMARY KEY, next bigint NOT NULL);
CREATE TABLE lane (subnet uuid, lane bigint, next bigint NOT NULL, stop bigint NOT NULL, PRIMARY KEY (subnet, lane));
"""
LANE_NEXT = """
WITH open AS (SELECT lane FROM lane WHERE subnet = $1 AND next > stop ORDER BY lane LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE lane SET next = next - 1 FROM open WHERE subnet = $1 AND lane.lane = open.lane RETURNING next
"""
LANE_OPEN = f"""
WITH moved AS (UPDATE counter SET next = next - {LANE} WHERE subnet = $1 RETURNING next)
INSERT INTO lane SELECT $1, -next, next + {LANE}, next FROM moved
"""


Take = Callable[[Session, Subnet, str], Awaitable[None]]


async def hold(session: Session, one: Subnet, owner: str, number: int) -> None:
    await session.connection.raw.execute(HOLD, one.space, IPv4Address(number), one.uuid, owner)


_numbers = count(int(IPv4Address("10.0.0.1")))


async def ceiling(session: Session, one: Subnet, owner: str) -> None:
    """An address from a counter in this process: no search at all."""
    await hold(session, one, owner, next(_numbers))


async def row_lock(session: Session, one: Subnet, owner: str) -> None:
    """The next address from the subnet's row, locked until commit."""
    await hold(session, one, owner, await session.connection.raw.fetchval(LOCK_NEXT, one.uuid))


async def lanes(session: Session, one: Subnet, owner: str) -> None:
    """The next address of the first lane that nobody holds; a new lane in a short transaction."""
    while (number := await session.connection.raw.fetchval(LANE_NEXT, one.uuid)) is None:
        async with session.database.short() as beside:
            await beside.raw.execute(LANE_OPEN, one.uuid)
    await hold(session, one, owner, number)


async def free_rows(session: Session, one: Subnet, owner: str) -> None:
    """What the server does."""
    await allocate(session, [one], owner)


DESIGNS: dict[str, Take] = {"ceiling": ceiling, "row lock": row_lock, "lanes": lanes, "free rows": free_rows}


async def new_subnet(database: Database) -> Subnet:
    async with database.transaction() as connection:
        space, network = str(uuid4()), ip_network("10.0.0.0/8")
        await connection.raw.execute(OWNER, space)
        one = Subnet(str(uuid4()), space, network, network[-2], network[-3])
        await insert_subnets(Session(database, connection), [one])
        await connection.raw.execute("INSERT INTO counter VALUES ($1, $2)", one.uuid, int(network[-3]))
    return one


async def rate(database: Database, take: Take, clients: int, seconds: float) -> float:
    """Transactions a second of so many clients on one new subnet."""
    one, done, end = await new_subnet(database), 0, time.monotonic() + seconds

    async def client() -> None:
        nonlocal done
        while time.monotonic() < end:
            async with database.transaction() as connection:
                owner = str(uuid4())
                await take(Session(database, connection), one, owner)
                await connection.raw.execute(OWNER, owner)
            done += 1

    started = time.monotonic()
    await asyncio.gather(*(client() for _ in range(clients)))
    return done / (time.monotonic() - started)


async def prepare(url: str) -> str:
    """A database of this run's own, with the tables; its URL."""
    name = f"allocator_{uuid4().hex[:8]}"
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    mine = urlsplit(url)._replace(path=f"/{name}").geturl()
    connection = await asyncpg.connect(mine)
    for table in metadata.sorted_tables:
        await connection.execute(str(CreateTable(table).compile(dialect=DIALECT)))
        for index in table.indexes:
            await connection.execute(str(CreateIndex(index).compile(dialect=DIALECT)))
    await connection.execute(TABLES)
    await connection.close()
    return mine


async def measure(url: str, seconds: float) -> None:
    database = await Database.open(await prepare(url), max(CLIENTS))
    for clients in CLIENTS:
        rates: dict[str, list[float]] = {name: [] for name in DESIGNS}
        for _ in range(ROUNDS):
            for name, take in DESIGNS.items():
                rates[name].append(await rate(database, take, clients, seconds))
        for name, found in rates.items():
            middle, top = statistics.median(found), statistics.median(rates["ceiling"])
            print(f"{clients:3} clients  {name:10} {middle:7.0f}/s  {middle / top:5.2f}", flush=True)
    await database.close()


@contextmanager
def server() -> Iterator[str]:
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory() as directory, EmbeddedServer.start(Path(directory) / "data") as embedded:
        yield embedded.dsn


if __name__ == "__main__":
    with server() as found:
        asyncio.run(measure(found, float(sys.argv[1]) if len(sys.argv) > 1 else 3.0))
