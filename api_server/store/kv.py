"""Texts kept under keys of their users' choosing."""

from collections.abc import Sequence

from sqlalchemy import Column, Table, Text, bindparam, func, select
from sqlalchemy import delete as removal
from sqlalchemy.dialects.postgresql import ARRAY, insert

from api_server.store.database import Connection
from api_server.store.statements import Statement
from api_server.store.tables import metadata

key_value = Table("key_value", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

_put = insert(key_value).values(key=bindparam("key"), value=bindparam("value"))
STORE = Statement(_put.on_conflict_do_update(index_elements=["key"], set_={"value": _put.excluded.value}))
DELETE = Statement(removal(key_value).where(key_value.c.key == bindparam("key")))
SOME = Statement(select(key_value).where(key_value.c.key == func.any(bindparam("keys", type_=ARRAY(Text)))))
ALL = Statement(select(key_value).order_by(key_value.c.key))


async def store(connection: Connection, key: str, value: str) -> None:
    await connection.execute(STORE, key=key, value=value)


async def delete(connection: Connection, key: str) -> None:
    await connection.execute(DELETE, key=key)


async def retrieve(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """The values of those keys that exist."""
    return {row["key"]: row["value"] for row in await connection.fetch(SOME, keys=list(keys))}


async def everything(connection: Connection) -> list[dict[str, str]]:
    return [{"key": row["key"], "value": row["value"]} for row in await connection.fetch(ALL)]
