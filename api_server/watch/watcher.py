"""What waits for one watcher between the reader of the stream and its own connection: bounded, and in order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from api_server.store.changes import Links

# The kinds that a reader wants, and whether with children and back refs.
Wanted = Mapping[str, bool]


class FellBehind(Exception):
    """What follows cannot be told any more: too much waits for the reader, or it is older than what is kept."""


@dataclass(slots=True)
class Event:
    """One change, with the children and back refs that its object has now; `texts` keeps what it was written as."""

    row: asyncpg.Record
    links: Links | None
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
        # One that is done when there is something to take: each turn of a busy loop that lies in between delays what is told.
        self._waiting: asyncio.Future[None] | None = None
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
            self._wake()

    def lose(self) -> None:
        """Give up: what waits cannot be told, or not all of it."""
        self._lost = True
        self._events.clear()
        self._wake()

    def end(self) -> None:
        """Let it read what waits, and no more."""
        self._over = True
        self._wake()

    async def take(self, interval: float) -> Batch | None:
        """What waits, as soon as something does; a quiet batch when `interval` seconds pass first; None at the end."""
        if not (self._events or self._lost or self._over):
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            timer = loop.call_later(interval, self._wake)
            try:
                await self._waiting
            finally:
                timer.cancel()
                self._waiting = None
        if self._lost:
            raise FellBehind
        if not self._events and self._over:
            return None
        events, self._events = self._events, []
        return Batch(events, self._position, live=True)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
