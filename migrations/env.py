"""Alembic's door: upgrades run on the database whose address the configuration carries, on one connection, in one transaction."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

import api_server.ipam.tables
import api_server.store.answers
import api_server.store.kv  # noqa: F401
from api_server.store.tables import metadata

# One migration at a time, whichever server begins.
TURN = 0x6E65_7478


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")
        context.run_migrations()


async def online() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or ""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            url = "postgresql+asyncpg://" + url.removeprefix(scheme)
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(online())
