"""The same request on a small database and on a large one, and whether any large table is read from end to end meanwhile."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.bench.bench import CREATORS, Bench, Run
from tests.bench.connection import Connection
from tests.bench.figures import AtLeast, Below, Figure, Measure, Section, Side
from tests.bench.groups.changes import PORT, SPAN, made, pairs
from tests.bench.growth import grow
from tests.bench.orders import NAME, TURN, TWIN, UUID, Step, delete, get, post, put, uuid_of
from tests.bench.stage import Target, api, superuser_of
from tests.bench.world import DOMAIN, PROJECT, address, body, create, instance_ip, port, remove

IP = "instance-ip"
SIZE_AIM = AtLeast(0.85)
SMALL, LARGE, LARGEST = 1_000, 100_000, 1_000_000
# Objects that are asked for in turn: at random of all, so that a large database cannot answer out of the few pages that it has at hand.
ASKED = 400
# More than are made in a second.
MADE = 5_000
_READ_WHOLE = "SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_user_tables WHERE n_live_tup >= $1"


@dataclass(frozen=True, slots=True)
class Grown:
    """A server on a database of so many resources, and some of its ports."""

    size: int
    server: Target
    database: str
    uuids: Sequence[str]
    names: Sequence[str]


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with ExitStack() as servers:
        sizes = (SMALL, LARGE, LARGEST) if bench.large else (SMALL, LARGE)
        small, *others = [await _grown(bench, servers, size) for size in sizes]
        yardsticks = _sides(bench, small)
        yield [
            Section(
                f"{large.size:,} resources, beside {SMALL:,}, {CREATORS} clients",
                [
                    *(
                        Measure(side, beside, SIZE_AIM if large.size == LARGEST else None)
                        for side, beside in zip(_sides(bench, large), yardsticks, strict=True)
                    ),
                    Measure(_read_whole(bench, large), None, Below(1)),
                ],
            )
            for large in others
        ]


async def _grown(bench: Bench, servers: ExitStack, size: int) -> Grown:
    database = servers.enter_context(bench.database())
    with api(database) as server:
        connection = await Connection.open(server.url)
        model = await create(connection, port("model")), await create(connection, instance_ip("model"))
        await connection.close()
    await grow(superuser_of(database), *model, size)
    async with bench.session(database) as session:
        rows = await session.fetch("SELECT uuid::text, name FROM resource WHERE kind = $1", PORT)
    some = random.Random(0).sample(rows, min(ASKED, len(rows)))
    server = servers.enter_context(api(database))
    return Grown(size, server, database, [row["uuid"] for row in some], [row["name"] for row in some])


def _sides(bench: Bench, on: Grown) -> list[Side]:
    def load(title: str, *steps: Step, **more: Any) -> Side:
        return bench.load(f"{title}, {on.size:,}", on.server, *steps, times=1, **more)

    names = [post("/fqname-to-id", {"type": PORT, "fq_name": [DOMAIN, PROJECT, name]}) for name in on.names]
    changed = put(f"/{PORT}/{UUID}", body(PORT, display_name=TURN))
    ports, addresses, twins = (_removal(bench, on, *each) for each in ((PORT, 0), (IP, 0), (IP, 1)))

    async def both(run: int, seconds: float) -> None:
        await twins(run, seconds)
        await ports(run, seconds)

    return [
        load("GET a port", *(get(f"/{PORT}/{uuid}") for uuid in on.uuids)),
        load("POST fqname-to-id", *names),
        load("create a port", post(f"/{PORT}s", port(NAME, uuid=UUID)), after=ports),
        load("create an instance-ip", post(f"/{IP}s", address(NAME, uuid=UUID)), after=addresses),
        load("PUT a port", changed, span=SPAN, before=made(on.server, port, span=SPAN), after=ports),
        load("DELETE an instance-ip, its port", delete(f"/{IP}/{TWIN}"), delete(f"/{PORT}/{UUID}"), before=pairs(on.server), after=both),
    ]


def _removal(bench: Bench, on: Grown, kind: str, twin: int) -> Run:
    """Takes away what a run has left, so that the next one finds the same size."""

    async def after(run: int, seconds: float) -> None:
        named = [uuid_of(run, client, turn, twin) for client in range(CREATORS) for turn in range(round(MADE * max(seconds, 1)))]
        async with bench.session(on.database) as session:
            left = await session.fetch("SELECT uuid::text FROM resource WHERE uuid = ANY($1::text[]::uuid[])", named)
        await remove(on.server.url, kind, [row["uuid"] for row in left])

    return after


def _read_whole(bench: Bench, on: Grown) -> Side:
    """How many times a large table was read from end to end since this was asked last."""
    seen = [0]

    async def take(_: float) -> Figure:
        async with bench.session(on.database) as session:
            now = int(await session.fetchval(_READ_WHOLE, on.size // 10))
        seen.append(now)
        return Figure(now - seen[-2])

    return Side("large tables read from end to end", take, " times")
