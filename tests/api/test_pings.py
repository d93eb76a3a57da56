"""Processes hear of each other's commits while they watch, and nothing is sent while nobody does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from api_server.store import pings
from api_server.store.database import Database
from api_server.watch.pings import Pings
from tests.served import Postgres

LISTENERS = "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND datname = current_database()"


class Ear:
    """What may hear a ping."""

    def __init__(self) -> None:
        self.count = 0
        self._heard = asyncio.Event()

    def __call__(self, *_: object) -> None:
        self.count += 1
        self._heard.set()

    async def hears(self) -> None:
        """Wait for the next one."""
        async with asyncio.timeout(30):
            await self._heard.wait()
        self._heard.clear()


@pytest.fixture
async def url(postgres: Postgres) -> AsyncIterator[str]:
    with postgres.database() as made:
        yield made


@pytest.fixture
async def writer(url: str) -> AsyncIterator[Pings]:
    """Of a process where nobody watches."""
    opened = await Database.open(url, 1)
    yield Pings(opened, url)
    await opened.close()


@pytest.fixture
async def session(url: str) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(url)
    yield opened
    await opened.close()


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[Pings, Ear]]:
    """A process where somebody watches, which has begun to listen."""
    database, ear = await Database.open(url, 1), Ear()
    own = Pings(database, url)
    own.hear = ear
    task = asyncio.create_task(own.listen())
    await ear.hears()
    try:
        yield own, ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.close()


async def test_who_watches_hears_of_a_commit_of_another_process(url: str, writer: Pings) -> None:
    async with listening(url) as (_, ear):
        await writer.look()
        writer.tell()

        await ear.hears()


async def test_who_watches_alone_sends_nothing_and_hears_itself(url: str, session: Any) -> None:
    async with listening(url) as (own, ear):
        sent = Ear()
        await session.add_listener(pings.CHANNEL, sent)
        await own.look()
        own.tell()
        await ear.hears()
        await session.execute(f"NOTIFY {pings.CHANNEL}")
        await sent.hears()

    assert sent.count == 1


async def test_a_burst_of_commits_is_one_ping_and_another_for_what_came_meanwhile(url: str, writer: Pings, session: Any) -> None:
    async with listening(url):
        sent = Ear()
        await session.add_listener(pings.CHANNEL, sent)
        await writer.look()
        for _ in range(2):
            for _ in range(100):
                writer.tell()
            await sent.hears()

    assert sent.count == 2


async def test_a_listener_whose_session_is_ended_listens_again(url: str, writer: Pings, session: Any) -> None:
    async with listening(url) as (_, ear):
        await session.execute(f"SELECT pg_terminate_backend(pid) FROM ({LISTENERS}) AS listeners")
        # It looks for what it may have missed.
        await ear.hears()
        await writer.look()
        writer.tell()

        await ear.hears()


async def test_nobody_is_told_any_more_when_the_last_has_left(url: str, writer: Pings, session: Any) -> None:
    async with listening(url):
        pass
    sent = Ear()
    await session.add_listener(pings.CHANNEL, sent)
    async with asyncio.timeout(30):
        # Its session ends a little later than its connection.
        while await session.fetchval(LISTENERS):
            pass
    await writer.look()
    writer.tell()
    await session.execute(f"NOTIFY {pings.CHANNEL}")
    await sent.hears()

    assert sent.count == 1
