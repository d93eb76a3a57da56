"""The one statement that stores new objects with their refs and their change rows, if what was taken for granted holds."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Integer, Text, cast, exists, func, insert, literal_column, select

from api_server.model.resource import Resource
from api_server.store import assumptions
from api_server.store.assumptions import Assumption, Disproved
from api_server.store.database import Connection
from api_server.store.journal import CREATED, Journal
from api_server.store.resources import CHANGE, REFERENCE, WRITTEN, numbered, ref_rows, row_of
from api_server.store.rows import rows_of
from api_server.store.statements import Statement
from api_server.store.tables import change, reference, resource


def _new(table: Any, names: Sequence[str], parameter: str, when: Any) -> Any:
    """Rows that are made together lie a microsecond apart, so that lists show them in the order in which they were asked for."""
    rows = rows_of(table, names, parameter, place=Integer)
    moment = func.statement_timestamp() + rows.c.place * literal_column("interval '1 microsecond'")
    return insert(table).from_select([*names, "created", "modified"], select(*[rows.c[name] for name in names], moment, moment).where(when))


def _inserting() -> Any:
    resources = _new(resource, WRITTEN, "resources", assumptions.hold()).returning(resource.c.uuid).cte("new_resources")
    stored = exists(select(resources.c.uuid))
    rows = rows_of(reference, REFERENCE, "refs")
    refs = insert(reference).from_select(REFERENCE, select(*[rows.c[name] for name in REFERENCE]).where(stored)).cte("new_refs")
    told = _new(change, CHANGE, "changes", stored).returning(cast(change.c.uuid, Text).label("uuid"), change.c.modified)
    return told.add_cte(refs)


INSERT = Statement(_inserting())


async def insert_all(connection: Connection, journal: Journal, new: Sequence[Resource], assumed: Sequence[Assumption] = ()) -> None:
    """
    Store new resources with their refs and change rows, in one statement, and tell each when it was `modified`.

    It stores all of them, or nothing and raises Disproved, if one of the assumptions does not hold in its snapshot. Parents and the
    targets of refs are held by their foreign keys beyond that: who deletes one of them meanwhile makes it a lost race.
    """
    rows = await connection.fetch(
        INSERT,
        # In one order in whichever they were asked for: of two who make the same names one waits for the other, and not each for each.
        resources=_json(sorted((row_of(one) | {"place": place} for place, one in enumerate(new)), key=itemgetter("name_digest"))),
        refs=_json([row for one in new for row in ref_rows(one, numbered(one))]),
        changes=_json([journal.row(CREATED, one, None, one) | {"place": place} for place, one in enumerate(new)]),
        **assumptions.parameters(assumed),
    )
    if not rows:
        raise Disproved
    moments = {row["uuid"]: row["modified"] for row in rows}
    for one in new:
        one.modified = moments[one.uuid]


def _json(rows: Sequence[Any]) -> str:
    return orjson.dumps(rows).decode()
