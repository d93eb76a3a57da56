"""One object, or one uuid, in one request: beside a bare route that answers as many bytes, and one that reads as many out of a row."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson

from tests.bench.bare import returns, selects
from tests.bench.bench import READERS, Bench
from tests.bench.connection import Connection
from tests.bench.figures import AtLeast, Measure, Section
from tests.bench.orders import get, post
from tests.bench.world import CROWDED, DOMAIN, PROJECT, create, make, network, port

GET_AIM = AtLeast(0.40)
REFERRERS = 1_000


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with bench.server() as server:
        connection = await Connection.open(server.url)
        empty = f"/virtual-network/{await create(connection, network('empty'))}"
        await make(server.url, (port(f"port-{number}") for number in range(REFERRERS)))
        name = {"type": "virtual-network", "fq_name": [DOMAIN, PROJECT, CROWDED]}
        crowded = f"/virtual-network/{orjson.loads(await connection.ask('POST', '/fqname-to-id', orjson.dumps(name)))['uuid']}"
        steps = {
            "GET an empty network": (get(empty), GET_AIM),
            f"GET one with {REFERRERS:,} back refs": (get(crowded), None),
            "the same without back refs": (get(f"{crowded}?exclude_back_refs=true"), GET_AIM),
            "POST fqname-to-id": (post("/fqname-to-id", name), None),
        }
        sizes = {title: len(await connection.ask(step.method, step.path, step.body.encode())) for title, (step, _) in steps.items()}
        await connection.close()
        async with bench.bare(sizes["GET an empty network"]) as bare:
            found = []
            for title, (step, aim) in steps.items():
                same = bench.load(f"bare route, {sizes[title]:,} bytes", bare.target, returns(sizes[title]), clients=READERS)
                found.append(Measure(bench.load(title, server, step, clients=READERS), same, aim))
            selected = bench.load("bare route, one SELECT", bare.target, selects(bare.uuid), clients=READERS)
            yield [Section(f"one object, {READERS} clients", [*found, Measure(found[0].ours, selected)])]
