"""A database made ready for workers: migrated or checked, and with connections enough for all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from api_server.errors import Unavailable
from api_server.settings import Settings
from api_server.store.connecting import ASIDE, AWAY, LISTENING, RESERVE
from api_server.supervisor.fault import TooFewConnections
from api_server.supervisor.migration import check_known, check_revision, newest, revision_of, upgrade

# Any constant does; it only has to be the same for all servers of a database.
TURN = 0x6E65_7477_6561_7665


async def bring_up_to_date(settings: Settings) -> tuple[str | None, str]:
    """Migrate to this version; the revisions before and after. Servers that start at once take turns."""
    async with _turn(settings) as connection:
        before, after = await revision_of(connection), newest()
        if before != after:
            check_known(_spoken(settings), before)
            await upgrade(_direct_url(settings))
        return before, after


async def check_ready(settings: Settings) -> None:
    """Check that the database is what this version writes to, and that it has connections for all workers."""
    async with _turn(settings) as connection:
        check_revision(_spoken(settings), await revision_of(connection))
        await _check_connections(connection, settings)


@asynccontextmanager
async def _turn(settings: Settings) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    try:
        connection = await asyncpg.connect(_direct_url(settings), statement_cache_size=100 if settings.prepared_statements else 0)
    except (*AWAY, asyncpg.PostgresError, ValueError) as why:
        raise Unavailable(f"The database {_spoken(settings)} cannot be reached: {why}") from why
    try:
        # A lock of the transaction, not of the session: a pooler would hand the session on with the lock still held.
        async with connection.transaction():
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # a migration may take long
            await connection.execute("SELECT pg_advisory_xact_lock($1)", TURN)
            yield connection
    finally:
        await connection.close()


async def _check_connections(connection: "asyncpg.Connection[asyncpg.Record]", settings: Settings) -> None:
    limit = await connection.fetchval(
        "SELECT sum(CASE name WHEN 'max_connections' THEN setting::int ELSE -setting::int END) FROM pg_settings"
        " WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')"
    )
    # A pooler shares its connections among those of the pools.
    each = RESERVE + ASIDE + LISTENING + (0 if settings.pooled else settings.pool_size)
    if settings.workers * each > limit:
        raise TooFewConnections(settings.workers, each, limit)


def _direct_url(settings: Settings) -> str:
    """Locks of a session and migrations do not pass through a pooler."""
    return settings.database_direct_url or settings.database_url


def _spoken(settings: Settings) -> str:
    """The database's address without its password."""
    parts = urlsplit(_direct_url(settings))
    return f"{parts.hostname or 'on a local socket'}{f':{parts.port}' if parts.port else ''}{parts.path}"
