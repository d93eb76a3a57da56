"""Which objects of a kind a list is of, as conditions of SQL."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import orjson
from sqlalchemy import ColumnElement, and_, bindparam, cast, column, exists, false, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, UUID
from sqlalchemy.types import Text

from api_server.model.caller import EVERYBODY, Caller
from api_server.model.resource import FqName, digest
from api_server.store.resources import UUIDS
from api_server.store.sight import readable, shared, sight_of
from api_server.store.statements import beside
from api_server.store.tables import reference, resource
from api_server.store.wire import BRIEF, View, parameters


@dataclass(frozen=True, slots=True)
class Term:
    """One key of a filter: any of the values matches (contract 1.5)."""

    key: str
    values: tuple[Any, ...]


# By the name as text, by the time of creation, by the uuid alone; what ties is in the order of uuids.
Order = Literal["name", "created", "uuid"]


class Place(NamedTuple):
    """Where an object is in the order of its list: no two are in one place, and none ever moves."""

    # Its name as text, or when it was created.
    key: Any
    uuid: str


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
    # Where to go on, and how many at most; with `paged`, whoever asked goes on himself (contract 1.5).
    after: Place | None = None
    limit: int | None = None
    paged: bool = False
    view: View = BRIEF
    base: str = ""
    fields: frozenset[str] | None = None
    caller: Caller = EVERYBODY
    # Beside what the other keys choose, what is shared with the caller.
    shared: bool = False

    @property
    def anchored(self) -> bool:
        """Whether something narrows the list down: its pages are then in the order of uuids (contract 1.5)."""
        return not (self.parents is None and self.parent_names is None and self.back_refs is None and self.uuids is None)

    @property
    def order(self) -> Order:
        if self.paged and self.anchored:
            return "uuid"
        return "created" if self.parents is not None or self.parent_names is not None else "name"

    @property
    def shape(self) -> "Shape":
        return Shape(
            parents=self.parents is not None,
            parent_names=self.parent_names is not None,
            back_refs=self.back_refs is not None,
            uuids=self.uuids is not None,
            names=self.names is not None,
            filters=tuple((term.key, tuple(isinstance(value, dict) for value in term.values)) for term in self.filters),
            order=self.order,
            resumed=self.after is not None,
            view=self.view,
            guarded=not self.caller.admin,
            shared=self.shared,
        )

    def parameters(self) -> dict[str, Any]:
        given: dict[str, Any] = {"kind": self.kind, **parameters(self.base, self.fields)}
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
        if self.after:
            given |= {"after_key": self.after.key, "after_uuid": self.after.uuid}
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
    order: Order
    resumed: bool
    view: View
    guarded: bool
    shared: bool


def conditions(shape: Shape) -> list[Any]:
    chosen = _chosen(shape)
    if chosen and shape.shared:
        chosen = [or_(and_(*chosen), shared(resource))]
    visible = [readable(resource)] if shape.guarded else []
    kind = resource.c.kind == bindparam("kind")
    # What uuids or back refs choose is few; what parents do may be a million, of which the index tells those of the kind. A name is found
    # as one of its kind.
    few = (shape.back_refs or (shape.uuids and not shape.names)) and not shape.shared
    return [beside(kind) if few else kind, *chosen, *_filters(shape), *visible]


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
