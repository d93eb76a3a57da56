"""Lists: bytes a second beside the raw driver that fetches the same text, the first byte, and what a long list does to short requests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter

import asyncpg
import orjson

from tests.bench import files
from tests.bench.bare import returns
from tests.bench.bench import Bench
from tests.bench.connection import Connection
from tests.bench.figures import AtLeast, Below, Figure, Measure, Section, Side
from tests.bench.generator import ordered
from tests.bench.orders import Order, get
from tests.bench.stage import Target
from tests.bench.world import create, make, network, project

LIST_AIM, FIRST_BYTE_AIM = AtLeast(0.70), Below(5)
FEW, MANY, PAGE = 1_000, 10_000, 100


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with bench.server() as server:
        connection = await Connection.open(server.url)
        below = {count: await create(connection, project(f"list-{count}")) for count in (FEW, MANY)}
        for count in below:
            await make(server.url, (network(f"net-{number}", below=f"list-{count}", display_name=f"n{number}") for number in range(count)))
        detail = {count: f"/virtual-networks?detail=true&parent_id={uuid}" for count, uuid in below.items()}
        answers = {count: await connection.ask("GET", path) for count, path in detail.items()}
        name = f"parent_id={below[MANY]}"
        short = {
            f"{FEW:,} of {FEW + MANY:,}, plain, by parent": f"/virtual-networks?parent_id={below[FEW]}",
            f"{MANY:,} plain": f"/virtual-networks?{name}",
            f"one of {MANY:,} by a filter": f"/virtual-networks?detail=true&{name}&filters=display_name==%22n7%22",
            f"a page of {PAGE} in detail": f"/virtual-networks?detail=true&{name}&page_marker=&page_limit={PAGE}",
        }
        sizes = {title: len(await connection.ask("GET", path)) for title, path in short.items()}
        read = f"/virtual-network/{await create(connection, network('read'))}"
        await connection.close()
        file = bench.stage.directory / "list.json"
        file.write_bytes(answers[MANY])
        texts = bench.stage.postgres.make()
        for count in detail:
            await _keep(texts, count, answers[count])
        async with files.sent(file) as (url, pid), bench.bare() as bare:
            long = [
                Measure(_volume(bench, f"{count:,} in detail", server, path), _rows(texts, count), LIST_AIM if count == MANY else None)
                for count, path in detail.items()
            ]
            plain = _volume(bench, f"a file of {len(answers[MANY]) / 1e6:.1f} MB over loopback", Target(url, (pid,)), "/")
            others = []
            for title, path in short.items():
                same = bench.load(f"bare route, {sizes[title]:,} bytes", bare.target, returns(sizes[title]), clients=1)
                others.append(Measure(bench.load(title, server, get(path), clients=1), same))
            first = Measure(_first_byte(server, detail[MANY]), None, FIRST_BYTE_AIM)
            alone, beside = _short(bench, server, read, ""), _short(bench, server, read, detail[MANY])
            yield [
                Section("lists of networks in detail, 1 client", [*long, Measure(long[-1].ours, plain), first]),
                Section("other lists, 1 client", others),
                Section(f"GET of one network, 4 clients, while a list of {MANY:,} runs", [Measure(beside, alone)]),
            ]
        bench.stage.postgres.drop(texts)


def _volume(bench: Bench, name: str, target: Target, path: str) -> Side:
    """Megabytes a second."""
    load = bench.load(name, target, get(path), clients=1, patient=True)

    async def take(seconds: float) -> Figure:
        figure = await load.take(seconds)
        return Figure(figure.value * figure.more["size"] / 1e6, figure.cpu, {**figure.more, "lists/s": figure.value})

    return Side(name, take, " MB/s", 1, target.pids)


def _rows(database: str, count: int) -> Side:
    """The same text out of a table that has it."""

    async def take(seconds: float) -> Figure:
        session = await asyncpg.connect(database)
        statement = await session.prepare(f"SELECT body FROM listed_{count} ORDER BY place")
        size = done = 0
        start = perf_counter()
        while perf_counter() - start < seconds:
            size = len(b'{"virtual-networks":[%s]}' % ",".join([row["body"] for row in await statement.fetch()]).encode())
            done += 1
        spent = perf_counter() - start
        await session.close()
        return Figure(done * size / spent / 1e6)

    return Side(f"{count:,} texts by the raw driver", take, " MB/s", 1)


async def _keep(database: str, count: int, answer: bytes) -> None:
    """Put the elements of a list's answer into a table of texts."""
    session = await asyncpg.connect(database)
    await session.execute(f"CREATE TABLE listed_{count} (place integer PRIMARY KEY, body text NOT NULL)")
    elements = enumerate(orjson.loads(answer)["virtual-networks"])
    await session.copy_records_to_table(f"listed_{count}", records=[(place, orjson.dumps(one).decode()) for place, one in elements])
    await session.execute(f"VACUUM ANALYZE listed_{count}")
    await session.close()


def _first_byte(server: Target, path: str) -> Side:
    """Milliseconds from the request to the first byte of the answer's body, which comes with its head or after it."""

    async def take(seconds: float) -> Figure:
        connection = await Connection.open(server.url)
        times: list[float] = []
        end = perf_counter() + seconds
        while perf_counter() < end:
            start = perf_counter()
            head = await connection.first("GET", path)
            times.append((perf_counter() - start) * 1000)
            await connection.answer(head, f"GET {path}")
        await connection.close()
        return Figure(sorted(times)[len(times) // 2])

    return Side("first byte", take, " ms", 1, server.pids)


def _short(bench: Bench, server: Target, read: str, long: str) -> Side:
    """The p99 of short requests, while a long list is read again and again or alone."""
    load = bench.load("", server, get(read), clients=4)

    async def take(seconds: float) -> Figure:
        beside = asyncio.ensure_future(ordered(Order(server.url, 1, seconds + 0.2, (get(long),)))) if long else None
        figure = await load.take(seconds)
        if beside:
            await beside
        return Figure(figure.more["p99 ms"], figure.cpu, {**figure.more, "rate": figure.value})

    return Side(f"p99 beside {'the list' if long else 'nothing'}", take, " ms", 4, server.pids)
