"""Lists of one kind: which objects, in what order, how much of each, all in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import asyncpg
import orjson
from sqlalchemy import ColumnElement, and_, bindparam, cast, column, exists, false, func, literal_column, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, UUID
from sqlalchemy.types import Text

from api_server.model.caller import EVERYBODY, Caller
from api_server.model.resource import FqName, digest
from api_server.store.database import Connection
from api_server.store.resources import BASE, UUIDS, reading
from api_server.store.sight import readable, shared, sight_of
from api_server.store.statements import Statement, beside
from api_server.store.tables import reference, resource


@dataclass(frozen=True, slots=True)
class Term:
    """One key of a filter: any of the values matches (contract 1.5)."""

    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which objects of a kind: None where the request did not ask."""

    kind: str
    parents: tuple[str, ...] | None = None
    parent_names: tuple[tuple[str, FqName], ...] | None = None
    back_refs: tuple[str, ...] | None = None
    uuids: tuple[str, ...] | None = None
    names: tuple[FqName, ...] | None = None
    filters: tuple[Term, ...] = ()
    marker: str | None = None
    limit: int | None = None
    detail: bool = False
    links: bool = False
    children: bool = False
    back_ref_links: bool = False
    caller: Caller = EVERYBODY
    # Beside what the other keys choose, what is shared with the caller.
    shared: bool = False

    @property
    def anchored(self) -> bool:
        """Whether something narrows the list down: paging is then by uuid (contract 1.5)."""
        return not (self.parents is None and self.parent_names is None and self.back_refs is None and self.uuids is None)

    @property
    def shape(self) -> "Shape":
        return Shape(
            parents=self.parents is not None,
            parent_names=self.parent_names is not None,
            back_refs=self.back_refs is not None,
            uuids=self.uuids is not None,
            names=self.names is not None,
            filters=tuple((term.key, tuple(isinstance(value, dict) for value in term.values)) for term in self.filters),
            anchored=self.anchored,
            paged=self.limit is not None,
            marked=bool(self.marker),
            columns="links" if self.links else "columns" if self.detail else "ends",
            children=self.children,
            back_ref_links=self.back_ref_links,
            guarded=not self.caller.admin,
            shared=self.shared,
        )

    def parameters(self) -> dict[str, Any]:
        given: dict[str, Any] = {"kind": self.kind}
        if self.shared or not self.caller.admin:
            given |= sight_of(self.caller)
        if self.parents is not None:
            given["parents"] = list(self.parents)
        if self.parent_names is not None:
            given["parent_kinds"] = [kind for kind, _ in self.parent_names]
            given["parent_digests"] = [digest(name) for _, name in self.parent_names]
        if self.back_refs is not None:
            given["back_refs"] = list(self.back_refs)
        if self.uuids is not None:
            given["uuids"] = list(self.uuids)
        if self.names is not None:
            given["digests"] = [digest(name) for name in self.names]
        for number, term in enumerate(self.filters):
            given[f"key{number}"] = term.key
            for index, value in enumerate(term.values):
                given[f"value{number}_{index}"] = orjson.dumps(value).decode()
        if self.limit is not None:
            given["limit"] = self.limit
        if self.marker:
            name, _, last = self.marker.rpartition(":")
            given |= {"last_uuid": last} if self.anchored else {"last_name": name, "last_uuid": last}
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of a query decides its SQL; the values are parameters, so one shape is compiled once."""

    parents: bool
    parent_names: bool
    back_refs: bool
    uuids: bool
    names: bool
    filters: tuple[tuple[str, tuple[bool, ...]], ...]
    anchored: bool
    paged: bool
    marked: bool
    columns: str
    children: bool
    back_ref_links: bool
    guarded: bool
    shared: bool


# The order a list without anchor comes in, byte by byte (contract 1.5).
NAME = func.array_to_string(resource.c.fq_name, ":").collate("C")
_ENDS = [
    cast(resource.c.uuid, Text).label("uuid"),
    resource.c.fq_name,
    cast(resource.c.parent, Text).label("parent"),
    resource.c.parent_kind,
]


def _conditions(shape: Shape) -> list[Any]:
    chosen = _chosen(shape)
    if chosen and shape.shared:
        chosen = [or_(and_(*chosen), shared(resource))]
    visible = [readable(resource)] if shape.guarded else []
    kind = resource.c.kind == bindparam("kind")
    # What uuids or back refs choose is few; what parents do may be a million, of which the index tells those of the kind.
    return [beside(kind) if shape.uuids or shape.back_refs else kind, *chosen, *_filters(shape), *visible]


def _chosen(shape: Shape) -> list[Any]:
    """What parents, back refs, uuids and names choose, together."""
    conditions: list[Any] = []
    if shape.parents:
        conditions.append(resource.c.parent == func.any(bindparam("parents", type_=UUIDS)))
    if shape.parent_names:
        named = resource.alias("named")
        pairs = func.unnest(bindparam("parent_kinds", type_=ARRAY(Text)), bindparam("parent_digests", type_=ARRAY(BYTEA)))
        wanted = pairs.table_valued("kind", "name_digest").render_derived(name="wanted")
        conditions.append(
            resource.c.parent.in_(
                select(named.c.uuid).select_from(
                    named.join(wanted, and_(named.c.kind == wanted.c.kind, named.c.name_digest == wanted.c.name_digest))
                )
            )
        )
    if shape.back_refs:
        # As rows to join with: as an array, a general plan may compare it whole with every object of the kind.
        given = (
            func.unnest(bindparam("back_refs", type_=UUIDS))
            .table_valued(column("target", UUID(as_uuid=False)))
            .render_derived(name="given")
        )
        conditions.append(
            resource.c.uuid.in_(select(reference.c.source).select_from(given.join(reference, reference.c.target == given.c.target)))
        )
    if shape.guarded and (shape.parents or shape.parent_names):
        # Children of a parent that the caller may not read are as absent as it is (contract 1.5).
        above = resource.alias("above")
        conditions.append(exists().where(above.c.uuid == resource.c.parent, readable(above)))
    either = []
    if shape.uuids:
        either.append(resource.c.uuid == func.any(bindparam("uuids", type_=UUIDS)))
    if shape.names:
        either.append(resource.c.name_digest == func.any(bindparam("digests", type_=ARRAY(BYTEA))))
    if either:
        conditions.append(or_(*either))
    return conditions


def _document(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
    pairs = [part for column in columns for part in (literal_column(f"'{column.name}'"), column)]
    return func.jsonb_build_object(*pairs, type_=JSONB)


# Filters may also look into the documents that are kept as columns, but for their times and numbers (contract 1.5).
DOCUMENTS = {
    "id_perms": _document(*(resource.c[name] for name in ("enable", "user_visible", "description", "creator", "permissions"))),
    "perms2": _document(*(resource.c[name] for name in ("owner", "owner_access", "global_access", "share"))),
}


def _stored(key: str, number: int) -> ColumnElement[Any]:
    if key in DOCUMENTS:
        return DOCUMENTS[key]
    return resource.c.properties.op("->", return_type=JSONB())(bindparam(f"key{number}", type_=Text))


def _filters(shape: Shape) -> list[Any]:
    terms = []
    for number, (key, subsets) in enumerate(shape.filters):
        stored = _stored(key, number)
        any_of: list[Any] = [false()]
        for index, subset in enumerate(subsets):
            value = cast(bindparam(f"value{number}_{index}"), JSONB)
            # An object matches when it is a subset of what is stored; anything else must be equal, type and all.
            any_of.append(stored.op("@>")(value) if subset else stored == value)
        terms.append(or_(*any_of))
    return terms


@lru_cache(maxsize=512)
def _selecting(shape: Shape) -> Statement:
    if shape.columns == "links":
        query = reading(children=shape.children, back_refs=shape.back_ref_links, guarded=shape.guarded)
    else:
        query = select(*(BASE if shape.columns == "columns" else _ENDS))
    query = query.where(*_conditions(shape))
    last = cast(bindparam("last_uuid", type_=UUID(as_uuid=False)), UUID(as_uuid=False))
    if shape.paged and shape.anchored:
        query = query.order_by(resource.c.uuid)
        if shape.marked:
            query = query.where(resource.c.uuid > last)
    elif shape.parents or shape.parent_names:
        query = query.order_by(resource.c.created, resource.c.uuid)
    else:
        query = query.order_by(NAME, resource.c.uuid)
        if shape.marked:
            query = query.where(tuple_(NAME, resource.c.uuid) > tuple_(bindparam("last_name", type_=Text), last))
    if shape.paged:
        query = query.limit(bindparam("limit"))
    return Statement(query)


@lru_cache(maxsize=128)
def _counting(shape: Shape) -> Statement:
    return Statement(select(func.count()).select_from(resource).where(*_conditions(shape)))


async def select_all(connection: Connection, query: Query) -> Sequence[asyncpg.Record]:
    """The rows of a page, or of the whole list."""
    return await connection.fetch(_selecting(query.shape), **query.parameters())


async def count(connection: Connection, query: Query) -> int:
    return int(await connection.fetchval(_counting(query.shape), **query.parameters()))
