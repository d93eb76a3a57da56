"""Lists of a kind, read in their order and piece by piece (contract 1.5)."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, cast, func, literal_column, select, tuple_
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.types import BigInteger, Text

from api_server.store.database import Connection
from api_server.store.listing import Order, Place, Query, Shape, conditions
from api_server.store.statements import Statement
from api_server.store.tables import BEGINNING, LONGEST_BEGINNING, Moment, resource
from api_server.store.wire import document

# Lends a connection to read with.
Lender = Callable[[], AbstractAsyncContextManager[Connection]]
# How many objects are read at once: few at first, so that they come soon.
FIRST, SOME = 100, 500


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a list as JSON."""

    documents: list[str]
    # How many places of the list it is, and the last of them: an object that is gone by now had one too.
    count: int
    last: Place | None
    # Whether others may follow.
    more: bool


# --- order -----------------------------------------------------------------------------------------------------

# Byte by byte. An index holds how names begin, for they may be longer than what fits into one; those that begin alike are put in order
# when they are read.
_NAME = func.array_to_string(resource.c.fq_name, literal_column("':'")).collate("C")
_ORDERS: dict[Order, tuple[ColumnElement[Any], ...]] = {
    "name": (BEGINNING, _NAME, resource.c.uuid),
    "created": (resource.c.created, resource.c.uuid),
    "uuid": (resource.c.uuid,),
}
_KEYS: dict[Order, ColumnElement[Any]] = {"name": _NAME, "created": resource.c.created, "uuid": literal_column("NULL")}


def _after(order: Order) -> tuple[ColumnElement[Any], ...]:
    uuid = cast(bindparam("after_uuid", type_=UUID(as_uuid=False)), UUID(as_uuid=False))
    if order == "uuid":
        return (uuid,)
    key = bindparam("after_key", type_=Moment if order == "created" else Text)
    if order == "created":
        return (cast(key, Moment), uuid)
    name = cast(key, Text).collate("C")
    return (func.left(name, literal_column(str(LONGEST_BEGINNING))), name, uuid)


def _ordered(query: Select[Any], shape: Shape) -> Select[Any]:
    query = query.where(*conditions(shape))
    if shape.resumed:
        query = query.where(tuple_(*_ORDERS[shape.order]) > tuple_(*_after(shape.order)))
    return query.order_by(*_ORDERS[shape.order]).limit(bindparam("limit", type_=BigInteger))


# --- reading ---------------------------------------------------------------------------------------------------

_UUID = cast(resource.c.uuid, Text).label("uuid")


@lru_cache(maxsize=512)
def selecting(shape: Shape) -> Statement:
    return Statement(_ordered(select(_UUID, _KEYS[shape.order].label("key"), document(shape.view).label("document")), shape))


@lru_cache(maxsize=256)
def choosing(shape: Shape) -> Statement:
    return Statement(_ordered(select(_UUID), shape))


@lru_cache(maxsize=128)
def _counting(shape: Shape) -> Statement:
    return Statement(select(func.count()).select_from(resource).where(*conditions(shape)))


async def count(connection: Connection, query: Query) -> int:
    return int(await connection.fetchval(_counting(query.shape), **query.parameters()))


async def pages(lend: Lender, query: Query) -> AsyncIterator[Page]:
    """
    The list, of which between two pages nothing is held, no connection and no snapshot, however long the reader takes. An object that is
    there all the while comes once; one that comes or goes meanwhile may be in it or not.
    """
    page = await _page(lend, query, FIRST)
    yield page
    if page.more and query.anchored:
        # Its order is found by going through all that is chosen: once, therefore. The objects themselves are found by their uuids.
        async for some in _chosen(lend, _behind(query, page)):
            yield some
        return
    while page.more:
        query = _behind(query, page)
        page = await _page(lend, query, SOME)
        yield page


def _behind(query: Query, page: Page) -> Query:
    """What is left of it."""
    return replace(query, after=page.last, limit=None if query.limit is None else query.limit - page.count)


async def _page(lend: Lender, query: Query, size: int) -> Page:
    size = size if query.limit is None else min(size, query.limit)
    async with lend() as connection:
        rows = await connection.fetch(selecting(query.shape), **query.parameters(), limit=size)
    last = Place(rows[-1]["key"], rows[-1]["uuid"]) if rows else None
    return Page([row["document"] for row in rows], len(rows), last, more=len(rows) == size != query.limit)


async def _chosen(lend: Lender, query: Query) -> AsyncIterator[Page]:
    async with lend() as connection:
        rows = await connection.fetch(choosing(query.shape), **query.parameters(), limit=query.limit)
    uuids = [row["uuid"] for row in rows]
    for start in range(0, len(uuids), SOME):
        some = uuids[start : start + SOME]
        these = Query(
            kind=query.kind,
            uuids=tuple(some),
            filters=query.filters,
            view=query.view,
            base=query.base,
            fields=query.fields,
            caller=query.caller,
            paged=True,
        )
        async with lend() as connection:
            rows = await connection.fetch(selecting(these.shape), **these.parameters(), limit=SOME)
        found = {row["uuid"]: row["document"] for row in rows}
        yield Page([found[uuid] for uuid in some if uuid in found], len(some), Place(None, some[-1]), more=start + SOME < len(uuids))
