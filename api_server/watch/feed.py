"""One reader of the stream for all watchers of this process: what it reads once, each of them is handed."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg

from api_server.store import changes
from api_server.store.connecting import AWAY
from api_server.store.database import Connection, Database

log = logging.getLogger(__name__)

# The kinds that a reader wants, and whether with children and back refs.
Wanted = Mapping[str, bool]
Answer = TypeVar("Answer")
Clock = Callable[[float], Awaitable[object]]

PAGE = 500
# Seconds: how often other processes' writes are looked for, and how far rounds are apart when this one's wake it all the time.
POLL, REST = 0.02, 0.005
# After the database could not be asked.
PAUSE = 0.5
# How long a reader may take for what is on its way to it, in general and when the server stops.
SENDING, FAREWELL = 60.0, 1.0
# How many read the lists they start from at the same time.
LISTS = 2


class FellBehind(Exception):
    """What follows cannot be told any more: too much waits for the reader, or it is older than what is kept."""


@dataclass(slots=True)
class Event:
    """One change, with the children and back refs that its object has now; `texts` keeps what it was written as."""

    row: asyncpg.Record
    links: asyncpg.Record | None
    texts: dict[Any, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some events in their order, and the position up to which everything has then been told; `live` ones are told as they come."""

    events: Sequence[Event]
    position: int
    live: bool = False

    @property
    def quiet(self) -> bool:
        """Whether nothing came for as long as the reader wanted to wait."""
        return self.live and not self.events


class Watcher:
    """What waits for one reader, from the position after `start`."""

    def __init__(self, wanted: Wanted, limit: int, start: int) -> None:
        self.wanted = wanted
        self.start = self._position = start
        self._limit = limit
        self._events: list[Event] = []
        self._ready = asyncio.Event()
        self._lost = False
        self._over = False

    def put(self, events: Sequence[Event], position: int) -> None:
        """Hand it those of its kinds; more than it may have waiting, and it gets nothing any more."""
        mine = [event for event in events if event.row["kind"] in self.wanted]
        self._position = position
        if len(self._events) + len(mine) > self._limit:
            self.lose()
        elif mine and not self._lost:
            self._events += mine
            self._ready.set()

    def lose(self) -> None:
        """Give up: what waits cannot be told, or not all of it."""
        self._lost = True
        self._events.clear()
        self._ready.set()

    def end(self) -> None:
        """Let it read what waits, and no more."""
        self._over = True
        self._ready.set()

    async def take(self, clock: Clock, interval: float) -> Batch | None:
        """What waits, as soon as something does; a quiet batch when `interval` passes first; None at the end."""
        if not self._ready.is_set():
            ready, time = asyncio.ensure_future(self._ready.wait()), asyncio.ensure_future(clock(interval))
            try:
                await asyncio.wait({ready, time}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ready.cancel()
                time.cancel()
        if self._lost:
            raise FellBehind
        if not self._events and self._over:
            return None
        events, self._events = self._events, []
        if not self._over:
            self._ready.clear()
        return Batch(events, self._position, live=True)


class Feed:
    """Reads the stream while somebody watches; idle, it asks nothing."""

    def __init__(self, database: Database, limit: int, clock: Clock = asyncio.sleep) -> None:
        self.clock = clock
        self._database = database
        self._limit = limit
        self._watchers: set[Watcher] = set()
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
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
        while True:
            if state := await self._ask(changes.settle):
                return state.position
            await asyncio.sleep(REST)

    async def follow(self, wanted: Wanted, after: int, interval: Callable[[], float]) -> AsyncGenerator[Batch, None]:
        """
        What happened to objects of these kinds after a position: first from the table, then as it comes. A quiet batch when `interval`
        seconds pass without; ends when the server stops; raises FellBehind.
        """
        while not self.closed:
            batch = await self.read(wanted, after)
            yield batch
            after = batch.position
            if len(batch.events) < PAGE:
                break
        async with self._join(wanted) as watcher:
            while after < watcher.start and not self.closed:
                batch = await self.read(wanted, after, watcher.start)
                yield batch
                after = batch.position
            while (live := await watcher.take(self.clock, interval())) is not None:
                # The table may have been read further than the reader of all had come.
                yield Batch([event for event in live.events if event.row["position"] > after], max(live.position, after), live=True)

    async def read(self, wanted: Wanted, after: int, upto: int | None = None) -> Batch:
        """A page of the table after a position; FellBehind when not all of it is kept."""

        async def page(connection: Connection) -> Batch:
            state = await _settled(connection)
            if not state.knows(after):
                raise FellBehind
            return await _page(connection, wanted, after, state.position if upto is None else upto)

        return await self._ask(page)

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
                self._database.wake = self._woken.set
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
        try:
            while await self._read_once():
                await self._rest()
        finally:
            # However it ends, nobody waits for what will not come.
            self._reader = None
            for watcher in self._watchers:
                watcher.end()

    async def _read_once(self) -> bool:
        """A round; False when nobody watches any more."""
        self._woken.clear()
        async with self._turn:
            if not self._watchers:
                return False
            await self._ask(self._round)
        return True

    async def _rest(self) -> None:
        await asyncio.sleep(REST)
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL - REST):
                await self._woken.wait()

    async def _round(self, connection: Connection) -> None:
        wanted: dict[str, bool] = {}
        for watcher in self._watchers:
            wanted |= {kind: links or wanted.get(kind, False) for kind, links in watcher.wanted.items()}
        state = await _settled(connection)
        if state.position < self._position:
            # The database is another one, or was set back: what its readers know is not what it tells.
            for watcher in self._watchers:
                watcher.lose()
        while self._position < state.position:
            batch = await _page(connection, wanted, self._position, state.position)
            self._position = batch.position
            for watcher in self._watchers:
                watcher.put(batch.events, batch.position)
            # Readers write what they have before they get more.
            await asyncio.sleep(0)


async def _settled(connection: Connection) -> changes.State:
    return await changes.settle(connection) or await changes.state_of(connection)


async def _page(connection: Connection, wanted: Wanted, after: int, upto: int) -> Batch:
    query = changes.Query(after=after, before=upto + 1, kinds=tuple(sorted(wanted)), limit=PAGE)
    rows = await changes.select_changes(connection, query)
    there = {row["uuid"] for row in rows if row["after"] is not None and wanted[row["kind"]]}
    links = await changes.links_of(connection, sorted(there)) if there else {}
    events = [Event(row, links.get(row["uuid"])) for row in rows]
    return Batch(events, rows[-1]["position"] if len(rows) == PAGE else upto)
