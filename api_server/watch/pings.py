"""Processes tell each other that something was committed, as long as somebody in another one watches (decision 0013)."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import asyncpg

from api_server.store import pings
from api_server.store.connecting import AWAY
from api_server.store.database import Database

log = logging.getLogger(__name__)

# Seconds: between two pings of a process at least, and between two looks at whether anybody listens.
GAP, LOOK = 0.005, 5.0
# After the connection that listens was lost.
PAUSE = 1.0


def _nobody() -> None:
    """Nobody here waits for changes."""


class Pings:
    """
    What this process commits, and what others do. A ping is sent after a commit, never in it: a NOTIFY takes a lock of the whole
    database until its transaction ends. One that is lost delays what is told, no more: who watches looks now and then anyway.
    """

    def __init__(self, database: Database, direct_url: str) -> None:
        # Called when there may be something new, written here or elsewhere.
        self.hear: Callable[[], object] = _nobody
        self._database = database
        self._url = direct_url
        self._listening_since: float | None = None
        self._session = 0
        self._others_listen = False
        self._due = False
        self._sender: asyncio.Task[None] | None = None
        database.wake = self.tell

    @property
    def come(self) -> bool:
        """Whether all processes have had the time to learn that this one listens."""
        return self._listening_since is not None and asyncio.get_running_loop().time() > self._listening_since + 2 * LOOK

    def tell(self) -> None:
        """Something was committed here."""
        self.hear()
        self._due = True
        if self._others_listen and self._sender is None:
            self._sender = asyncio.create_task(self._send())

    async def look(self) -> None:
        """See whether anybody else listens."""
        async with self._database.aside() as connection:
            self._others_listen = await pings.listened_to(connection, besides=self._session)

    async def look_on(self) -> None:
        """Until cancelled: see now and then whether anybody else listens."""
        while True:
            try:
                await self.look()
            except (*AWAY, asyncpg.PostgresError) as why:
                log.warning("it could not be seen who listens for changes; trying again: %s", why)
            await asyncio.sleep(LOOK)

    async def listen(self) -> None:
        """Until cancelled: hear what others commit. Behind a pooler, through which nothing comes, that is nothing."""
        while True:
            with suppress(*AWAY, asyncpg.PostgresError, TimeoutError):
                connection = await asyncpg.connect(
                    self._url, timeout=10, statement_cache_size=0, server_settings={"application_name": "netweave"}
                )
                try:
                    if not await pings.is_direct(connection):
                        log.info("others cannot be heard through a pooler (DATABASE_DIRECT_URL leads past it): changes are looked for")
                        return
                    await self._listen_on(connection)
                finally:
                    self._listening_since, self._session = None, 0
                    connection.terminate()
                log.warning("the connection that listens for changes was lost; they are looked for until there is another")
            await asyncio.sleep(PAUSE)

    async def _listen_on(self, connection: Any) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        await pings.listen(connection, self._heard)
        self._session, self._listening_since = connection.get_server_pid(), asyncio.get_running_loop().time()
        # For what was committed before.
        self.hear()
        await lost.wait()

    def _heard(self, *_: object) -> None:
        self.hear()

    async def _send(self) -> None:
        try:
            while self._due:
                self._due = False
                async with self._database.aside() as connection:
                    await pings.ping(connection)
                await asyncio.sleep(GAP)
        except (*AWAY, asyncpg.PostgresError) as why:
            log.warning("others were not told of a change, and find it when they look: %s", why)
        finally:
            self._sender = None
