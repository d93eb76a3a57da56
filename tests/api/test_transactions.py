"""A transaction begins with what must be undone if it fails, and not before."""

from collections.abc import AsyncIterator

import pytest

from api_server.bootstrap import _TURN
from api_server.ipam.addresses import ADDRESSES
from api_server.ipam.departures import DELETE
from api_server.ipam.freelist import SHORT
from api_server.ipam.subnets import OF_NETWORK
from api_server.ipam.taking import CLAIM, DRAW
from api_server.store import creates, kv, resources
from api_server.store.database import Database, Writing
from api_server.store.statements import Statement
from api_server.store.wire import View, showing


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    opened = await Database.open(dsn, 2)
    yield opened
    await opened.close()


async def stored(database: Database, key: str) -> bool:
    async with database.connection() as connection:
        return key in await kv.retrieve(connection, [key])


@pytest.mark.parametrize(
    "statement", [resources.READ, showing(View(children="all", back_refs="all")), resources.RESOLVE, resources.BY_NAME, OF_NETWORK, kv.SOME]
)
def test_a_statement_that_only_reads_is_known(statement: Statement) -> None:
    assert statement.only_reads


@pytest.mark.parametrize(
    "statement",
    [
        *(resources.LOCK, creates.INSERT, resources.UPDATE, *DELETE.values(), resources.RELAX, kv.STORE),
        *(SHORT, _TURN, *ADDRESSES._draws.values(), *DRAW.values(), CLAIM, ADDRESSES._claim, ADDRESSES._lock),
    ],
)
def test_a_statement_that_writes_or_locks_is_known(statement: Statement) -> None:
    assert not statement.only_reads


async def test_reading_begins_no_transaction(database: Database) -> None:
    async with database.transaction() as connection:
        await kv.everything(connection)

        assert not connection.raw.is_in_transaction()


async def test_what_is_locked_stays_locked_until_the_end(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.fetch(resources.LOCK, uuids=[])

        assert connection.raw.is_in_transaction()
    assert not connection.raw.is_in_transaction()


async def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    async def fail(connection: Writing) -> None:
        await kv.store(connection, "left", "over")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(fail)

    assert not await stored(database, "left")


async def test_the_last_statement_of_a_transaction_belongs_to_it(database: Database) -> None:
    async def fail(connection: Writing) -> None:
        await kv.store(connection, "first", "1")
        await kv.store(connection.alone, "last", "2")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(fail)

    assert not await stored(database, "last")


async def test_a_single_last_statement_is_a_transaction_by_itself(database: Database) -> None:
    async with database.transaction() as connection:
        await kv.everything(connection)
        await kv.store(connection.alone, "alone", "1")

        assert await stored(database, "alone")
