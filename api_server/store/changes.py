"""The stream of changes: positions for what is committed, and what was done from a position on."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import asyncpg
import orjson
from sqlalchemy import Select, bindparam, cast, column, func, literal_column, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.types import BigInteger, Text

from api_server.model.caller import Caller
from api_server.store.database import Connection
from api_server.store.resources import UUIDS
from api_server.store.sight import readable, sight_of
from api_server.store.statements import Statement
from api_server.store.tables import change, change_position, resource
from api_server.store.wire import View, document, links, parameters

# Any constant does; it only has to be the same for all servers of a database.
TURN = 0x6E65_7463_6861_6E67
# How many changes are read at once.
MOST = 1000
# Entries of links under their names.
Links = dict[str, list[dict[str, Any]]]


class Snapshot(NamedTuple):
    """Which transactions a statement sees: those before `lowest`, and those before `next` that were not `running`."""

    lowest: int
    next: int
    running: Sequence[int]

    def sees(self, xid: int) -> bool:
        return xid < self.lowest or (xid < self.next and xid not in self.running)


@dataclass(frozen=True, slots=True)
class State:
    """How far the numbering is: its last position, and the highest one that retention dropped."""

    position: int
    forgotten: int
    # The database was restored where transaction ids are lower: those that were seen say nothing of those to come.
    restored: bool

    def knows(self, position: int) -> bool:
        """Whether all that happened after this position can be told."""
        return self.forgotten <= position <= self.position


_STATE = Statement(text("SELECT position, forgotten, pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot()) FROM numbering"))
_NUMBER = Statement(text("SELECT settled, dropped, restored FROM number_changes(NULL, NULL, NULL)"))
_TURN = Statement(select(func.pg_advisory_xact_lock(bindparam("turn", type_=BigInteger))))
# Each object's changes in the order of its row lock; and this statement's snapshot is what is seen from now on.
_NUMBER_ALL = Statement(
    text(
        """
        WITH numbered AS (
            INSERT INTO change_position (position, at, xid, revision, kind, uuid, actor, request_id)
            SELECT position + row_number() OVER (ORDER BY revision), at, xid, revision, kind, uuid, actor, request_id
            FROM change CROSS JOIN (SELECT position FROM numbering) AS last
            WHERE NOT EXISTS (SELECT FROM change_position AS p WHERE (p.at, p.xid, p.revision) = (change.at, change.xid, change.revision))
            RETURNING position
        )
        UPDATE numbering SET seen = pg_current_snapshot(), position = position + (SELECT count(*) FROM numbered)
        """
    )
)


async def state_of(connection: Connection) -> State:
    row = await connection.fetchrow(_STATE)
    assert row is not None, "the migration makes the row"
    return State(*row)


async def settle(connection: Connection) -> State:
    """Give positions to all changes that are committed and have none, in an order that never changes: the state then."""
    row = await connection.fetchrow(_NUMBER)
    assert row is not None, "the migration makes the function"
    if not row["restored"]:
        return State(*row)
    async with connection.raw.transaction():
        # A statement of its own: the next one then sees what the last holder of the turn committed.
        await connection.execute(_TURN, turn=TURN)
        if (await state_of(connection)).restored:
            await connection.execute(_NUMBER_ALL)
    return await settle(connection)


# --- reading ---------------------------------------------------------------------------------------------------

_NOW = Statement(select(func.pg_current_snapshot().label("snapshot"), text("position")).select_from(text("numbering")))


async def look(connection: Connection) -> tuple[Snapshot, int]:
    """In a transaction that keeps one snapshot: what it sees, and a position up to which it sees everything."""
    row = await connection.fetchrow(_NOW)
    assert row is not None, "the migration makes the row"
    return Snapshot(*row["snapshot"]), row["position"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which changes: None where the request did not ask."""

    after: int | None = None
    before: int | None = None
    since: datetime | None = None
    kinds: tuple[str, ...] | None = None
    uuid: str | None = None
    actor: str | None = None
    request_id: str | None = None
    newest_first: bool = False
    limit: int = 100


_CONDITIONS = {
    "after": change_position.c.position > bindparam("after", type_=BigInteger),
    "before": change_position.c.position < bindparam("before", type_=BigInteger),
    "since": change_position.c.at >= bindparam("since"),
    "kinds": change_position.c.kind == func.any(bindparam("kinds", type_=ARRAY(Text))),
    "uuid": change_position.c.uuid == bindparam("uuid"),
    "actor": change_position.c.actor == bindparam("actor"),
    "request_id": change_position.c.request_id == bindparam("request_id"),
}
_TOLD = ["operation", "kind", "fq_name", "actor", "request_id", "created", "modified", "before", "after"]


@lru_cache(maxsize=256)
def _selecting(conditions: frozenset[str], *, newest_first: bool) -> Statement:
    return Statement(_select([_CONDITIONS[name] for name in sorted(conditions)], newest_first=newest_first))


def _select(conditions: Sequence[Any], *, newest_first: bool) -> Select[Any]:
    """First the narrow rows, then for each of them its wide one, within a limit that the planner knows: no estimate can turn that
    into reading whole partitions."""
    position = change_position.c.position
    places = select(position, change_position.c.at, change_position.c.xid, change_position.c.revision).where(*conditions)
    page = places.order_by(position.desc() if newest_first else position).limit(literal_column(str(MOST))).subquery("page")
    chosen = select(page).limit(bindparam("limit")).subquery("chosen")
    told = _told_at(chosen)
    query = select(chosen.c.position, chosen.c.xid, chosen.c.at, *told.c).select_from(chosen.join(told, true()))
    return query.order_by(chosen.c.position.desc() if newest_first else chosen.c.position)


def _told_at(place: Any) -> Any:
    """The wide row of a place, looked up by its index."""
    same = [change.c[name] == place.c[name] for name in ("at", "xid", "revision")]
    return select(cast(change.c.uuid, Text).label("uuid"), *[change.c[name] for name in _TOLD]).where(*same).limit(1).lateral("told")


async def select_changes(connection: Connection, query: Query) -> list[asyncpg.Record]:
    """The changes asked for, in the order of their positions, at most `limit`, which is at most MOST."""
    asked = {name: value for name in _CONDITIONS if (value := getattr(query, name)) is not None}
    statement = _selecting(frozenset(asked), newest_first=query.newest_first)
    return await connection.fetch(statement, **asked, limit=query.limit)


_STATE_COLUMNS = ("settled", "dropped", "restored")
_PLACE = {"position": "positions", "at": "moments", "xid": "xids", "revision": "revisions", "latest": "latest"}


def _following() -> Select[Any]:
    """Numbering and reading in one round trip. What is told is what this statement sees itself: so its links are no older."""
    given = (func.pg_current_snapshot(), bindparam("after", type_=BigInteger), bindparam("kinds", type_=ARRAY(Text)))
    state = func.number_changes(*given).table_valued(*[column(name) for name in (*_STATE_COLUMNS, "upto", *_PLACE.values())]).alias("state")
    places = func.unnest(*[state.c[name] for name in _PLACE.values()]).table_valued(*map(column, _PLACE)).render_derived("place")
    told = _told_at(places)
    linked = [places.c.latest, told.c.after.is_not(None), told.c.kind == func.any(bindparam("linked", type_=ARRAY(Text)))]
    here = resource.c.uuid == cast(told.c.uuid, UUID(as_uuid=False))
    around = links(View(refs="", children="all", back_refs="all")).label("links")
    found = select(around).where(here, *linked).lateral("found")
    columns = [state.c[name] for name in (*_STATE_COLUMNS, "upto")]
    query = select(*columns, places.c.position, places.c.xid, places.c.latest, *told.c, *found.c)
    return query.select_from(state.outerjoin(places, true()).outerjoin(told, true()).outerjoin(found, true())).order_by(places.c.position)


_FOLLOW = Statement(_following())


class Page(NamedTuple):
    """Changes after a position, and the one up to which there are no others; `links` are the children and back refs of their objects."""

    state: State
    upto: int
    rows: Sequence[asyncpg.Record]
    links: Mapping[str, Links]


async def follow(connection: Connection, after: int, kinds: Mapping[str, bool]) -> Page:
    """Settle, and read what comes after a position of these kinds, of some with the links that their objects have now."""
    linked = [kind for kind, wanted in kinds.items() if wanted]
    rows = await connection.fetch(_FOLLOW, after=after, kinds=list(kinds), linked=linked)
    first = rows[0]
    if first["restored"]:
        await settle(connection)
        return await follow(connection, after, kinds)
    state = State(*[first[name] for name in _STATE_COLUMNS])
    told = rows if first["position"] is not None else []
    around = {row["uuid"]: orjson.loads(f"{{{row['links'][1:]}}}") for row in told if row["links"] is not None}
    return Page(state, first["upto"], told, around)


_SOME = resource.c.uuid == func.any(bindparam("uuids", type_=UUIDS))
_UUID = cast(resource.c.uuid, Text).label("uuid")
_READABLE = Statement(select(_UUID).where(_SOME, readable(resource)))


@lru_cache(maxsize=64)
def _listing(view: View) -> Statement:
    seen = [readable(resource)] if view.guarded else []
    return Statement(select(document(view)).where(resource.c.kind == bindparam("kind"), *seen))


async def list_of(
    connection: Connection, kind: str, view: View, base: str, fields: Iterable[str] | None, caller: Caller, *, size: int
) -> AsyncGenerator[list[str], None]:
    """The documents of all objects of a kind that the caller may read, as the transaction's snapshot has them, so many at a time."""
    statement = _listing(view)
    given = {"kind": kind, **parameters(base, fields), **sight_of(caller)}
    cursor = await connection.raw.cursor(statement.sql, *statement.arguments(given))
    while rows := await cursor.fetch(size):
        yield [row[0] for row in rows]


async def readable_of(connection: Connection, uuids: Iterable[str], caller: Caller) -> frozenset[str]:
    """Those of these objects that the caller may read now."""
    return frozenset(row["uuid"] for row in await connection.fetch(_READABLE, uuids=sorted(uuids), **sight_of(caller)))
