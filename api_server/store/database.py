"""Connections and transactions: the one place that opens and commits them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import text
from typing_extensions import override

from api_server.errors import Unavailable
from api_server.store.assumptions import Disproved
from api_server.store.connecting import ASIDE, AWAY, RESERVE
from api_server.store.pool import Pool
from api_server.store.statements import Statement

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# A violated constraint means that a rival was first: the whole transaction runs again, sees what the rival
# committed, and its checks then say so in the contract's words.
LOST_A_RACE = (
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.RestrictViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    Disproved,
)
ATTEMPTS = 8
# What is otherwise left to the commit.
CHECK_DEFERRED = Statement(text("SET CONSTRAINTS ALL IMMEDIATE"))
# Every statement has an index. PostgreSQL would read a small table whole instead, and keep the plan until somebody counts how it has grown.
PLANNING = {"enable_seqscan": "off", "random_page_cost": "1.1", "jit": "off"}


class Connection:
    """One connection that speaks in `Statement`s."""

    __slots__ = ("raw",)

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    async def fetch(self, statement: Statement, **given: Any) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self.raw.fetch(statement.sql, *statement.arguments(given))
        return rows

    async def fetchrow(self, statement: Statement, **given: Any) -> asyncpg.Record | None:
        return await self.raw.fetchrow(statement.sql, *statement.arguments(given))

    async def fetchval(self, statement: Statement, **given: Any) -> Any:
        return await self.raw.fetchval(statement.sql, *statement.arguments(given))

    async def execute(self, statement: Statement, **given: Any) -> str:
        status: str = await self.raw.execute(statement.sql, *statement.arguments(given))
        return status


class Writing(Connection):
    """
    A transaction that begins with its first statement that writes or locks. What is read before that sees the same either way (READ
    COMMITTED: each statement sees what is committed when it starts), and two round trips are saved where one statement is all that writes.
    """

    __slots__ = ("again", "kept", "transaction")

    def __init__(self, raw: Any, *, again: bool = False) -> None:
        super().__init__(raw)
        self.transaction: Any = None
        self.kept = True
        # Whether it was tried before, and lost to a rival: it takes its locks first then.
        self.again = again

    @property
    def alone(self) -> Connection:
        """For the last statement: inside the transaction if one has begun, else it is one by itself."""
        return Connection(self.raw)

    @override
    async def fetch(self, statement: Statement, **given: Any) -> list[asyncpg.Record]:
        await self._begin_for(statement)
        return await super().fetch(statement, **given)

    @override
    async def fetchrow(self, statement: Statement, **given: Any) -> asyncpg.Record | None:
        await self._begin_for(statement)
        return await super().fetchrow(statement, **given)

    @override
    async def fetchval(self, statement: Statement, **given: Any) -> Any:
        await self._begin_for(statement)
        return await super().fetchval(statement, **given)

    @override
    async def execute(self, statement: Statement, **given: Any) -> str:
        await self._begin_for(statement)
        return await super().execute(statement, **given)

    async def rehearse(self) -> None:
        """Raise what the commit would raise, and let nothing stay: the transaction ends with a rollback."""
        await self.execute(CHECK_DEFERRED)
        self.kept = False

    async def _begin_for(self, statement: Statement) -> None:
        if self.transaction is None and not statement.only_reads:
            transaction = self.raw.transaction()
            await transaction.start()
            self.transaction = transaction

    async def __aenter__(self) -> "Writing":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None) -> None:
        if self.transaction is not None:
            await (self.transaction.commit() if kind is None and self.kept else self.transaction.rollback())


def session_options(*, pooled: bool, prepared_statements: bool) -> dict[str, Any]:
    """How sessions are opened. Poolers refuse settings that they cannot follow from one connection to the next."""
    settings = {"application_name": "netweave"} | ({} if pooled or not prepared_statements else PLANNING)
    cache = {} if prepared_statements else {"statement_cache_size": 0}
    return {"reset": _keep_session, "server_settings": settings, **cache}


async def _keep_session(_: Any) -> None:
    """asyncpg asks for a reset query at each release; nothing here changes the session, so none is needed."""


def _nobody() -> None:
    """Nobody waits for changes."""


class Database:
    """
    A pool for requests, a small reserve for the short transactions they make beside their own, and one for what watches the stream.
    Where a pooler is in between, only requests pass through it: who waits in its queue while holding one of its connections may wait for
    ever, and a reader of the stream holds one for long.
    """

    def __init__(self, pool: Pool, reserve: Any, aside: Any) -> None:
        self._pool = pool
        self._reserve = reserve
        self._aside = aside
        # Told of each commit; whoever waits for changes puts itself here.
        self.wake: Callable[[], object] = _nobody

    @classmethod
    async def open(cls, url: str, size: int = 16, *, prepared_statements: bool = True, direct_url: str = "") -> "Database":
        """Connect; raises Unavailable when the database cannot be reached. `direct_url` is the way past a pooler."""
        past, pooled = direct_url or url, direct_url not in ("", url)
        options = session_options(pooled=pooled, prepared_statements=prepared_statements)
        direct = session_options(pooled=False, prepared_statements=prepared_statements or pooled)
        try:
            pool = await asyncpg.create_pool(url, min_size=1, max_size=size, **options)
            reserve = await asyncpg.create_pool(past, min_size=1, max_size=RESERVE, **direct)
            aside = await asyncpg.create_pool(past, min_size=0, max_size=ASIDE, **direct)
        except (*AWAY, asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError) as why:
            raise Unavailable(f"The database cannot be reached: {why}") from why
        return cls(Pool(pool, size), reserve, aside)

    async def close(self) -> None:
        await self._aside.close()
        await self._reserve.close()
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection outside any transaction: for reads, each one statement."""
        async with self._pool.lend() as raw:
            yield Connection(raw)

    @asynccontextmanager
    async def transaction(self, *, again: bool = False) -> AsyncIterator[Writing]:
        """Commits when the block ends, rolls back when it raises."""
        async with self._pool.lend() as raw, Writing(raw, again=again) as connection:
            yield connection

    @asynccontextmanager
    async def short(self) -> AsyncIterator[Connection]:
        """A transaction on the reserve: it never waits for a connection that waits for it."""
        async with self._reserve.acquire() as raw, raw.transaction():
            yield Connection(raw)

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[Connection]:
        """A connection for the stream of changes, which takes none from requests however long its readers take."""
        async with self._aside.acquire() as raw:
            yield Connection(raw)

    async def write(self, work: Callable[[Writing], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction and commit; lost races run again, and the last loss is 503."""
        for attempt in range(ATTEMPTS):
            try:
                async with self.transaction(again=attempt > 0) as connection:
                    result = await work(connection)
            except LOST_A_RACE as rival:
                log.debug("ran again after losing race %d: %r", attempt, rival)
                await asyncio.sleep(0.002 * attempt)
            else:
                self.wake()
                return result
        raise Unavailable("The database is too busy with rival writes; try again")
