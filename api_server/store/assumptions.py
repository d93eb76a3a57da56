"""What a write takes for granted of other objects, proved by the statement that relies on it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, cast, column, exists, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from api_server.store.tables import Moment, resource


class Assumption(NamedTuple):
    """
    Of the uuids from `first` to `last`, the lowest that an object has is of one last modified at `modified`; None: no object has any.

    Every write to an object moves its `modified`, and another under the same uuid has another: what was read beside it holds as long.
    """

    first: str
    last: str
    modified: datetime | None


class Disproved(Exception):
    """One of its assumptions did not hold, so the statement wrote nothing."""


def unchanged(uuid: str, modified: datetime) -> Assumption:
    """The object is as it was at `modified`, when it was read."""
    return Assumption(uuid, uuid, modified)


def nobody_within(first: str, last: str) -> Assumption:
    """No object has a uuid from `first` to `last`."""
    return Assumption(first, last, None)


def hold() -> ColumnElement[bool]:
    """Whether all of those that `parameters` gives hold, in the statement's own snapshot."""
    uuid = UUID(as_uuid=False)
    columns = column("first", uuid), column("last", uuid), column("modified", Moment)
    arrays = [cast(bindparam(f"assumed_{one.name}"), ARRAY(one.type)) for one in columns]
    given = func.unnest(*arrays).table_valued(*columns).render_derived(name="given")
    # The limit that it does not know has PostgreSQL count with one of them, and so keep the plan (see RESOLVE).
    assumed = select(given).limit(func.cardinality(arrays[0])).subquery("assumed")
    found = resource.alias("found")
    # In order, so that it is the index that is read whatever PostgreSQL thinks of a range that it does not know.
    lowest = (
        select(found.c.modified)
        .where(found.c.uuid.between(assumed.c.first, assumed.c.last))
        .order_by(found.c.uuid)
        .limit(literal_column("1"))
    )
    return ~exists().where(lowest.correlate(assumed).scalar_subquery().is_distinct_from(assumed.c.modified))


def parameters(assumed: Iterable[Assumption]) -> dict[str, Any]:
    """Those for `hold`."""
    rows = list(assumed)
    return {f"assumed_{name}": [row[place] for row in rows] for place, name in enumerate(Assumption._fields)}
