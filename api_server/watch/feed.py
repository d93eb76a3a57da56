"""One reader of the stream for all watchers of this process: what it reads once, each of them is handed."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from api_server.store import changes
from api_server.store.connecting import AWAY
from api_server.store.database import Connection, Database
from api_server.watch.pings import Pings
from api_server.watch.watcher import Batch, Event, FellBehind, Wanted, Watcher

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# Seconds: how often other processes' writes are looked for where they cannot be heard, and where they can; and how far rounds
# are apart at least.
POLL, HEARD, APART = 0.02, 0.25, 0.003
# After the database could not be asked.
PAUSE = 0.5
# How long a reader may take for what is on its way to it, in general and when the server stops.
SENDING, FAREWELL = 60.0, 1.0
# How many read the lists they start from at the same time.
LISTS = 2


class Feed:
    """Reads the stream while somebody watches; idle, it asks nothing."""

    def __init__(self, database: Database, pings: Pings, limit: int) -> None:
        self._database = database
        self._pings = pings
        self._limit = limit
        self._watchers: set[Watcher] = set()
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        pings.hear = self._woken.set
        self._reader: asyncio.Task[None] | None = None
        self._position = 0
        self.closed = False
        # Each keeps a connection and a snapshot for as long as its reader takes.
        self.lists = asyncio.Semaphore(LISTS)
        self._sending: set[asyncio.Timeout] = set()

    def close(self) -> None:
        """End all watchers, soon even those whose reader takes nothing; those to come end at once."""
        self.closed = True
        soon = asyncio.get_running_loop().time() + FAREWELL
        for limit in self._sending:
            limit.reschedule(soon)
        for watcher in self._watchers:
            watcher.end()

    @asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """TimeoutError when a reader does not take what is sent within it."""
        async with asyncio.timeout(FAREWELL if self.closed else SENDING) as limit:
            self._sending.add(limit)
            try:
                yield
            finally:
                self._sending.discard(limit)

    async def settled(self) -> int:
        """The position by which all has been told that was committed before this call."""
        return (await self._ask(changes.settle)).position

    async def follow(self, wanted: Wanted, after: int, interval: Callable[[], float]) -> AsyncGenerator[Batch, None]:
        """
        What happened to objects of these kinds after a position: first from the table, then as it comes. A quiet batch when `interval`
        seconds pass without; ends when the server stops; raises FellBehind.
        """
        caught_up = False
        while not caught_up and not self.closed:
            page = await self._read(wanted, after)
            after, caught_up = page.upto, page.upto == page.state.position
            yield _batch(page)
        async with self._join(wanted) as watcher:
            while after < watcher.start and not self.closed:
                page = await self._read(wanted, after)
                batch, after = _batch(page, watcher.start), min(page.upto, watcher.start)
                yield batch
            while (live := await watcher.take(interval())) is not None:
                # The table may have been read further than the reader of all had come.
                yield Batch([event for event in live.events if event.row["position"] > after], max(live.position, after), live=True)

    async def _read(self, wanted: Wanted, after: int) -> changes.Page:
        """A page of the table after a position; FellBehind when not all of it is kept."""
        page = await self._ask(lambda connection: changes.follow(connection, after, wanted))
        if not page.state.knows(after):
            raise FellBehind
        return page

    async def _ask(self, question: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Ask the database, again if it is away: a reader that waits loses nothing."""
        while True:
            try:
                async with self._database.aside() as connection:
                    return await question(connection)
            except AWAY as why:
                if self.closed:
                    raise
                log.warning("the stream of changes could not be read; trying again: %s", why)
                await asyncio.sleep(PAUSE)

    @asynccontextmanager
    async def _join(self, wanted: Wanted) -> AsyncIterator[Watcher]:
        async with self._turn:
            # Between two rounds: the next one reads these kinds too.
            if self._reader is None:
                self._position = (await self._ask(changes.state_of)).position
                self._reader = asyncio.create_task(self._read_on())
            watcher = Watcher(wanted, self._limit, self._position)
            self._watchers.add(watcher)
        if self.closed:
            watcher.end()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def _read_on(self) -> None:
        listening = asyncio.create_task(self._pings.listen())
        try:
            while self._watchers:
                await self._ask(self._rounds)
        finally:
            listening.cancel()
            # However it ends, nobody waits for what will not come.
            self._reader = None
            for watcher in self._watchers:
                watcher.end()

    async def _rounds(self, connection: Connection) -> None:
        """Read as long as somebody watches, on one connection; while something comes, without waiting to be told that more has."""
        time = asyncio.get_running_loop().time
        while True:
            start = time()
            self._woken.clear()
            async with self._turn:
                if not self._watchers:
                    return
                told = await self._round(connection)
            if (rest := start + APART - time()) > 0:
                await asyncio.sleep(rest)
            if not told:
                await self._wait(HEARD if self._pings.come else POLL)

    async def _wait(self, most: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(most):
                await self._woken.wait()

    async def _round(self, connection: Connection) -> bool:
        """Tell all that is committed; whether anything was."""
        before = self._position
        wanted: dict[str, bool] = {}
        for watcher in self._watchers:
            wanted |= {kind: links or wanted.get(kind, False) for kind, links in watcher.wanted.items()}
        while True:
            page = await changes.follow(connection, self._position, wanted)
            if page.state.position < self._position:
                # The database is another one, or was set back: what its readers know is not what it tells.
                for watcher in self._watchers:
                    watcher.lose()
            batch = _batch(page)
            self._position = page.upto
            for watcher in self._watchers:
                watcher.put(batch.events, batch.position)
            if page.upto == page.state.position:
                return self._position != before
            # Readers write what they have before they get more.
            await asyncio.sleep(0)


def _batch(page: changes.Page, upto: int | None = None) -> Batch:
    """The events of a page, or of it up to a position."""
    last = page.upto if upto is None else min(page.upto, upto)
    return Batch([Event(row, page.links.get(row["uuid"])) for row in page.rows if row["position"] <= last], last)
