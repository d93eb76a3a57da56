"""
Our own load, a process of its own: for answers that take so long that wrk, which does not wait for the last ones, would count too few of
them, and where there is no wrk. `python -m tests.bench.generator` reads an order as JSON and answers what it did as JSON.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict
from itertools import count
from statistics import quantiles

import orjson
import uvloop

from tests.bench.connection import Connection, RequestFailed
from tests.bench.orders import Load, LoadFailed, Order, Step, filled


async def run(order: Order) -> Load:
    """Raises RequestFailed at the first answer that is no 2xx."""
    connections = [await Connection.open(order.url) for _ in range(order.clients)]
    turns = count()
    start, cpu = time.perf_counter(), time.process_time()
    work = [_requests(order, client, each, turns) for client, each in enumerate(connections)]
    done = await asyncio.gather(*(_until(start + order.seconds, each, client, order) for client, each in enumerate(work)))
    spent, cpu = time.perf_counter() - start, time.process_time() - cpu
    for one in connections:
        await one.close()
    times, sizes = [one for each in done for one, _ in each], [size for each in done for _, size in each]
    percentiles = quantiles(times, n=100) if len(times) > 1 else times * 99
    return Load(len(times) / spent, cpu / spent, sum(sizes) / len(sizes), percentiles[49], percentiles[98])


async def _until(deadline: float, work: AsyncIterator[int], client: int, order: Order) -> list[tuple[float, int]]:
    """Milliseconds and bytes of each answer."""
    gap = order.clients / order.rate if order.rate else 0
    # Clients that keep to a rate take turns.
    await asyncio.sleep(gap * client / order.clients)
    done, start = [], time.perf_counter()
    async for size in work:
        now = time.perf_counter()
        done.append(((now - start) * 1000, size))
        if now >= deadline:
            break
        if gap:
            await asyncio.sleep(start + gap - now)
        start = time.perf_counter() if gap else now
    return done


async def _requests(order: Order, client: int, connection: Connection, shared: Iterator[int]) -> AsyncIterator[int]:
    if order.threads == 1:
        client, turns = 0, shared
    else:
        turns = count()
    for turn in turns:
        for step in order.steps:
            yield len(await _ask(connection, order, step, client, turn))


async def _ask(connection: Connection, order: Order, step: Step, client: int, turn: int) -> bytes:
    return await connection.ask(step.method, filled(step.path, order, client, turn), filled(step.body, order, client, turn).encode())


async def ordered(order: Order) -> Load:
    """Let a process of its own do it; LoadFailed when an answer was no 2xx."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.generator", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await process.communicate(orjson.dumps(asdict(order)))
    if process.returncode:
        raise LoadFailed("the load failed, so there is no figure")
    return Load(**orjson.loads(answer))


async def complaint(order: Order) -> str:
    """Why an order may have failed: what is answered to its first requests, under names that nobody used."""
    unused = Order(order.url, 1, 0, order.steps, 0xFFFF, order.span)
    connection = await Connection.open(order.url)
    try:
        for step in order.steps:
            await _ask(connection, unused, step, 0, 0)
    except RequestFailed as why:
        return str(why)
    finally:
        await connection.close()
    return "asked once more, it is answered well"


Generate = Callable[[Order], Awaitable[Load]]


def read_order(text: bytes) -> Order:
    given = orjson.loads(text)
    return Order(**given | {"steps": tuple(Step(**step) for step in given["steps"])})


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asdict(uvloop.run(run(read_order(sys.stdin.buffer.read()))))))
