"""The api-access-lists, all of them, and a number that tells when one has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import cast, func, literal_column, select
from sqlalchemy.types import Text

from api_server.store.database import Connection
from api_server.store.statements import Statement
from api_server.store.tables import resource

ACCESS_LIST = "api-access-list"
_OURS = resource.c.kind == literal_column(f"'{ACCESS_LIST}'")
_EACH = cast(resource.c.uuid, Text).concat(cast(resource.c.modified, Text))

REVISION = Statement(select(func.concat(func.count(), ":", func.bit_xor(func.hashtextextended(_EACH, 0)))).where(_OURS))
ALL = Statement(
    select(
        resource.c.parent_kind,
        cast(resource.c.parent, Text).label("parent"),
        resource.c.properties.op("->")("api_access_list_entries").label("entries"),
    ).where(_OURS)
)


@dataclass(frozen=True, slots=True)
class AccessList:
    """Where a list is, and its rules as they are stored."""

    parent_kind: str
    parent: str
    rules: Sequence[Any]


async def revision(connection: Connection) -> str:
    """Changes with every list that is made, changed or deleted, whichever server does it."""
    return str(await connection.fetchval(REVISION))


async def everything(connection: Connection) -> list[AccessList]:
    rows = await connection.fetch(ALL)
    return [AccessList(row["parent_kind"] or "", row["parent"] or "", _rules(row["entries"])) for row in rows]


def _rules(entries: str | None) -> Sequence[Any]:
    """What the property holds, which clients may also have written empty in any shape."""
    said = orjson.loads(entries) if entries else None
    rules = said.get("rbac_rule") if isinstance(said, dict) else None
    return rules if isinstance(rules, list) else []
