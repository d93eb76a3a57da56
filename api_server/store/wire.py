"""Objects as the wire shows them (contract 1.4.2, 1.5): JSON text that PostgreSQL makes, and that nobody parses on its way out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, FromClause, Select, bindparam, case, cast, column, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB, aggregate_order_by
from sqlalchemy.types import BigInteger, Text

from api_server.store.resources import PERMISSIONS
from api_server.store.sight import readable
from api_server.store.statements import Statement
from api_server.store.tables import reference, resource

# Of some part of an object: all there is, what `fields` names, or nothing.
Extent = Literal["all", "named", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much of an object is shown: what decides the SQL. What decides none, the address in hrefs and the names, is `parameters`."""

    # With its name.
    whole: bool = True
    parent: bool = True
    id_perms: bool = True
    perms2: bool = True
    properties: Extent = "all"
    refs: Extent = "all"
    children: Extent = ""
    back_refs: Extent = ""
    hrefs: bool = True
    # Those of its parent and its links too.
    far_hrefs: bool = False
    # Without links to what the caller of `sight_of` may not read.
    guarded: bool = False


# An element of a plain list.
BRIEF = View(whole=False, parent=False, id_perms=False, perms2=False, properties="", refs="")


def parameters(base: str, fields: Iterable[str] | None) -> dict[str, Any]:
    """What a statement with `document` asks for: what hrefs begin with, and the names of what is shown where only the named is."""
    return {"base": orjson.dumps(base)[1:-1].decode(), "fields": list(fields or ())}


@lru_cache(maxsize=128)
def showing(view: View) -> Statement:
    """The one statement of a read: an object's `document`, its kind, when it was written last, and what `require` looks at."""
    guards = PERMISSIONS if view.guarded else []
    uuid = cast(resource.c.uuid, Text).label("uuid")
    columns = (uuid, resource.c.kind, resource.c.modified, *guards, document(view).label("document"))
    return Statement(select(*columns).where(resource.c.uuid == bindparam("uuid")))


def document(view: View) -> ColumnElement[str]:
    """The JSON of a row of `resource`."""
    parts: list[Any] = [*_text('{"uuid":"%s",', resource.c.uuid)]
    if view.whole:
        parts += _text('"name":%s,', func.to_json(resource.c.fq_name[func.cardinality(resource.c.fq_name)]))
    parts += _text('"fq_name":%s', func.array_to_json(resource.c.fq_name))
    if view.hrefs:
        parts += _text(',"href":"%s/%s/%s"', _BASE, resource.c.kind, resource.c.uuid)
    if view.parent:
        parts.append(_parent(hrefs=view.far_hrefs))
    if view.id_perms:
        parts += _id_perms()
    if view.perms2:
        parts += _perms2()
    return _joined([*parts, links(view), _properties(view.properties)])


def links(view: View) -> ColumnElement[str]:
    """Its refs, children and back refs, each kind's behind a comma and under its name (contract 1.4.2)."""
    extents = {_REFS: view.refs, _CHILDREN: view.children, _BACK_REFS: view.back_refs}
    return _joined([_said(""), *(_links(ends, extent, view) for ends, extent in extents.items() if extent)])


# --- text ------------------------------------------------------------------------------------------------------

_BASE: ColumnElement[str] = bindparam("base", type_=Text)


def _said(text: str) -> ColumnElement[str]:
    """A constant in the statement's text: SQLAlchemy would make a parameter of it."""
    return literal_column("'" + text.replace("'", "''") + "'", Text)


def _text(form: str, *values: ColumnElement[Any]) -> Iterator[ColumnElement[Any]]:
    """The form, and in place of each `%s` a value as PostgreSQL writes it."""
    for said, value in zip_longest(form.split("%s"), values):
        if said:
            yield _said(said)
        if value is not None:
            yield value


def _joined(parts: Iterable[ColumnElement[Any]]) -> ColumnElement[str]:
    """One behind the other; NULL is nothing."""
    joined: ColumnElement[str] = func.concat(*parts, type_=Text)
    return joined


def _or_null(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(value, literal_column("'null'"))


def _named(extent: Extent, name: ColumnElement[str]) -> list[ColumnElement[bool]]:
    return [name == func.any(bindparam("fields", type_=ARRAY(Text)))] if extent == "named" else []


# --- what every object has -------------------------------------------------------------------------------------


def _parent(*, hrefs: bool) -> ColumnElement[Any]:
    kind, uuid = resource.c.parent_kind, resource.c.parent
    pair = [*_text(',"parent_type":"%s","parent_uuid":"%s"', kind, uuid)]
    href = _text(',"parent_href":"%s/%s/%s"', _BASE, kind, uuid) if hrefs else ()
    return case((uuid.is_not(None), _joined([*pair, *href])))


def _half(*places: tuple[int, int]) -> ColumnElement[Any]:
    """Half a uuid as a number (contract 2.3): PostgreSQL takes one half of them for negative, which is the same but for 2**64."""
    digits = [func.substr(cast(resource.c.uuid, Text), *(literal_column(str(number)) for number in place)) for place in places]
    number = cast(cast(func.concat(_said("x"), *digits), BIT(64)), BigInteger)
    above: ColumnElement[int] = literal_column(str(2**64))
    return func.mod(number + above, above)


def _moment(moment: ColumnElement[Any]) -> ColumnElement[str]:
    """UTC with microseconds and no zone (contract 1.1)."""
    return func.to_char(func.timezone(_said("UTC"), moment), _said('YYYY-MM-DD"T"HH24:MI:SS.US'))


def _id_perms() -> Iterator[ColumnElement[Any]]:
    """Contract 2.3."""
    of = resource.c
    return _text(
        ',"id_perms":{"enable":%s,"uuid":{"uuid_mslong":%s,"uuid_lslong":%s},"created":"%s","last_modified":"%s",'
        '"description":%s,"creator":%s,"user_visible":%s,"permissions":%s}',
        *(func.to_json(of.enable), _half((1, 8), (10, 4), (15, 4)), _half((20, 4), (25, 12)), _moment(of.created), _moment(of.modified)),
        *(_or_null(func.to_json(of.description)), _or_null(func.to_json(of.creator)), func.to_json(of.user_visible), of.permissions),
    )


def _perms2() -> Iterator[ColumnElement[Any]]:
    """Contract 2.4."""
    form = ',"perms2":{"owner":%s,"owner_access":%s,"global_access":%s,"share":%s}'
    of = resource.c
    return _text(form, func.to_json(of.owner), of.owner_access, of.global_access, of.share)


def _properties(extent: Extent) -> ColumnElement[Any]:
    """Those that have a value, and the brace that closes the object: it stands behind them already where they are stored."""
    stored = resource.c.properties
    if extent == "all":
        rest = func.substr(cast(stored, Text), literal_column("2"))
        return case((stored == literal_column("'{}'"), _said("}")), else_=func.concat(_said(","), rest))
    if not extent:
        return _said("}")
    each = func.jsonb_each(stored).table_valued(column("key", Text), column("value", JSONB)).render_derived(name="property")
    pairs = func.string_agg(_joined(_text(",%s:%s", func.to_json(each.c.key), each.c.value)), _said(""))
    return func.concat(select(pairs).select_from(each).where(*_named(extent, each.c.key)).scalar_subquery(), _said("}"))


# --- links -----------------------------------------------------------------------------------------------------

_far = resource.alias("far")
_near = resource.alias("near")
_child = resource.alias("child")


@dataclass(frozen=True, slots=True)
class _Ends:
    """The far ends of an object's links of one sort: where they are, in what order, and what is behind their kind in the links' name."""

    end: FromClause
    rows: Select[Any]
    order: tuple[ColumnElement[Any], ...]
    suffix: str


_REFS = _Ends(
    end=_far,
    rows=select().select_from(reference.join(_far, reference.c.target == _far.c.uuid)).where(reference.c.source == resource.c.uuid),
    order=(reference.c.position,),
    suffix="_refs",
)
_CHILDREN = _Ends(
    end=_child,
    rows=select().select_from(_child).where(_child.c.parent == resource.c.uuid),
    order=(_child.c.created, _child.c.uuid),
    suffix="s",
)
_BACK_REFS = _Ends(
    end=_near,
    rows=select()
    .select_from(reference.join(_near, reference.c.source == _near.c.uuid))
    # A ref between two objects of one kind is two rows, one each way: both read it as a ref, neither as a back ref.
    .where(reference.c.target == resource.c.uuid, _near.c.kind != resource.c.kind),
    order=(_near.c.created, _near.c.uuid),
    suffix="_back_refs",
)


def _links(of: _Ends, extent: Extent, view: View) -> ColumnElement[str]:
    """An array for each kind of far end: `,"virtual_network_refs":[...]`."""
    kind, uuid = of.end.c.kind, of.end.c.uuid
    name = func.replace(kind, _said("-"), _said("_"), type_=Text).concat(_said(of.suffix))
    entry = [*_text('{"to":%s,"uuid":"%s"', func.array_to_json(of.end.c.fq_name), uuid)]
    if view.far_hrefs:
        entry += _text(',"href":"%s/%s/%s"', _BASE, kind, uuid)
    if of is not _CHILDREN:
        entry += _text(',"attr":%s', _or_null(reference.c.attr))
    entries = func.string_agg(_joined([*entry, _said("}")]), aggregate_order_by(_said(","), *of.order))
    arrays = (
        of.rows.add_columns(name.label("name"), entries.label("entries"))
        .where(*_named(extent, name), *([readable(of.end)] if view.guarded else []))
        .group_by(kind)
        .correlate(resource)
        .subquery("links")
    )
    return select(func.string_agg(_joined(_text(',"%s":[%s]', arrays.c.name, arrays.c.entries)), _said(""))).scalar_subquery()
