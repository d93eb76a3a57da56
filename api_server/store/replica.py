"""Reads that may lag: a standby of the database, asked only as far as it is known how old what it tells may be."""

import asyncio
import logging
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import text

from api_server.store.connecting import AWAY
from api_server.store.database import Connection, Database, session_options
from api_server.store.pool import Pool
from api_server.store.statements import Statement

log = logging.getLogger(__name__)

# What a standby may fail with: it is away, stops, or had to cancel a statement that stood in the way of what it replays.
FAILURES = (asyncpg.PostgresError, *AWAY)
# Seconds: between two looks at the primary, for which a standby that failed is left alone, that connecting and being asked how far it is
# may take, that a read may take, and between two complaints of one kind.
INTERVAL, REST, PATIENCE, LONGEST, SILENCE = 0.5, 1.0, 2.0, 60.0, 10.0
# So many looks are remembered: half an hour of writing.
MARKS = 3600

_NOW = Statement(text("SELECT CAST(pg_current_wal_flush_lsn() - '0/0' AS bigint)"))
_REPLAYED = Statement(
    text("SELECT pg_is_in_recovery() AS standby, CAST(coalesce(pg_last_wal_replay_lsn(), '0/0') - '0/0' AS bigint) AS replayed")
)
_WHO = Statement(
    text("SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()) AS database FROM pg_control_system()")
)


class NoReplica(Exception):
    """It is no standby of our database, or none any more."""


class TooFarBehind(Exception):
    """What it tells may be older than is asked for."""


class Mark(NamedTuple):
    """By this moment of this process's clock everything was committed that is before this place in the primary's log."""

    moment: float
    place: int


class Marks:
    """
    How far the primary was when. A standby that has replayed its log up to a mark tells everything that was committed by then: a bound
    that needs no two clocks to agree, and that stays true while nothing is written and while nothing reaches the standby.
    """

    def __init__(self) -> None:
        self._marks: list[Mark] = []

    def add(self, mark: Mark) -> None:
        if self._marks and mark.place < self._marks[-1].place:
            # Another server is the primary now, with a log of its own from some place on.
            self._marks.clear()
        if self._marks and mark.place == self._marks[-1].place:
            self._marks.pop()
        self._marks.append(mark)
        del self._marks[:-MARKS]

    def moment_of(self, place: int) -> float:
        """By when everything was committed that somebody knows who is at this place of the log."""
        count = bisect_right(self._marks, place, key=lambda mark: mark.place)
        return self._marks[count - 1].moment if count else float("-inf")


class Replica:
    """
    Standbys of the primary's cluster behind one address, each connection checked when it is lent: it may lead to another one. A standby
    that is away, too far behind or none at all is no error: the primary answers.
    """

    def __init__(self, primary: Database, *, pooled: bool) -> None:
        self._primary = primary
        self._pooled = pooled
        self._marks = Marks()
        self._rests_until = float("-inf")
        self._complained: dict[str, float] = {}
        self._pool: Pool

    @classmethod
    async def open(cls, url: str, size: int, primary: Database, *, prepared_statements: bool, pooled: bool) -> "Replica":
        """The replica of an open database; it need not be there."""
        replica = cls(primary, pooled=pooled)
        options = session_options(pooled=pooled, prepared_statements=prepared_statements) | {"init": replica._check}
        pool = await asyncpg.create_pool(url, min_size=0, max_size=size, timeout=PATIENCE, command_timeout=LONGEST, **options)
        replica._pool = Pool(pool, size)
        return replica

    async def close(self) -> None:
        await self._pool.close()

    async def follow(self) -> None:
        """Look again and again how far the primary is, until cancelled."""
        while True:
            moment = time.monotonic()
            try:
                async with self._primary.aside() as connection:
                    self._marks.add(Mark(moment, await connection.fetchval(_NOW)))
            except FAILURES as why:
                self._complain("the primary could not be asked how far it is", why)
            await asyncio.sleep(INTERVAL)

    @asynccontextmanager
    async def connection(self, accepted: float, tell: Callable[[float], object]) -> AsyncIterator[Connection]:
        """A standby's, if what it knows is at most so many seconds old, and how old is then told; else the primary's."""
        async with AsyncExitStack() as stack:
            if (raw := await self._lend(stack, accepted, tell)) is not None:
                yield Connection(raw)
            else:
                yield await stack.enter_async_context(self._primary.connection())

    def failed(self, why: Exception) -> None:
        """It could not answer: for a moment nobody asks it."""
        self._rests_until = time.monotonic() + REST
        self._complain("the replica did not answer, the primary does", why)

    async def _lend(self, stack: AsyncExitStack, accepted: float, tell: Callable[[float], object]) -> Any:
        """A standby's connection until the stack ends; None, and a word in the log, if there is none that will do."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            raw, age = await self._take(stack, accepted)
        except TooFarBehind as why:
            self._complain("the replica is too far behind, the primary answers", why)
        except (NoReplica, *FAILURES) as why:
            self.failed(why)
        else:
            tell(age)
            return raw
        return None

    async def _take(self, stack: AsyncExitStack, accepted: float) -> tuple[Any, float]:
        """A connection, and the age of what it knows."""
        async with AsyncExitStack() as ours:
            raw = await ours.enter_async_context(self._pool.lend())
            if self._pooled:
                # The pooler may not hand out another server between the two statements.
                await ours.enter_async_context(raw.transaction(readonly=True))
            age = time.monotonic() - self._marks.moment_of(await _place_of(raw))
            if age <= accepted:
                stack.push_async_exit(ours.pop_all())
                return raw, age
        raise TooFarBehind(f"by {age:.1f} seconds, {accepted:g} are accepted")

    async def _check(self, raw: Any) -> None:
        """Refuse a connection to something else: places in its log would mean nothing."""
        async with self._primary.aside() as connection:
            if await connection.fetchrow(_WHO) != await raw.fetchrow(_WHO.sql):
                raise NoReplica("it is another database")

    def _complain(self, what: str, why: Exception) -> None:
        now = time.monotonic()
        if now > self._complained.get(what, float("-inf")) + SILENCE:
            self._complained[what] = now
            log.warning("%s: %s", what, str(why) or type(why).__name__)


async def _place_of(raw: Any) -> int:
    """How far a standby has replayed the log. A connection that does not tell is cut: it would not say either that it has given up."""
    try:
        row = await raw.fetchrow(_REPLAYED.sql, timeout=PATIENCE)
    except BaseException:
        raw.terminate()
        raise
    if not row["standby"]:
        raw.terminate()
        raise NoReplica("it is no standby")
    place: int = row["replayed"]
    return place
