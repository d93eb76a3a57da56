"""Addresses without HTTP: instance-ips made in one process, on one subnet and on many, beside pgbench with the very same statements."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import orjson

from tests.bench.allocating import Allocating, ordered
from tests.bench.bench import Bench
from tests.bench.connection import Connection
from tests.bench.figures import POSTGRES, SERVER, AtLeast, Figure, Measure, Section, Side
from tests.bench.logged import Replay, replay
from tests.bench.shares import Share
from tests.bench.stage import api, superuser_of
from tests.bench.world import CROWDED, address, create, make, network

HOT_AIM = AtLeast(0.60)
CLIENTS = (1, 16, 64)
SOME = 16
MANY = tuple(f"net-{number}" for number in range(50))
# Addresses of a /24 that are left, for fewer clients than that, who give theirs back.
LEFT, FEW = 13, 8
HELD = 2_000
# A free list that no run of pgbench comes to the end of: the statement alone does not refill it.
_FREE = """
INSERT INTO free_address SELECT uuid, frontier - n FROM subnet, generate_series(1, 100000) AS n WHERE cidr = '10.0.0.0/8';
UPDATE subnet SET frontier = frontier - 100000 WHERE cidr = '10.0.0.0/8';
"""


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with bench.database() as database, bench.database() as full:
        with api(database) as server:
            await _prepare(server.url)
        same = await _replay(bench, full)
        hot = [
            Measure(
                _side(bench, f"one hot /8, {_clients(clients)}", database, clients, CROWDED),
                bench.pgbench(f"pgbench, the same statements, {_clients(clients)}", same.script, clients, same.given, template=full),
                HOT_AIM if clients > 1 else None,
            )
            for clients in CLIENTS
        ]
        beside = {measure.ours.clients: measure.ours for measure in hot}
        cases = [
            *((f"50 subnets, {_clients(clients)}", clients, MANY) for clients in CLIENTS[1:]),
            (f"one /16, {_clients(SOME)}", SOME, ("sixteen",)),
            (f"one /64 of IPv6, {_clients(SOME)}", SOME, ("six",)),
            (f"{HELD:,} held here and there, {_clients(SOME)}", SOME, ("holes",)),
        ]
        others = [Measure(_side(bench, name, database, clients, *networks), beside[clients]) for name, clients, networks in cases]
        narrow = f"/24 with {LEFT} left, made and deleted, {_clients(FEW)}"
        others.append(Measure(_side(bench, narrow, database, FEW, "narrow", gives_back=True)))
        yield [Section("instance-ips without HTTP, in one process", hot), Section("other subnets, beside the hot one", others)]


def _clients(number: int) -> str:
    return f"{number} client{'s' if number > 1 else ''}"


def _side(bench: Bench, name: str, database: str, clients: int, *networks: str, gives_back: bool = False) -> Side:
    async def take(seconds: float) -> Figure:
        did = await ordered(Allocating(database, clients, seconds, networks, bench.stage.postmaster, gives_back))
        return Figure(did.rate, {SERVER: Share(*did.process), POSTGRES: Share(*did.postgres)})

    return Side(name, take, clients=clients)


async def _prepare(url: str) -> None:
    connection = await Connection.open(url)
    for name, cidr in (("sixteen", "10.2.0.0/16"), ("six", "fd00::/64"), ("holes", "10.3.0.0/16"), ("narrow", "10.4.0.0/24")):
        await create(connection, network(name, cidr))
    await connection.close()
    await make(url, (network(name, f"10.{100 + number}.0.0/16") for number, name in enumerate(MANY)))
    # Downward from the top, every second one: where a draw comes first.
    tops = (256 * 256 - 10 - 2 * number for number in range(HELD))
    await make(url, (address(f"hole-{top}", "holes", instance_ip_address=f"10.3.{top >> 8}.{top & 255}") for top in tops))
    # Network, broadcast, gateway and service address are nobody's.
    await make(url, (address(f"narrow-{number}", "narrow") for number in range(256 - 4 - LEFT)))


async def _replay(bench: Bench, database: str) -> Replay:
    """What the server sends for an instance-ip when it has made some before; afterwards nobody uses the database."""
    await bench.stage.log_statements(database)
    uuid, name = str(uuid4()), f"replayed-{uuid4().hex}"
    with api(database) as server:
        connection = await Connection.open(server.url)
        for number in range(3):
            await create(connection, address(f"before-{number}"))
        start = bench.stage.log.stat().st_size
        await connection.ask("POST", "/instance-ips", orjson.dumps(address(name, uuid=uuid)))
        said = bench.stage.logged(start)
        await connection.close()
    await bench.stage.log_statements(database, "none")
    async with bench.session(superuser_of(database)) as session:
        await session.execute(_FREE)
        await session.execute("VACUUM ANALYZE free_address")
    return replay(said, uuid, name)
