"""Pings between the processes of a database: who listens holds a lock for all to see, for as long as its connection lasts."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Integer, bindparam, text

from api_server.store.database import Connection
from api_server.store.statements import Statement

CHANNEL = "netweave_changes"
# Any constant does; it only has to be the same for all servers of a database.
LISTENS = 0x6E65_7470_696E_6773

_LISTENED_TO = Statement(
    text(
        """
        SELECT EXISTS (
            SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
            WHERE locktype = 'advisory' AND datname = current_database() AND pid <> :besides
                  AND (CAST(classid AS bigint) << 32 | CAST(objid AS bigint)) = :lock
        )
        """
    ).bindparams(bindparam("besides", type_=Integer), lock=LISTENS)
)
_PING = Statement(text("SELECT pg_notify(:channel, '')").bindparams(channel=CHANNEL))


async def listened_to(connection: Connection, besides: int) -> bool:
    """Whether a session listens, other than that one."""
    found: bool = await connection.fetchval(_LISTENED_TO, besides=besides)
    return found


async def ping(connection: Connection) -> None:
    """Wake all that listen; at the end of the transaction, which must have done nothing else."""
    await connection.execute(_PING)


async def is_direct(raw: Any) -> bool:
    """Whether this is a session of PostgreSQL itself: behind a pooler its number is not the one that was told when it began."""
    # In a transaction, for that has one session of PostgreSQL also where others take turns.
    async with raw.transaction():
        own: bool = await raw.fetchval("SELECT pg_backend_pid() = $1::integer", raw.get_server_pid())
    return own


async def listen(raw: Any, heard: Callable[..., None]) -> None:
    """On a session of its own: hear pings, and let all know."""
    await raw.add_listener(CHANNEL, heard)
    await raw.execute(f"SELECT pg_advisory_lock_shared({LISTENS})")
