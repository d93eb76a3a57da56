"""Lists: bytes a second beside the raw driver that fetches the same text, the first byte, and what a long list does to short requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from statistics import median
from time import perf_counter

from tests.bench import files
from tests.bench.bare import returns
from tests.bench.bench import Bench
from tests.bench.connection import Connection
from tests.bench.figures import AtLeast, Below, Figure, Measure, Section, Side
from tests.bench.generator import ordered
from tests.bench.logged import inlined
from tests.bench.orders import Order, get
from tests.bench.stage import Target, api
from tests.bench.world import create, make, network, project

LIST_AIM, FIRST_BYTE_AIM = AtLeast(0.70), Below(5)
FEW, MANY, PAGE = 1_000, 10_000, 100


@asynccontextmanager
async def measures(bench: Bench) -> AsyncIterator[Sequence[Section]]:
    with bench.database() as database:
        with api(database) as server:
            connection = await Connection.open(server.url)
            below = {count: await create(connection, project(f"list-{count}")) for count in (FEW, MANY)}
            await connection.close()
            for count in below:
                names = ((f"net-{number}", f"n{number}") for number in range(count))
                await make(server.url, (network(name, below=f"list-{count}", display_name=shown) for name, shown in names))
        async with bench.session(database) as session:
            await session.execute("VACUUM ANALYZE")
        detail = {count: f"/virtual-networks?detail=true&parent_id={uuid}" for count, uuid in below.items()}
        sent = await _sent(bench, database, detail)
        with api(database) as server:
            async with _measured(bench, database, server, below, detail, sent) as sections:
                yield sections


@asynccontextmanager
async def _measured(
    bench: Bench, database: str, server: Target, below: Mapping[int, str], detail: Mapping[int, str], sent: Mapping[int, Sequence[str]]
) -> AsyncIterator[Sequence[Section]]:
    connection = await Connection.open(server.url)
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
    async with files.sent(file) as (url, pid), bench.bare() as bare:
        long = [
            Measure(
                _volume(bench, f"{count:,} in detail", server, path),
                _rows(bench, database, count, sent[count], len(answers[count])),
                LIST_AIM if count == MANY else None,
            )
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


def _volume(bench: Bench, name: str, target: Target, path: str) -> Side:
    """Megabytes a second."""
    load = bench.load(name, target, get(path), clients=1, patient=True)

    async def take(seconds: float) -> Figure:
        figure = await load.take(seconds)
        return Figure(figure.value * figure.more["size"] / 1e6, figure.cpu, {**figure.more, "lists/s": figure.value})

    return Side(name, take, " MB/s", 1, target.pids)


async def _sent(bench: Bench, database: str, paths: Mapping[int, str]) -> dict[int, list[str]]:
    """The statements that the server sends for each list."""
    await bench.stage.log_statements(database)
    sent = {}
    with api(database) as server:
        connection = await Connection.open(server.url)
        for count, path in paths.items():
            # The first time a connection also asks about types.
            await connection.ask("GET", path)
            start = bench.stage.log.stat().st_size
            await connection.ask("GET", path)
            sent[count] = inlined(bench.stage.logged(start))
        await connection.close()
    await bench.stage.log_statements(database, "none")
    return sent


def _rows(bench: Bench, database: str, count: int, statements: Sequence[str], size: int) -> Side:
    """The rows of the server's own statements, fetched whole, in bytes of the answer that they make."""

    async def take(seconds: float) -> Figure:
        async with bench.session(database) as session:
            reading = [await session.prepare(sql) for sql in statements if sql.startswith(("SELECT", "WITH"))]
            done, start = 0, perf_counter()
            while perf_counter() - start < seconds:
                for each in reading:
                    rows = await each.fetch()
                    if rows and isinstance(rows[0][0], str) and len(rows[0]) == 1:
                        ",".join([row[0] for row in rows]).encode()
                done += 1
            return Figure(done * size / (perf_counter() - start) / 1e6)

    return Side(f"{count:,} by the raw driver, the same statements", take, " MB/s", 1)


def _first_byte(server: Target, path: str) -> Side:
    """Milliseconds from the request to the first byte of the answer's body."""

    async def take(seconds: float) -> Figure:
        times: list[float] = []
        end = perf_counter() + seconds
        while perf_counter() < end:
            connection = await Connection.open(server.url)
            # Once whole, so that the server is at rest and the connection warm when the next is timed.
            await connection.ask("GET", path)
            start = perf_counter()
            await connection.send("GET", path)
            await connection.begun()
            times.append((perf_counter() - start) * 1000)
            await connection.close()
        return Figure(median(times))

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
