"""One object made in one request, beside a bare route that stores the body as one row."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson

from tests.bench.bare import inserts
from tests.bench.bench import CREATORS, Bench
from tests.bench.figures import AtLeast, Measure, Section
from tests.bench.orders import ADDRESS, NAME, post
from tests.bench.world import address, kind_of, large_port, machine, network

CREATE_AIM = AtLeast(0.55)


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    asked = ADDRESS.strip('"')
    documents = {
        "create a machine": (machine(NAME), None),
        "create a network": (network(NAME), None),
        "create a port, 1.1 kB": (large_port(NAME), None),
        "create an instance-ip": (address(NAME), CREATE_AIM),
        "create one with the address asked": (address(NAME, instance_ip_address=asked), CREATE_AIM),
    }
    with bench.server() as server:
        async with bench.bare() as bare:
            small, large = (
                bench.load(f"bare route, one INSERT, {len(body):,} bytes", bare.target, inserts(body))
                for body in (orjson.dumps(document).decode() for document in (address(NAME), large_port(NAME)))
            )
            found = []
            for title, (document, aim) in documents.items():
                same = large if "kB" in title else small
                found.append(Measure(bench.load(title, server, post(f"/{kind_of(document)}s", document)), same, aim))
            yield [Section(f"one object made, {CREATORS} clients", found)]
