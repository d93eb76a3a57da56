"""The one statement that stores new objects with their refs and their change rows, if what was taken for granted holds."""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import CTE, ColumnElement, Insert, Integer, Select, Text, cast, exists, func, insert, literal_column, select, true

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


def inserting(gate: ColumnElement[bool] | CTE, **filled: Callable[[Any], ColumnElement[Any]]) -> Insert:
    """
    The statement that stores new objects if the gate is so; it returns the uuid of each, and when it was `modified`.

    For one object the gate may be a part of the statement that yields one row or none, and the object's columns may be `filled`: each
    is made of the row that was given.
    """
    given = rows_of(resource, WRITTEN, "resources", place=Integer)
    values = [filled[name](given) if name in filled else given.c[name] for name in WRITTEN]
    storing = insert(resource).from_select([*WRITTEN, *_MOMENTS], _through(gate, given, [*values, *_moments(given)]))
    stored = storing.returning(resource.c.uuid, resource.c.properties).cte("stored")
    # A join with the one row: each condition would be a plan of its own, which takes PostgreSQL longer to set up than to run.
    rest = stored if isinstance(gate, CTE) else exists(select(stored.c.uuid))
    links = rows_of(reference, REFERENCE, "refs")
    linking = insert(reference).from_select(REFERENCE, _through(rest, links, [links.c[name] for name in REFERENCE])).cte("linked")
    changes = rows_of(change, CHANGE, "changes", place=Integer)
    told = {name: changes.c[name] for name in CHANGE}
    if filled:
        told["after"] = func.jsonb_set(changes.c.after, literal_column("'{properties}'"), stored.c.properties)
    telling = insert(change).from_select([*CHANGE, *_MOMENTS], _through(rest, changes, [*told.values(), *_moments(changes)]))
    return telling.returning(cast(change.c.uuid, Text).label("uuid"), change.c.modified).add_cte(linking)


def _through(gate: ColumnElement[bool] | CTE, rows: Any, values: Sequence[ColumnElement[Any]]) -> Select[Any]:
    chosen = select(*values)
    return chosen.select_from(rows.join(gate, true())) if isinstance(gate, CTE) else chosen.where(gate)


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
