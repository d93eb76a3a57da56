"""The load, as a process of its own: `python -m tests.bench.generator` reads an order as JSON and answers what it did as JSON."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from itertools import count

import orjson
import uvloop

from tests.bench.connection import Connection
from tests.bench.world import SORTS, instance_ip, kind_of, many, port


@dataclass(frozen=True, slots=True)
class Order:
    """
    `clients` connections for `seconds`, each asking for `path` again and again, or creating what is named after `name`: pairs, or things
    of this `sort`, `together` of them in one request.
    """

    url: str
    clients: int
    seconds: float
    path: str = ""
    name: str = ""
    sort: str = ""
    together: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What was done: `rate` requests or pairs a second, of `size` bytes each; `cpu` is the generator's own share of a core."""

    rate: float
    cpu: float
    size: int = 0


async def run(order: Order) -> Load:
    """Raises RequestFailed at the first answer that is no 2xx."""
    connections = [await Connection.open(order.url) for _ in range(order.clients)]
    start, cpu = time.perf_counter(), time.process_time()
    counts = await asyncio.gather(*(_until(start + order.seconds, _work(order, client, one)) for client, one in enumerate(connections)))
    spent, cpu = time.perf_counter() - start, time.process_time() - cpu
    for one in connections:
        await one.close()
    return Load(sum(done for done, _ in counts) / spent, cpu / spent, max(size for _, size in counts))


def _work(order: Order, client: int, connection: Connection) -> AsyncIterator[int]:
    if order.path:
        return _reads(connection, order.path)
    name = f"{order.name}-{client}"
    if not order.sort:
        return _pairs(connection, name)
    make = SORTS[order.sort]
    return _together(connection, make, name, order.together) if order.together else _singly(connection, make, name)


async def _until(deadline: float, work: AsyncIterator[int]) -> tuple[int, int]:
    """How many were done, and the size of the last answer."""
    done = 0
    async for size in work:
        done += 1
        if time.perf_counter() >= deadline:
            return done, size
    raise AssertionError("a load goes on until its time is over")


async def _reads(connection: Connection, path: str) -> AsyncIterator[int]:
    while True:
        yield len(await connection.ask("GET", path))


async def _pairs(connection: Connection, prefix: str) -> AsyncIterator[int]:
    number = 0
    while True:
        name = f"{prefix}-{number}"
        size = len(await connection.ask("POST", "/virtual-machine-interfaces", port(name)))
        yield size + len(await connection.ask("POST", "/instance-ips", instance_ip(name)))
        number += 1


async def _singly(connection: Connection, make: Callable[[str], list[bytes]], prefix: str) -> AsyncIterator[int]:
    for number in count():
        yield sum([len(await connection.ask("POST", f"/{kind_of(one).decode()}s", one)) for one in make(f"{prefix}-{number}")])


async def _together(connection: Connection, make: Callable[[str], list[bytes]], prefix: str, things: int) -> AsyncIterator[int]:
    for number in count(0, things):
        documents = [one for each in range(number, number + things) for one in make(f"{prefix}-{each}")]
        yield len(await connection.ask("POST", "/v2/bulk", many(documents)))


async def ordered(order: Order) -> Load:
    """Let a process of its own do it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.generator", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate(orjson.dumps(asdict(order)))
    if process.returncode:
        raise SystemExit("the load failed, so there is no figure")
    return Load(**orjson.loads(answer))


Generate = Callable[[Order], Awaitable[Load]]


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asdict(uvloop.run(run(Order(**orjson.loads(sys.stdin.buffer.read())))))))
