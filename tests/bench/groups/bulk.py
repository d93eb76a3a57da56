"""Many objects in one request, beside the same objects one by one; all in objects a second."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.bench.bench import CREATORS, Bench
from tests.bench.figures import AtLeast, Measure, Section
from tests.bench.orders import NAME, post
from tests.bench.world import SORTS, TOGETHER, kind_of, many

BULK_AIM = AtLeast(5.00)


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with bench.server() as server:
        found = []
        for sort, make in SORTS.items():
            objects = len(make(NAME))
            singly = [post(f"/{kind_of(one)}s", one) for one in make(NAME)]
            documents = [one for number in range(TOGETHER // objects) for one in make(f"{NAME}-{number}")]
            together = bench.load(
                f"{sort}, {TOGETHER:,} in a request",
                server,
                post("/v2/bulk", many(documents)),
                clients=1,
                times=len(documents),
                patient=True,
                unit=" obj/s",
            )
            for clients in (1, CREATORS):
                who = f"{clients} client{'s' if clients > 1 else ''}"
                beside = bench.load(f"{sort}, one by one, {who}", server, *singly, clients=clients, times=1, unit=" obj/s")
                found.append(Measure(together, beside, BULK_AIM, f"{sort}, {TOGETHER:,} in a request : {who}"))
        yield [Section("many objects in one request", found)]
