"""Objects changed and deleted, one in one request, beside a bare route that stores such a body as one row."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import product

import orjson

from tests.bench.bare import inserts
from tests.bench.bench import CREATORS, Bench, Run
from tests.bench.connection import Connection
from tests.bench.figures import Measure, Section
from tests.bench.orders import TURN, TWIN, UUID, Step, delete, name_of, post, put, uuid_of
from tests.bench.stage import Target
from tests.bench.world import DOMAIN, PROJECT, Document, body, create, instance_ip, make, network, port

PORT, NETWORK = "virtual-machine-interface", "virtual-network"
# Objects that take turns being changed.
SPAN = 200
# Pairs that wait to be deleted in a second: more than can be.
PAIRS = 2_000


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with bench.server() as server:
        connection = await Connection.open(server.url)
        group = await create(connection, body("security-group", fq_name=[DOMAIN, PROJECT, "group"], parent_type="project"))
        await connection.close()
        link = {"type": PORT, "uuid": UUID, "ref-type": "security-group", "ref-uuid": group}
        refs = [post("/ref-update", {**link, "operation": operation}) for operation in ("ADD", "DELETE")]
        changed = body(PORT, display_name=TURN)
        async with bench.bare() as bare:
            row = bench.load("bare route, one INSERT", bare.target, inserts(orjson.dumps(changed).decode()))
            updates = [
                bench.load(f"PUT a {name}", server, _put(kind), span=SPAN, before=made(server, document, span=SPAN))
                for name, kind, document in (("port", PORT, port), ("network", NETWORK, network))
            ]
            other = [
                bench.load("ref-update ADD, DELETE", server, *refs, span=1, times=1, before=made(server, port, clients=CREATORS)),
                bench.load(
                    "DELETE an instance-ip, its port",
                    server,
                    delete(f"/instance-ip/{TWIN}"),
                    delete(f"/{PORT}/{UUID}"),
                    times=1,
                    before=pairs(server),
                ),
            ]
            yield [Section(f"one object changed, {CREATORS} clients, in requests", [Measure(each, row) for each in (*updates, *other)])]


def _put(kind: str) -> Step:
    return put(f"/{kind}/{UUID}", body(kind, display_name=TURN))


def made(server: Target, document: Callable[..., Document], *, clients: int = 1, span: int = 1) -> Run:
    """What a run will change."""

    async def before(run: int, _: float) -> None:
        each = ((run, client, turn) for client, turn in product(range(clients), range(span)))
        await make(server.url, (document(name_of(*one), uuid=uuid_of(*one)) for one in each))

    return before


def pairs(server: Target) -> Run:
    """What a run will delete."""

    async def before(run: int, seconds: float) -> None:
        each = [(run, client, turn) for turn, client in product(range(round(PAIRS * seconds / CREATORS) + 1), range(CREATORS))]
        await make(server.url, (port(name_of(*one), uuid=uuid_of(*one)) for one in each))
        await make(server.url, (instance_ip(name_of(*one), uuid=uuid_of(*one, 1)) for one in each))

    return before
