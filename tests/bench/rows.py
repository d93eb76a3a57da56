"""The rows that a pair leaves in the database, as the SQL that writes such rows again: the yardstick of creates."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from tests.bench.connection import Connection
from tests.bench.world import create, instance_ip, port

# What the database gives by itself, to the server's rows as to these.
_GIVEN = {"change": {"revision", "xid", "at", "created", "modified"}, "resource": {"created", "modified"}}
_TABLES = {"resource": "uuid", "reference": "source", "address": "owner", "change": "uuid"}
# Far enough apart that no two clients come to the same address of 10.0.0.0/8.
_APART = 400_000
# A pair is told from others by one number; both sides make uuid, name and address of it in the same way.
_NUMBER = "cast(:n as text)"
_IP = f"cast('10.1.0.0' as inet) + cast({_NUMBER} as bigint)"


@dataclass(frozen=True, slots=True)
class Script:
    """The transactions of a pair, one INSERT a table; `:n` is the pair's number, `:d0`, `:d1` … are `documents`."""

    transactions: tuple[tuple[str, ...], tuple[str, ...]]
    documents: Mapping[str, str]

    @property
    def sql(self) -> str:
        """For pgbench: two transactions, as the two requests are."""
        blocks = ["BEGIN;\n" + "".join(f"{sql};\n" for sql in statements) + "END;\n" for statements in self.transactions]
        return f"\\set number :number + 1\n\\set n :client_id * {_APART} + :number\n" + "".join(blocks)

    @property
    def given(self) -> Mapping[str, str]:
        """The variables that it starts with."""
        return {"number": "0", **self.documents}

    @property
    def rows(self) -> str:
        """How many rows of which table, for the reader."""
        statements = [statement for transaction in self.transactions for statement in transaction]
        counts = {table: sum(len(re.findall(r"^\(", one, re.MULTILINE)) for one in statements if f" {table} " in one) for table in _TABLES}
        return ", ".join(f"{count} {table}" for table, count in counts.items())


async def read_script(url: str, database: str) -> Script:
    """Create a pair through the API and see what it leaves."""
    connection = await Connection.open(url)
    uuids = [
        await create(connection, port("template")),
        await create(connection, instance_ip("template")),
    ]
    await connection.close()
    session = await asyncpg.connect(database)
    writing = _Writing({uuid: f"cast(md5('{place}' || {_NUMBER}) as uuid)" for place, uuid in enumerate(uuids)})
    one, other = [
        tuple(
            [
                statement
                for table, column in _TABLES.items()
                if (statement := writing.insert(table, await _left(session, table, column, uuid)))
            ]
        )
        for uuid in uuids
    ]
    await session.close()
    return Script((one, other), writing.documents)


async def _left(session: Any, table: str, column: str, uuid: str) -> list[Mapping[str, Any]]:
    types = await session.fetch(
        # What PostgreSQL makes of other columns is not written.
        "SELECT attname, atttypid::regtype::text AS type FROM pg_attribute "
        "WHERE attrelid = $1::regclass AND attnum > 0 AND attgenerated = ''",
        table,
    )
    rows = await session.fetch(f"SELECT * FROM {table} WHERE {column} = $1", uuid)
    kinds = {one["attname"]: one["type"] for one in types}
    return [
        {name: (kinds[name], value) for name, value in row.items() if name in kinds and name not in _GIVEN.get(table, ())} for row in rows
    ]


class _Writing:
    """Rows to INSERT statements; documents become parameters, as they are to the server."""

    def __init__(self, uuids: Mapping[str, str]) -> None:
        self._uuids = uuids
        self.documents: dict[str, str] = {}

    def insert(self, table: str, rows: Sequence[Mapping[str, tuple[str, Any]]]) -> str:
        """One statement for all rows of a table; none without rows."""
        values = ["(" + ", ".join(self._value(name, *cell) for name, cell in row.items()) + ")" for row in rows]
        return f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES\n" + ",\n".join(values) if rows else ""

    def _value(self, name: str, kind: str, value: Any) -> str:
        if value is None:
            return "NULL"
        if kind == "jsonb":
            return self._parameter(orjson.dumps(orjson.loads(value)).decode(), kind)
        if kind == "inet":
            return _IP
        if kind == "uuid":
            return self._uuids.get(str(value), f"'{value}'")
        if name == "name_digest":
            return f"sha256(cast({_NUMBER} as bytea))"
        if name == "fq_name":
            elements = [f"'{element}'" for element in value[:-1]]
            return f"cast(array[{', '.join([*elements, _NUMBER])}] as text[])"
        if isinstance(value, str):
            # pgbench takes what follows a colon for a variable, in a text too.
            return self._parameter(value, "text") if ":" in value else f"'{value}'"
        return str(value)

    def _parameter(self, value: str, kind: str) -> str:
        parameter = f"d{len(self.documents)}"
        self.documents[parameter] = value
        return f"cast(:{parameter} as {kind})"
