"""The stream of changes: positions for what is committed, and what was done from a position on."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import Select, bindparam, cast, func, literal_column, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Text

from api_server.model.caller import Caller
from api_server.store.database import Connection
from api_server.store.resources import BACK_REFS, CHILDREN, UUIDS, reading
from api_server.store.sight import readable, sight_of
from api_server.store.statements import Statement
from api_server.store.tables import change, change_position, resource

# Any constant does; it only has to be the same for all servers of a database.
TURN = 0x6E65_7463_6861_6E67
# How many changes are read at once.
MOST = 1000


class Snapshot(NamedTuple):
    """Which transactions a statement sees: those before `lowest`, and those before `next` that were not `running`."""

    lowest: int
    next: int
    running: Sequence[int]

    def sees(self, xid: int) -> bool:
        return xid < self.lowest or (xid < self.next and xid not in self.running)


@dataclass(frozen=True, slots=True)
class State:
    """How far the numbering is: its last position, the highest one that retention dropped, and whether committed changes have none yet."""

    position: int
    forgotten: int
    waiting: bool
    # The database was restored where transaction ids are lower: those that were seen say nothing of those to come.
    restored: bool

    def knows(self, position: int) -> bool:
        """Whether all that happened after this position can be told."""
        return self.forgotten <= position <= self.position


# What is not seen is either newer than the snapshot or was running then. Looked up so, and not by what is visible, an open transaction
# costs one look at an index, however long it lasts.
_STATE = Statement(
    text(
        """
        SELECT position, forgotten,
               coalesce((SELECT xid FROM change ORDER BY xid DESC LIMIT 1) >= pg_snapshot_xmax(seen), false)
               OR EXISTS (SELECT FROM change WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip(seen)))) AS waiting,
               pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot()) AS restored
        FROM numbering
        """
    )
)
# Estimates know nothing of a transaction id that comes from a row: without this a third of the table is expected, and all of it read.
_TURN = Statement(
    select(
        func.pg_try_advisory_xact_lock(bindparam("turn", type_=BigInteger)), func.set_config("enable_seqscan", bindparam("scan"), true())
    )
)
_UNSEEN = """
    SELECT change.* FROM change WHERE xid >= (SELECT next FROM last)
    UNION ALL
    SELECT change.* FROM change WHERE xid = ANY (CAST((SELECT running FROM last) AS xid8[]))
"""
_UNNUMBERED = """
    SELECT * FROM change
    WHERE NOT EXISTS (SELECT FROM change_position AS p WHERE p.at = change.at AND p.xid = change.xid AND p.revision = change.revision)
"""
# Each object's changes in the order of its row lock; and this statement's snapshot is what is seen from now on.
_GIVE = """
    WITH last AS MATERIALIZED (
        SELECT position, pg_snapshot_xmax(seen) AS next, ARRAY(SELECT pg_snapshot_xip(seen)) AS running FROM numbering
    ),
    fresh AS (:fresh),
    numbered AS (
        INSERT INTO change_position (position, at, xid, revision, kind, uuid, actor, request_id)
        SELECT last.position + row_number() OVER (ORDER BY revision), at, xid, revision, kind, uuid, actor, request_id
        FROM fresh CROSS JOIN last
        RETURNING position
    )
    UPDATE numbering SET seen = pg_current_snapshot(), position = position + (SELECT count(*) FROM numbered) RETURNING position
"""
_NUMBER = Statement(text(_GIVE.replace(":fresh", _UNSEEN)))
_NUMBER_ALL = Statement(text(_GIVE.replace(":fresh", _UNNUMBERED)))


async def state_of(connection: Connection) -> State:
    row = await connection.fetchrow(_STATE)
    assert row is not None, "the migration makes the row"
    return State(*row)


async def settle(connection: Connection) -> State | None:
    """
    Give positions to all changes that are committed and have none, in an order that never changes: the state then.
    None when another process is at it; what it sees may be older than this call.
    """
    state = await state_of(connection)
    if not (state.waiting or state.restored):
        return state
    async with connection.raw.transaction():
        # A statement of its own: the next one then sees what the last holder of the turn committed.
        turn, _ = await connection.fetchrow(_TURN, turn=TURN, scan="on" if state.restored else "off") or (False, "")
        if not turn:
            return None
        position = await connection.fetchval(_NUMBER_ALL if state.restored else _NUMBER)
    return State(position, state.forgotten, waiting=False, restored=False)


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
    same = [change.c[name] == chosen.c[name] for name in ("at", "xid", "revision")]
    told = select(cast(change.c.uuid, Text).label("uuid"), *[change.c[name] for name in _TOLD]).where(*same).limit(1).lateral("told")
    query = select(chosen.c.position, chosen.c.xid, chosen.c.at, *told.c).select_from(chosen.join(told, true()))
    return query.order_by(chosen.c.position.desc() if newest_first else chosen.c.position)


async def select_changes(connection: Connection, query: Query) -> list[asyncpg.Record]:
    """The changes asked for, in the order of their positions, at most `limit`, which is at most MOST."""
    asked = {name: value for name in _CONDITIONS if (value := getattr(query, name)) is not None}
    statement = _selecting(frozenset(asked), newest_first=query.newest_first)
    return await connection.fetch(statement, **asked, limit=query.limit)


_SOME = resource.c.uuid == func.any(bindparam("uuids", type_=UUIDS))
_UUID = cast(resource.c.uuid, Text).label("uuid")
_LINKS = Statement(select(_UUID, CHILDREN.scalar_subquery().label("children"), BACK_REFS.scalar_subquery().label("back_refs")).where(_SOME))
_READABLE = Statement(select(_UUID).where(_SOME, readable(resource)))
_LISTS = {
    (links, guarded): Statement(
        reading(children=links, back_refs=links, guarded=guarded).where(
            resource.c.kind == bindparam("kind"), *([readable(resource)] if guarded else [])
        )
    )
    for links in (False, True)
    for guarded in (False, True)
}


async def list_of(
    connection: Connection, kind: str, size: int, *, links: bool, caller: Caller
) -> AsyncGenerator[list[asyncpg.Record], None]:
    """All objects of a kind that the caller may read, as the transaction's snapshot has them, so many at a time."""
    statement = _LISTS[links, not caller.admin]
    cursor = await connection.raw.cursor(statement.sql, *statement.arguments({"kind": kind, **sight_of(caller)}))
    while rows := await cursor.fetch(size):
        yield rows


async def links_of(connection: Connection, uuids: Sequence[str]) -> dict[str, asyncpg.Record]:
    """Children and back refs of these objects as they are now."""
    return {row["uuid"]: row for row in await connection.fetch(_LINKS, uuids=list(uuids))}


async def readable_of(connection: Connection, uuids: Iterable[str], caller: Caller) -> frozenset[str]:
    """Those of these objects that the caller may read now."""
    return frozenset(row["uuid"] for row in await connection.fetch(_READABLE, uuids=sorted(uuids), **sight_of(caller)))
