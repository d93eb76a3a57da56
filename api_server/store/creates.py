"""The one statement that stores new objects with their refs and their change rows, if what was taken for granted holds."""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Insert, Integer, Text, cast, exists, func, insert, literal_column, select

from api_server.model.resource import Resource
from api_server.store import assumptions
from api_server.store.assumptions import Assumption, Disproved
from api_server.store.database import Connection
from api_server.store.journal import CREATED, Journal
from api_server.store.resources import CHANGE, REFERENCE, WRITTEN, numbered, ref_rows, row_of
from api_server.store.rows import rows_of
from api_server.store.statements import Statement
from api_server.store.tables import change, reference, resource

_MOMENTS = ["created", "modified"]


def inserting(when: ColumnElement[bool], **filled: Callable[[Any], ColumnElement[Any]]) -> Insert:
    """
    The statement that stores new objects `when` that is so; it returns the uuid of each, and when it was `modified`.

    Of its objects these columns are `filled` by it: each is made of the row that was given.
    """
    given = rows_of(resource, WRITTEN, "resources", place=Integer)
    values = [filled[name](given) if name in filled else given.c[name] for name in WRITTEN]
    storing = insert(resource).from_select([*WRITTEN, *_MOMENTS], select(*values, *_moments(given)).where(when))
    stored = storing.returning(resource.c.uuid, resource.c.properties).cte("stored")
    any_stored = exists(select(stored.c.uuid))
    links = rows_of(reference, REFERENCE, "refs")
    linking = insert(reference).from_select(REFERENCE, select(*[links.c[name] for name in REFERENCE]).where(any_stored)).cte("linked")
    changes = rows_of(change, CHANGE, "changes", place=Integer)
    told = {name: changes.c[name] for name in CHANGE}
    if filled:
        properties = select(stored.c.properties).where(stored.c.uuid == changes.c.uuid).scalar_subquery()
        told["after"] = func.jsonb_set(changes.c.after, literal_column("'{properties}'"), properties)
    telling = insert(change).from_select([*CHANGE, *_MOMENTS], select(*told.values(), *_moments(changes)).where(any_stored))
    return telling.returning(cast(change.c.uuid, Text).label("uuid"), change.c.modified).add_cte(linking)


def _moments(given: Any) -> list[ColumnElement[Any]]:
    """Rows that are made together lie a microsecond apart, so that lists show them in the order in which they were asked for."""
    moment = func.statement_timestamp() + given.c.place * literal_column("interval '1 microsecond'")
    return [moment, moment]


INSERT = Statement(inserting(assumptions.hold()))


def parameters(journal: Journal, new: Sequence[Resource], assumed: Iterable[Assumption]) -> dict[str, Any]:
    """Those for `inserting` and for `assumptions.hold`."""
    return {
        # In one order in whichever they were asked for: of two who make the same names one waits for the other, and not each for each.
        "resources": _json(sorted((row_of(one) | {"place": place} for place, one in enumerate(new)), key=itemgetter("name_digest"))),
        "refs": _json([row for one in new for row in ref_rows(one, numbered(one))]),
        "changes": _json([journal.row(CREATED, one, None, one) | {"place": place} for place, one in enumerate(new)]),
        **assumptions.parameters(assumed),
    }


async def insert_all(connection: Connection, journal: Journal, new: Sequence[Resource], assumed: Sequence[Assumption] = ()) -> None:
    """
    Store new resources with their refs and change rows, in one statement, and tell each when it was `modified`.

    It stores all of them, or nothing and raises Disproved, if one of the assumptions does not hold in its snapshot. Parents and the
    targets of refs are held by their foreign keys beyond that: who deletes one of them meanwhile makes it a lost race.
    """
    rows = await connection.fetch(INSERT, **parameters(journal, new, assumed))
    if not rows:
        raise Disproved
    moments = {row["uuid"]: row["modified"] for row in rows}
    for one in new:
        one.modified = moments[one.uuid]


def _json(rows: Sequence[Any]) -> str:
    return orjson.dumps(rows).decode()
