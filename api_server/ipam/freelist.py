"""Free lists in tables: what is free lies in rows that transactions take in order without waiting for one another.

A list has four tables: `held` (the truth, whose primary key settles every race), `free` (rows up to the frontier), and a `source` whose row
knows the frontier. Scan order is plain order of the value, upward or downward. Beyond the frontier nothing has a row: a /8 costs one.

The promise: a value up to the frontier that may be given is held, or free, or both (a "phantom"), but never neither. A phantom
heals itself: whoever draws it meets the holder's primary key, drops the row and draws again.

* Draw against draw: SKIP LOCKED steps over rows in other hands. A rollback gives the row back, so a list is called exhausted only after
  a pass that waits for every row it can see, with nothing beyond the frontier.
* Draw against claim: a claim first deletes the free row, so it waits for a rival's draw of that value and is told the truth by the key.
* Claim against refill: the refill cannot see a claim that is not committed and makes a phantom of it. Its drawer waits for the claimer.
* Release against refill: a release makes its free row in the statement that deletes the held row, also beyond the frontier, where draws
  ignore it: a release that looked at the frontier could miss a refill that moves it.
  The refill sees the value held, or free, whichever is committed; either is right.
* Release against draw of a phantom: all take the free row first and the held row second (a release even when the free row is there
  already, by updating it), so one of two waits for the other instead of dropping the row that the other relies on.
* A refill is a transaction of its own, so that nobody waits for the commit of the request that happened to cause it. It need not reach
  the disk by itself: the commit of whoever draws its rows carries it. Who draws one of the last rows by the statement that stores its
  owner does it in time, so that others do not find the list used up. It is done inside the request where the request itself has written
  the source row (invisible, or locked, to everyone else), and where it does not get its locks at once: their holder may be waiting for the
  request, which only shows when both waits are the database's. Two that do wait for each other end in 40P01, and the whole runs again.
* One gap is left open knowingly: an address that was asked for outside the pools, and is released in the very moment in which another
  request adds a pool around it, may stay out of the list until the frontier is next sent back.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import asyncpg
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Table,
    bindparam,
    cast,
    column,
    delete,
    exists,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.sql.dml import ReturningDelete
from sqlalchemy.sql.elements import Grouping

from api_server.ipam.ahead import Ahead
from api_server.store.database import Connection, Database
from api_server.store.statements import Statement

log = logging.getLogger(__name__)

V = TypeVar("V")
CHUNK = 64
LARGEST_CHUNK = 1024
# So many times what was scanned before.
GROWTH = 3
# A list is refilled in time when this part of a chunk is left.
EARLY = 8
ON: ColumnElement[bool] = literal_column("true")
SHORT = Statement(select(func.set_config("synchronous_commit", "off", ON), func.set_config("lock_timeout", "200ms", ON)))


class Session(Protocol):
    """A transaction in which statements run, and the database beside it for a refill."""

    @property
    def database(self) -> Database:
        """Where a short transaction can be had."""

    @property
    def ahead(self) -> Ahead:
        """What was read or taken for several objects at once."""

    async def fetch(self, statement: Statement, **given: Any) -> list[asyncpg.Record]:
        """The rows of a statement."""

    async def put(self, statement: Statement, **rows: list[dict[str, Any]]) -> None:
        """Rows for a statement that takes lists of them as JSON; they may wait for more, until something is read."""


class Source(Protocol[V]):
    """What a list is refilled from, by arithmetic."""

    @property
    def upward(self) -> bool:
        """Whether values are given from the lowest up."""

    @property
    def end(self) -> V:
        """The frontier once all was scanned."""

    @property
    def key(self) -> dict[str, Any]:
        """The columns of `held` and `free` that tell this list from others."""

    def scanned(self, frontier: V) -> int:
        """How far the frontier is from where it started."""

    def chunk(self, frontier: V, size: int) -> tuple[list[V], V]:
        """The next values beyond the frontier in scan order, and the frontier behind them."""


class FreeList(Generic[V]):
    """Draw, claim and release over four tables. `free` has two columns, the list and the value; `read` makes a Source of a `source` row."""

    def __init__(self, *, held: Table, free: Table, source: Table, read: Callable[[asyncpg.Record], Source[V]]) -> None:
        self._held, self._free, self._source, self._read = held, free, source, read
        self._list, self._value = free.c
        self._draws = {(upward, waits): self._draw(upward=upward, waits=waits) for upward in (True, False) for waits in (True, False)}
        self._visible = {upward: Statement(select(exists(self._candidates(upward=upward)).label("visible"))) for upward in (True, False)}
        self._claim = Statement(self._claiming())
        self._claims = self._claim_all()
        self._look = Statement(select(source, self._written_here()).where(self._of_source()))
        self._lock = Statement(select(source).where(self._of_source()).with_for_update(key_share=True))
        self._extend = self._extend_free()
        self._under_way: dict[str, asyncio.Event] = {}

    async def draw(
        self, session: Session, source: Source[V], owners: Sequence[str | None], *, waits: bool, **row: Any
    ) -> list[tuple[str | None, V]]:
        """Hold the first free values in scan order, one for each owner in turn; fewer when no more is free, none if the source has no row.

        Values in rivals' hands are stepped over, unless it `waits` for what becomes of them.
        """
        drawn: list[tuple[str | None, V]] = []
        while owners:
            rows = await session.fetch(self._draws[source.upward, waits], owners=owners, count=len(owners), **source.key, **row)
            drawn += [(owner, one["value"]) for owner, one in zip(owners, rows, strict=False) if one["won"]]
            owners = [*(owner for owner, one in zip(owners, rows, strict=False) if not one["won"]), *owners[len(rows) :]]
            if not rows and not await self._more(session, source, waits=waits):
                break
        return drawn

    async def claim(self, session: Session, value: V, **row: Any) -> bool:
        """Hold this value, after waiting for a rival who is about to; false if another holds it."""
        return bool(await session.fetch(self._claim, value=value, **row))

    async def claim_all(self, session: Session, values: Sequence[V], owners: Sequence[str], **row: Any) -> set[V]:
        """Hold these values, each for the owner in its place; those that nobody else holds."""
        return {one["value"] for one in await session.fetch(self._claims, values=values, owners=owners, **row)}

    def release(self, whose: ColumnElement[bool], returnable: Callable[[Any], ColumnElement[bool]] = lambda _: true()) -> Statement:
        """The statement that lets go of the held rows `whose`, and lists those that are `returnable` as free; it returns the values."""
        return Statement(self.releasing(whose, returnable))

    def releasing(self, whose: ColumnElement[bool], returnable: Callable[[Any], ColumnElement[bool]]) -> ReturningDelete[Any]:
        """The same, to be part of a larger statement."""
        leaving = select(self._held).where(whose).cte(f"leaving_{self._held.name}")
        names = [self._list.name, self._value.name]
        listed = insert(self._free).from_select(names, select(*[leaving.c[name] for name in names]).where(returnable(leaving)))
        listing = (
            listed.on_conflict_do_update(index_elements=names, set_={self._value.name: listed.excluded[self._value.name]})
            .returning(self._value)
            .cte(f"listed_{self._held.name}")
        )
        same = [one == leaving.c[one.name] for one in self._held.primary_key]
        return delete(self._held).where(*same, whose, _after(listing)).returning(self._held.c[self._value.name].label("value"))

    async def _more(self, session: Session, source: Source[V], *, waits: bool) -> bool:
        """Whether another draw may succeed where one found nothing."""
        seen = await session.fetch(self._look, **source.key)
        if not seen:
            return False
        if seen[0]["frontier"] != source.end:
            await self._refill(session, source.key, seen[0])
            return True
        return waits and bool((await session.fetch(self._visible[source.upward], **source.key))[0]["visible"])

    async def refill_in_time(self, database: Database, source: Source[V], value: V, frontier: V) -> None:
        """Refill a list before it is used up, from which this value was just drawn: only who notices waits, not all who find none."""
        scanned = source.scanned(frontier)
        left = scanned - source.scanned(value)
        if left <= _chunk_size(scanned) // EARLY and frontier != source.end and source.key[self._list.name] not in self._under_way:
            await self._refill_beside(database, source.key, frontier)

    async def _refill(self, session: Session, key: dict[str, Any], seen: asyncpg.Record) -> None:
        if seen["written_here"] or not await self._refill_beside(session.database, key, seen["frontier"]):
            await self._advance(session, key, seen["frontier"])

    async def _refill_beside(self, database: Database, key: dict[str, Any], seen: V) -> bool:
        """Refill in a short transaction, or let another request of this process do so; false if the locks are not to be had."""
        name = key[self._list.name]
        if name in self._under_way:
            await self._under_way[name].wait()
            return True
        self._under_way[name] = asyncio.Event()
        try:
            async with database.short() as beside:
                await beside.fetch(SHORT)
                await self._advance(beside, key, seen)
        except asyncpg.LockNotAvailableError:
            log.debug("refilled inside the request: %s", key)
            return False
        else:
            return True
        finally:
            # Before any refill inside the request: what it waits for may be a request that waits here.
            self._under_way.pop(name).set()

    async def _advance(self, session: Session | Connection, key: dict[str, Any], seen: V) -> None:
        """Move the frontier from where it was seen, until something is free; nothing to do if a rival moved it."""
        rows = await session.fetch(self._lock, **key)
        if not rows or rows[0]["frontier"] != seen:
            return
        source, frontier, added = self._read(rows[0]), seen, 0
        while not added and frontier != source.end:
            size = _chunk_size(source.scanned(frontier))
            values, frontier = source.chunk(frontier, size)
            added = (await session.fetch(self._extend, values=values, frontier=frontier, **key))[0]["added"]

    def _candidates(self, *, upward: bool) -> Select[Any]:
        frontier = select(self._source.c.frontier).where(self._of_source()).scalar_subquery()
        before = self._value <= frontier if upward else self._value >= frontier
        return select(self._value.label("value")).where(self._of_list(), before)

    def _draw(self, *, upward: bool, waits: bool) -> Statement:
        taken = self._taking(bindparam("count", type_=BigInteger), upward=upward, waits=waits)
        order = taken.c.value if upward else taken.c.value.desc()
        # The owners in turn: the rows come back in the same order.
        owner = Grouping(cast(bindparam("owners"), ARRAY(self._held.c.owner.type)))[func.row_number().over(order_by=order)]
        won = self._hold(taken.c.value, owner=owner).cte("won")
        joined = select(taken.c.value, won.c.value.is_not(None).label("won")).select_from(
            taken.outerjoin(won, taken.c.value == won.c.value)
        )
        return Statement(joined.order_by(order))

    def drawing(self, when: ColumnElement[bool], *, upward: bool) -> CTE:
        """The value that a draw for one `owner` holds, or no row, to be part of a larger statement: nothing is drawn unless `when`."""
        taken = self._taking(literal_column("1"), when, upward=upward, waits=False)
        won: CTE = self._hold(taken.c.value).cte("won")
        return won

    def claiming(self, when: ColumnElement[bool]) -> CTE:
        """The value that is claimed, or no row if another holds it, to be part of a larger statement: nothing is done unless `when`."""
        won: CTE = self._claiming(when).cte("won")
        return won

    def _taking(self, count: ColumnElement[int], *when: ColumnElement[bool], upward: bool, waits: bool) -> CTE:
        ordered = self._candidates(upward=upward).where(*when).order_by(self._value if upward else self._value.desc())
        picked = ordered.limit(count).with_for_update(of=self._free, skip_locked=not waits).cte("picked")
        gone = delete(self._free).where(self._of_list(), self._value == picked.c.value)
        return gone.returning(self._value.label("value")).cte("taken")

    def _claiming(self, *when: ColumnElement[bool]) -> Any:
        value = cast(bindparam("value"), self._value.type)
        freed = delete(self._free).where(self._of_list(), self._value == value, *when).returning(self._value).cte("freed")
        return self._hold(value, _after(freed), *when)

    def _claim_all(self) -> Statement:
        values = cast(bindparam("values"), ARRAY(self._value.type))
        owners = cast(bindparam("owners"), ARRAY(self._held.c.owner.type))
        columns = column("value", self._value.type), column("owner", self._held.c.owner.type)
        given = func.unnest(values, owners).table_valued(*columns).render_derived(name="given")
        freed = delete(self._free).where(self._of_list(), self._value == func.any(values)).returning(self._value).cte("freed")
        return Statement(self._hold(given.c.value, _after(freed), owner=given.c.owner))

    def _hold(self, value: ColumnElement[Any], *when: ColumnElement[bool], **known: ColumnElement[Any]) -> Any:
        others = [one for one in self._held.c if one.name != self._value.name]
        row = select(value, *[known.get(one.name, cast(bindparam(one.name), one.type)) for one in others]).where(*when)
        holding = insert(self._held).from_select([self._value.name, *[one.name for one in others]], row)
        return holding.on_conflict_do_nothing().returning(self._held.c[self._value.name].label("value"))

    def _extend_free(self) -> Statement:
        given = (
            func.unnest(cast(bindparam("values"), ARRAY(self._value.type)))
            .table_valued(column("value", self._value.type))
            .render_derived(name="given")
        )
        keys = [one == bindparam(one.name) for one in self._held.primary_key if one.name != self._value.name]
        taken = exists().where(*keys, self._held.c[self._value.name] == given.c.value)
        rows = select(cast(bindparam(self._list.name), self._list.type), given.c.value).where(~taken)
        adding = insert(self._free).from_select([self._list.name, self._value.name], rows).on_conflict_do_nothing()
        added = adding.returning(self._value).cte("added")
        frontier = cast(bindparam("frontier"), self._source.c.frontier.type)
        moved = update(self._source).where(self._of_source()).values(frontier=frontier).returning(self._source.c.frontier).cte("moved")
        return Statement(select(select(func.count()).select_from(added).scalar_subquery().label("added")).add_cte(moved))

    def _written_here(self) -> ColumnElement[bool]:
        # A row of this transaction's own making is invisible, or locked, to the short transaction beside it.
        here = "coalesce(pg_current_xact_id_if_assigned()::xid = xmin, false)"
        return literal_column(here).label("written_here")

    def _of_list(self) -> ColumnElement[bool]:
        return self._list == bindparam(self._list.name)

    def _of_source(self) -> ColumnElement[bool]:
        (identity,) = self._source.primary_key
        return identity == bindparam(self._list.name)


def _chunk_size(scanned: int) -> int:
    """Few rows for a list that gives little, few refills for one that gives much."""
    return min(max(CHUNK, scanned * GROWTH), LARGEST_CHUNK)


def _after(step: Any) -> ColumnElement[bool]:
    """Always true, once `step` is done: PostgreSQL runs a data-modifying WITH when something asks for it."""
    return select(func.count()).select_from(step).scalar_subquery() >= 0
