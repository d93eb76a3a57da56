"""Connections are lent again, and one that did not end well is replaced."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from api_server.store.database import Database
from api_server.store.statements import Statement

WHO = Statement(text("SELECT pg_backend_pid()"))
DIE = Statement(text("SELECT pg_terminate_backend(pg_backend_pid())"))
SLEEP = Statement(text("SELECT pg_sleep(60)"))
ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(60)' AND state = 'active'"


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """With a single connection: whatever does not come back is missed."""
    opened = await Database.open(dsn, 1)
    yield opened
    await opened.close()


async def ask(database: Database, statement: Statement) -> Any:
    async with database.connection() as connection:
        return await connection.fetchval(statement)


async def test_a_connection_is_lent_again(database: Database) -> None:
    assert await ask(database, WHO) == await ask(database, WHO)


async def test_a_lost_connection_is_replaced(database: Database) -> None:
    first = await ask(database, WHO)
    with pytest.raises(asyncpg.PostgresConnectionError):
        await ask(database, DIE)

    assert await ask(database, WHO) != first


async def test_a_connection_that_was_lost_at_rest_is_replaced(database: Database, dsn: str) -> None:
    first = await ask(database, WHO)
    other = await asyncpg.connect(dsn)
    await other.execute(f"SELECT pg_terminate_backend({first}, 10000)")
    await other.close()

    assert await ask(database, WHO) != first


async def test_a_cancelled_request_gives_its_connection_back(database: Database, dsn: str) -> None:
    sleeping = asyncio.create_task(ask(database, SLEEP))
    other = await asyncpg.connect(dsn)
    while not await other.fetchval(ASLEEP):  # noqa: ASYNC110 - what happens, happens in PostgreSQL
        await asyncio.sleep(0.01)
    await other.close()
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping

    assert await ask(database, WHO) > 0


async def test_who_waited_in_vain_takes_no_turn_away(database: Database) -> None:
    async with database.connection():
        waiting = asyncio.create_task(ask(database, WHO))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    assert await ask(database, WHO) > 0
