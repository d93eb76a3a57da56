"""Answers that are kept under a key of the caller's choosing, so that a request may be sent again without being done again."""

from datetime import timedelta
from typing import Any

import asyncpg
from sqlalchemy import Column, Index, LargeBinary, SmallInteger, Table, Text, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import INTERVAL, insert

from api_server.store.database import Connection
from api_server.store.statements import Statement
from api_server.store.tables import Moment, metadata

kept_answer = Table(
    "kept_answer",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # What the key was used for: in words for the caller who uses it again for something else, and as a digest of all of it.
    Column("request", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False, server_default=func.statement_timestamp()),
    # Filled in before the claim is committed: nobody else ever sees them empty.
    Column("status", SmallInteger, nullable=False, server_default=text("0")),
    Column("media_type", Text, nullable=False, server_default=text("''")),
    Column("body", LargeBinary, nullable=False, server_default=text("''")),
    Index(None, "at"),
)

_retention = bindparam("retention", type_=INTERVAL)
_too_old = kept_answer.c.at < func.statement_timestamp() - _retention
_names = ["caller", "key", "request", "fingerprint"]
_claim = insert(kept_answer).values({name: bindparam(name) for name in _names})
# Waits for a rival who has claimed the key and not committed; what is too old to be kept is taken over.
CLAIM = Statement(
    _claim.on_conflict_do_update(
        index_elements=["caller", "key"],
        set_={"request": _claim.excluded.request, "fingerprint": _claim.excluded.fingerprint, "at": func.statement_timestamp()},
        where=_too_old,
    ).returning(kept_answer.c.key)
)
_this = (kept_answer.c.caller == bindparam("of_caller"), kept_answer.c.key == bindparam("of_key"))
READ = Statement(select(kept_answer).where(*_this))
KEEP = Statement(update(kept_answer).where(*_this).values({name: bindparam(name) for name in ("status", "media_type", "body")}))
FORGET = Statement(delete(kept_answer).where(_too_old))


async def claim(connection: Connection, caller: str, key: str, *, retention: timedelta, **asked: Any) -> asyncpg.Record | None:
    """The row of the answer that is kept under the key; None if there is none, and the key is the caller's until the transaction ends."""
    while not await connection.fetchval(CLAIM, caller=caller, key=key, retention=retention, **asked):
        if kept := await connection.fetchrow(READ, of_caller=caller, of_key=key):
            return kept
    return None


async def keep(connection: Connection, caller: str, key: str, *, status: int, media_type: str, body: bytes) -> None:
    """Keep this answer under the key, which was claimed in this transaction."""
    await connection.execute(KEEP, of_caller=caller, of_key=key, status=status, media_type=media_type, body=body)


async def forget(connection: Connection, retention: timedelta) -> None:
    """Drop every answer that has been kept for that long."""
    await connection.execute(FORGET, retention=retention)
