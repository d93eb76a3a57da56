"""A database made ready for workers: migrated or checked, bootstrapped, and with connections enough for all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from api_server.bootstrap import bootstrap, world_of
from api_server.errors import Unavailable
from api_server.model.catalog import load
from api_server.model.quota import UnknownQuota
from api_server.settings import Settings
from api_server.store.database import ASIDE, AWAY, Database
from api_server.supervisor.fault import BadSetting, TooFewConnections
from api_server.supervisor.migration import check_known, check_revision, newest, revision_of, upgrade
from api_server.transaction import World

# Any constant does; it only has to be the same for all servers of a database.
TURN = 0x6E65_7477_6561_7665
# What a worker holds beside its pool: the reserve of `Database`, and what it keeps aside.
RESERVE = 2 + ASIDE


async def bring_up_to_date(settings: Settings) -> tuple[str | None, str]:
    """Migrate to this version; the revisions before and after. Servers that start at once take turns."""
    async with _turn(settings) as connection:
        before = await revision_of(connection)
        check_known(_spoken(settings), before)
        await asyncio.to_thread(upgrade, _direct_url(settings))
        return before, newest()


async def make_ready(settings: Settings) -> None:
    """Check that the database is what this version writes to, and put the bootstrap objects in it (contract 6)."""
    async with _turn(settings) as connection:
        world = _world(settings)
        check_revision(_spoken(settings), await revision_of(connection))
        await _check_connections(connection, settings)
        database = await Database.open(settings.database_url, 2, prepared_statements=settings.prepared_statements)
        try:
            await bootstrap(database, world)
        finally:
            await database.close()


def _world(settings: Settings) -> World:
    try:
        return world_of(load(), settings)
    except UnknownQuota as why:
        raise BadSetting(str(why)) from why


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
    each = settings.pool_size + RESERVE
    if settings.workers * each > limit:
        raise TooFewConnections(settings.workers, each, limit)


def _direct_url(settings: Settings) -> str:
    """Locks of a session and migrations do not pass through a pooler."""
    return settings.database_direct_url or settings.database_url


def _spoken(settings: Settings) -> str:
    """The database's address without its password."""
    parts = urlsplit(_direct_url(settings))
    return f"{parts.hostname or 'on a local socket'}{f':{parts.port}' if parts.port else ''}{parts.path}"
