"""How often the database is asked for access lists: not by each request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from api_server.access.lists import AccessLists
from api_server.model.caller import Caller
from api_server.store.database import Connection, Database

ALICE = Caller("alice", frozenset({"member"}))


class Counted(Database):
    """A database that counts how often a connection of its reserve is taken."""

    taken = 0

    @asynccontextmanager
    async def short(self) -> AsyncIterator[Connection]:
        self.taken += 1
        async with super().short() as connection:
            yield connection


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Counted]:
    opened = await Counted.open(dsn, 2)
    assert isinstance(opened, Counted)
    yield opened
    await opened.close()


async def test_a_hundred_requests_look_at_the_lists_once(database: Counted) -> None:
    lists = AccessLists(database)

    await asyncio.gather(*[lists.rules(ALICE) for _ in range(50)])
    for _ in range(50):
        await lists.rules(ALICE)

    assert database.taken == 1


async def test_a_refusal_is_looked_up_and_lists_that_stayed_are_not_read_again(database: Counted) -> None:
    lists = AccessLists(database)
    first = await lists.rules(ALICE)

    assert await lists.rules(ALICE, now=True) is first
    assert database.taken == 2


async def test_what_this_server_wrote_is_looked_up(database: Counted) -> None:
    lists = AccessLists(database)
    await lists.rules(ALICE)

    lists.forget()
    await lists.rules(ALICE)

    assert database.taken == 2
