"""Changes are kept by day: partitions are made ahead, dropped in time, and their absence fails no write."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from api_server.store import changes
from api_server.store.database import Database
from api_server.store.partitions import keep_days
from api_server.watch.keeping import keep
from tests.served import Postgres

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
PARTITION = "SELECT tableoid::regclass::text FROM {table} WHERE request_id = $1"
WRITE = "INSERT INTO change (operation, kind, uuid, fq_name, actor, request_id, at) VALUES ('UPDATE', 'tag', $1, '{a}', 'me', $2, $3)"


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[Database]:
    with postgres.database() as url:
        opened = await Database.open(url, 2)
        yield opened
        await opened.close()


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Any]:
    async with database.aside() as lent:
        yield lent


async def write(connection: Any, name: str, at: datetime) -> None:
    await connection.raw.execute(WRITE, str(uuid4()), name, at)


async def place(connection: Any, name: str, table: str = "change") -> str | None:
    found: str | None = await connection.raw.fetchval(PARTITION.format(table=table), name)
    return found


def until(end: datetime, table: str = "change") -> str:
    return f"{table}_until_{end:%Y%m%d}"


async def test_today_and_the_next_three_days_have_partitions(connection: Any) -> None:
    assert await keep_days(connection, NOON, 7)
    for ahead in range(4):
        at = NOON + timedelta(days=ahead)
        await write(connection, str(ahead), at)
        assert await place(connection, str(ahead)) == until(at + timedelta(days=1))
    await changes.settle(connection)

    assert await place(connection, "3", "change_position") == until(NOON + timedelta(days=4), "change_position")


async def test_a_day_without_partition_fails_no_write_and_its_rows_move_when_it_has_one(connection: Any) -> None:
    later = NOON + timedelta(days=30)
    await write(connection, "early", later)
    await changes.settle(connection)
    assert await place(connection, "early") == "change_default"
    assert await place(connection, "early", "change_position") == "change_position_default"

    assert await keep_days(connection, later, 60)

    assert await place(connection, "early") == until(later + timedelta(days=1))
    assert await place(connection, "early", "change_position") == until(later + timedelta(days=1), "change_position")
    state = await changes.state_of(connection)
    rows = await changes.select_changes(connection, changes.Query(request_id="early"))
    assert [row["position"] for row in rows] == [state.position]


async def test_a_day_is_dropped_when_all_of_it_is_older_than_what_is_kept(connection: Any) -> None:
    await keep_days(connection, NOON, 7)
    await write(connection, "today", NOON)
    state = await changes.settle(connection)
    await keep_days(connection, NOON + timedelta(days=7), 7)
    assert await place(connection, "today") == until(NOON + timedelta(days=1))

    await keep_days(connection, NOON + timedelta(days=8), 7)

    assert await place(connection, "today") is None
    after = await changes.state_of(connection)
    assert (after.position, after.forgotten) == (state.position, state.position)
    assert not after.knows(state.position - 1)
    assert after.knows(state.position)


async def test_what_the_default_partitions_hold_is_dropped_in_time_too(connection: Any) -> None:
    await write(connection, "stray", NOON + timedelta(days=30))
    state = await changes.settle(connection)

    await keep_days(connection, NOON + timedelta(days=38), 7)

    assert await place(connection, "stray") is None
    assert await place(connection, "stray", "change_position") is None
    assert (await changes.state_of(connection)).forgotten == state.position


async def test_a_drop_gives_way_to_a_writer_and_comes_back(connection: Any, database: Database) -> None:
    await keep_days(connection, NOON, 7)
    async with database.aside() as other:
        async with other.raw.transaction():
            await write(other, "open", NOON + timedelta(days=8))
            assert not await keep_days(connection, NOON + timedelta(days=8), 7)
        assert await keep_days(connection, NOON + timedelta(days=8), 7)


async def test_the_keeper_looks_after_each_day_and_goes_on_after_a_failure(database: Database, postgres: Postgres) -> None:
    day = NOON
    pauses = 0

    async def pause(_: float) -> None:
        nonlocal day, pauses
        pauses += 1
        day += timedelta(days=1)
        async with database.aside() as connection:
            if pauses == 1:
                await connection.raw.execute("ALTER TABLE numbering RENAME TO elsewhere")
            elif pauses == 2:
                await connection.raw.execute("ALTER TABLE elsewhere RENAME TO numbering")
            else:
                raise asyncpg.InternalClientError("the end of the test")

    with pytest.raises(asyncpg.InternalClientError):
        await keep(database, 7, lambda: day, pause)

    async with database.aside() as connection:
        await write(connection, "ahead", NOON + timedelta(days=5))
        assert await place(connection, "ahead") == until(NOON + timedelta(days=6))
