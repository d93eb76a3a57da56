"""Positions are given after commit: every committed change gets one, once, in an order that never changes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from api_server.store import changes
from api_server.store.database import Database
from tests.served import Postgres

WRITE = """
INSERT INTO change (operation, kind, uuid, fq_name, actor, request_id)
VALUES ('UPDATE', 'tag', $1, '{a}', 'somebody', $2)
"""


@pytest.fixture
async def url(postgres: Postgres) -> AsyncIterator[str]:
    with postgres.database() as made:
        yield made


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = await Database.open(url, 2)
    yield opened
    await opened.close()


@pytest.fixture
async def writers(url: str) -> AsyncIterator[list[Any]]:
    """Sessions that write as servers do."""
    sessions = [await asyncpg.connect(url) for _ in range(3)]
    yield sessions
    for session in sessions:
        await session.close()


async def settled(database: Database) -> changes.State:
    async with database.aside() as connection:
        return await changes.settle(connection)


async def stream(database: Database, after: int) -> list[tuple[int, str]]:
    """Positions and what was written there, by its request id."""
    async with database.aside() as connection:
        rows = await changes.select_changes(connection, changes.Query(after=after, limit=changes.MOST))
    return [(row["position"], row["request_id"]) for row in rows]


async def write(session: Any, name: str) -> None:
    await session.execute(WRITE, str(uuid4()), name)


async def test_a_transaction_that_stays_open_delays_nobody_and_loses_nothing(database: Database, writers: list[Any]) -> None:
    start = (await settled(database)).position
    slow, quick, _ = writers
    async with slow.transaction():
        await write(slow, "slow")
        await write(quick, "quick")
        await settled(database)
        assert await stream(database, start) == [(start + 1, "quick")]
        await write(quick, "again")
        await settled(database)
    await settled(database)

    assert await stream(database, start) == [(start + 1, "quick"), (start + 2, "again"), (start + 3, "slow")]


async def test_what_is_rolled_back_is_never_seen_and_leaves_no_gap(database: Database, writers: list[Any]) -> None:
    start = (await settled(database)).position
    one, other, _ = writers
    transaction = one.transaction()
    await transaction.start()
    await write(one, "undone")
    await write(other, "kept")
    await settled(database)
    await transaction.rollback()
    await write(other, "next")
    await settled(database)

    assert await stream(database, start) == [(start + 1, "kept"), (start + 2, "next")]


async def test_changes_of_one_transaction_keep_their_order(database: Database, writers: list[Any]) -> None:
    start = (await settled(database)).position
    one, other, _ = writers
    async with one.transaction():
        for number in range(5):
            await write(one, f"one {number}")
            await write(other, f"other {number}")
    await settled(database)

    found = [name for _, name in await stream(database, start)]
    assert [name for name in found if name.startswith("one")] == [f"one {number}" for number in range(5)]
    assert [name for name in found if name.startswith("other")] == [f"other {number}" for number in range(5)]


async def test_many_at_once_number_everything_once(database: Database, url: str) -> None:
    start = (await settled(database)).position
    others = [await Database.open(url, 2) for _ in range(3)]

    async def writing(number: int) -> None:
        session = await asyncpg.connect(url)
        for each in range(40):
            transaction = session.transaction()
            await transaction.start()
            await write(session, f"{number} {each}")
            await (transaction.rollback() if each % 5 == 4 else transaction.commit())
        await session.close()

    async def numbering(other: Database, done: asyncio.Event) -> None:
        while not done.is_set():
            async with other.aside() as connection:
                await changes.settle(connection)

    done = asyncio.Event()
    passes = [asyncio.create_task(numbering(other, done)) for other in others]
    await asyncio.gather(*[writing(number) for number in range(8)])
    done.set()
    await asyncio.gather(*passes)
    await asyncio.gather(*[other.close() for other in others])
    await settled(database)

    found = await stream(database, start)
    assert [position for position, _ in found] == list(range(start + 1, start + 1 + 8 * 32))
    for number in range(8):
        own = [name for _, name in found if name.startswith(f"{number} ")]
        assert own == [f"{number} {each}" for each in range(40) if each % 5 != 4]


async def blocked(session: Any, other: Any) -> None:
    """Until that other session waits for somebody."""
    async with asyncio.timeout(30):
        while not await session.fetchval("SELECT pg_blocking_pids($1) <> '{}'", other.get_server_pid()):
            pass


async def test_who_waits_for_the_turn_numbers_what_came_meanwhile_and_tells_what_it_sees(database: Database, writers: list[Any]) -> None:
    start = (await settled(database)).position
    holder, writer, _ = writers
    await write(writer, "before")
    async with database.aside() as connection:
        async with holder.transaction():
            await holder.execute("SELECT pg_advisory_xact_lock($1)", changes.TURN)
            waiting = asyncio.create_task(changes.follow(connection, start, {"tag": True}))
            await blocked(writer, connection.raw)
            await write(writer, "meanwhile")
        first = await waiting
        second = await changes.follow(connection, first.upto, {"tag": True})

    assert [(page.upto, [row["request_id"] for row in page.rows]) for page in (first, second)] == [
        (start + 1, ["before"]),
        (start + 2, ["meanwhile"]),
    ]
    assert first.state.position == start + 2


async def test_a_process_that_is_killed_while_it_numbers_takes_nothing_along(database: Database, url: str, writers: list[Any]) -> None:
    start = (await settled(database)).position
    holder, writer, _ = writers
    await write(writer, "one")
    killed = await asyncpg.connect(url)
    async with holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock($1)", changes.TURN)
        lost = asyncio.create_task(killed.fetch("SELECT number_changes(NULL, NULL, NULL)"))
        await blocked(writer, killed)
        # Its end of the connection is gone, as after kill -9; its session finds out when it is done.
        killed.terminate()
        await asyncio.gather(lost, return_exceptions=True)
        await write(writer, "other")
    await settled(database)
    await write(writer, "next")
    await settled(database)

    assert await stream(database, start) == [(start + 1, "one"), (start + 2, "other"), (start + 3, "next")]


async def test_a_session_that_is_ended_while_it_numbers_leaves_it_to_the_next(database: Database, url: str, writers: list[Any]) -> None:
    start = (await settled(database)).position
    holder, writer, _ = writers
    await write(writer, "one")
    ended = await asyncpg.connect(url)
    async with holder.transaction():
        # What the pass would write is locked: it stands in the middle of it.
        await holder.execute("SELECT FROM numbering FOR UPDATE")
        lost = asyncio.create_task(ended.fetch("SELECT number_changes(NULL, NULL, NULL)"))
        await blocked(writer, ended)
        await writer.execute("SELECT pg_terminate_backend($1)", ended.get_server_pid())
        assert isinstance((await asyncio.gather(lost, return_exceptions=True))[0], asyncpg.PostgresError)
    ended.terminate()
    await write(writer, "two")
    await settled(database)

    assert await stream(database, start) == [(start + 1, "one"), (start + 2, "two")]


async def test_an_idle_stream_is_looked_at_without_writing(database: Database, writers: list[Any]) -> None:
    await settled(database)
    session = writers[0]
    before = await session.fetchval("SELECT ctid FROM numbering")
    await settled(database)

    assert await session.fetchval("SELECT ctid FROM numbering") == before


async def test_a_database_restored_where_transaction_ids_are_lower_loses_nothing(database: Database, writers: list[Any]) -> None:
    start = (await settled(database)).position
    session = writers[0]
    await write(session, "unnumbered in the dump")
    await session.execute("UPDATE numbering SET seen = '9000000000:9000000000:'")
    await write(session, "after the restore")

    assert (await settled(database)).position == start + 2
    await write(session, "later")
    await settled(database)
    assert [name for _, name in await stream(database, start)] == ["unnumbered in the dump", "after the restore", "later"]


@pytest.mark.parametrize(("xid", "seen"), [(9, True), (10, True), (11, False), (12, True), (15, False), (16, False)], ids=str)
def test_a_snapshot_sees_what_was_committed_when_it_was_taken(xid: int, seen: bool) -> None:
    assert changes.Snapshot(10, 15, (11,)).sees(xid) is seen
