"""Resources of any kind: found, read with their links, and written together with their refs and their change rows."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import asyncpg
import orjson
from sqlalchemy import (
    and_,
    bindparam,
    case,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, UUID
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Integer, Text

from api_server.model.caller import Caller
from api_server.model.catalog import Catalog
from api_server.model.found_by import folded, keys_of
from api_server.model.resource import FqName, Identity, Link, Perms, Ref, Resource, digest, ref_name
from api_server.store.database import Connection
from api_server.store.journal import DELETED, UPDATED, Journal, Told, symmetric
from api_server.store.rows import rows_of
from api_server.store.statements import Statement, beside
from api_server.store.tables import Moment, change, reference, resource

KEYS = ["uuid", "kind", "fq_name", "name_digest", "parent", "parent_kind"]
FOUND_BY = ["found_by", "also_found_by"]
STATE = ["properties", "positions", "owner", "owner_access", "global_access", "share", "enable", "description"]
RESOURCE = [*KEYS, *STATE, "user_visible", "creator", "permissions"]
WRITTEN = [*RESOURCE, "name", *FOUND_BY]
REFERENCE = ["source", "target", "position", "attr", "relaxed"]
CHANGE = ["operation", "kind", "uuid", "fq_name", "actor", "request_id", "before", "after"]
UUIDS = ARRAY(UUID(as_uuid=False))


def _text(of: Any) -> Any:
    return cast(of, Text)


# --- reading ---------------------------------------------------------------------------------------------------

BASE = [
    _text(resource.c.uuid).label("uuid"),
    resource.c.kind,
    resource.c.fq_name,
    _text(resource.c.parent).label("parent"),
    resource.c.parent_kind,
    *[resource.c[name] for name in RESOURCE[len(KEYS) :]],
    resource.c.created,
    resource.c.modified,
]

_far = resource.alias("far")
_near = resource.alias("near")
_child = resource.alias("child")
# json, not jsonb: building text is twice as fast when there are many links.
_CHILDREN = (
    select(func.json_agg(literal_column("json_build_array(child.kind, child.uuid, child.fq_name) ORDER BY child.created, child.uuid")))
    .select_from(_child)
    .where(_child.c.parent == resource.c.uuid)
    .correlate(resource)
)
_REFS = (
    select(
        func.json_agg(
            literal_column(
                "json_build_array(far.kind, far.uuid, far.fq_name, reference.attr, reference.relaxed) ORDER BY reference.position"
            )
        )
    )
    .select_from(reference.join(_far, reference.c.target == _far.c.uuid))
    .where(reference.c.source == resource.c.uuid)
    .correlate(resource)
)
_OBJECT = select(*BASE, _REFS.scalar_subquery().label("refs"))
_ONE = resource.c.uuid == bindparam("uuid")
_MANY = resource.c.uuid == func.any(bindparam("uuids", type_=UUIDS))
READ = Statement(_OBJECT.where(_ONE))
READ_MANY = Statement(_OBJECT.where(_MANY).order_by(resource.c.uuid))
LOCK = Statement(select(_text(resource.c.uuid), resource.c.modified).where(_MANY).order_by(resource.c.uuid).with_for_update(key_share=True))
_ENDS = [_text(resource.c.uuid).label("uuid"), resource.c.kind, resource.c.fq_name]
PERMISSIONS = [resource.c[name] for name in ("owner", "owner_access", "global_access", "share", "user_visible")]
_NAMED = and_(resource.c.kind == bindparam("kind"), resource.c.name_digest == bindparam("name_digest"))
BY_UUID = Statement(select(*_ENDS).where(_ONE))
BY_NAME = Statement(select(*_ENDS).where(_NAMED))
# The same with what `require` looks at.
PERMS_BY_UUID = Statement(select(*_ENDS, *PERMISSIONS).where(_ONE))
PERMS_BY_NAME = Statement(select(*_ENDS, *PERMISSIONS).where(_NAMED))
CHILDREN_OF = Statement(
    select(*_ENDS).where(resource.c.parent == bindparam("uuid"), resource.c.kind == bindparam("kind")).order_by(resource.c.created)
)
REFERRERS = Statement(
    select(*_ENDS)
    .join(reference, reference.c.source == resource.c.uuid)
    .where(reference.c.target == bindparam("uuid"), beside(resource.c.kind == bindparam("kind")))
    .order_by(resource.c.created, resource.c.uuid)
)
_referrers = (
    select(
        func.json_agg(
            literal_column("json_build_array(near.kind, near.uuid, near.fq_name, reference.relaxed) ORDER BY near.created, near.uuid")
        )
    )
    .select_from(reference.join(_near, reference.c.source == _near.c.uuid))
    .where(reference.c.target == resource.c.uuid)
    .correlate(resource)
)
# What may stand against a deletion: children, and whose refs point here.
_AROUND = [_CHILDREN.scalar_subquery().label("children"), _referrers.scalar_subquery().label("referrers")]
AROUND = Statement(select(*_AROUND).where(_ONE))
LEAVING = Statement(_OBJECT.add_columns(*_AROUND).where(_ONE))
# PostgreSQL takes a list for ten elements unless it plans anew for each, which takes longer than the look-up; a limit that it does not
# know makes it one element, and the plan is kept.
_wanted = (
    select(column("kind", Text), column("name_digest", BYTEA))
    .select_from(
        func.unnest(bindparam("kinds", type_=ARRAY(Text)), bindparam("digests", type_=ARRAY(BYTEA)))
        .table_valued(column("kind", Text), column("name_digest", BYTEA))
        .render_derived(name="named")
    )
    .limit(bindparam("names", type_=Integer))
    .subquery("wanted")
)
_given = func.unnest(bindparam("uuids", type_=UUIDS)).table_valued(column("uuid", UUID(as_uuid=False))).render_derived(name="given")
# Of a project also what it may have, so that a create need not ask for it.
_QUOTA = case((resource.c.kind == "project", resource.c.properties["quota"])).label("quota")
_ENDS_AND_PERMS = [*_ENDS, *PERMISSIONS, _QUOTA, resource.c.modified]
RESOLVE = Statement(
    union_all(
        select(*_ENDS_AND_PERMS).select_from(
            _wanted.join(resource, and_(resource.c.kind == _wanted.c.kind, resource.c.name_digest == _wanted.c.name_digest))
        ),
        select(*_ENDS_AND_PERMS).where(resource.c.uuid.in_(select(_given.c.uuid).limit(bindparam("ids", type_=Integer)))),
    )
)


def _links(raw: str | None) -> list[list[Any]]:
    """A column of links as lists `[kind, uuid, fq_name...]`."""
    return orjson.loads(raw) if raw else []


def resource_of(catalog: Catalog, row: asyncpg.Record) -> Resource:
    """The object of a row that READ gave."""
    refs: dict[str, list[Ref]] = {}
    for kind, uuid, fq_name, attr, relaxed in _links(row["refs"]):
        refs.setdefault(ref_name(kind), []).append(Ref(kind, uuid, tuple(fq_name), attr, relaxed))
    fq_name = tuple(row["fq_name"])
    return Resource(
        kind=catalog[row["kind"]],
        uuid=row["uuid"],
        fq_name=fq_name,
        parent=Link(row["parent_kind"], row["parent"], fq_name[:-1]) if row["parent"] else None,
        properties=orjson.loads(row["properties"]),
        refs=refs,
        perms=perms_of(row),
        identity=Identity(row["enable"], row["user_visible"], row["description"], row["creator"], orjson.loads(row["permissions"])),
        positions=orjson.loads(row["positions"]) if row["positions"] else {},
        modified=row["modified"],
    )


class Around(NamedTuple):
    """What may stand against a deletion: the object's children, and whose refs point to it, each relaxed or not."""

    children: Sequence[Link]
    referrers: Sequence[tuple[Link, bool]]


def around_of(row: asyncpg.Record | None) -> Around:
    """What a row of AROUND or LEAVING tells."""
    children, referrers = (_links(row[name]) if row else [] for name in ("children", "referrers"))
    return Around(
        [Link(kind, uuid, tuple(fq_name)) for kind, uuid, fq_name in children],
        [(Link(kind, uuid, tuple(fq_name)), relaxed) for kind, uuid, fq_name, relaxed in referrers],
    )


def require(caller: Caller, needed: int, row: asyncpg.Record) -> None:
    """The object of a row with PERMISSIONS, or READ's, may be used so by the caller; raises what is wrong otherwise."""
    if not caller.admin:
        caller.require(needed, row["kind"], row["uuid"], perms_of(row), visible=row["user_visible"])


def perms_of(row: asyncpg.Record) -> Perms:
    return Perms(row["owner"], row["owner_access"], row["global_access"], orjson.loads(row["share"]))


def link_of(row: asyncpg.Record) -> Link:
    return Link(row["kind"], row["uuid"], tuple(row["fq_name"]))


# --- writing ---------------------------------------------------------------------------------------------------


def _put_refs(parameter: str, when: Any) -> Any:
    rows = rows_of(reference, REFERENCE, parameter)
    put = upsert(reference).from_select(REFERENCE, select(*[rows.c[name] for name in REFERENCE]).where(when))
    return put.on_conflict_do_update(
        index_elements=["source", "target"],
        set_={"attr": put.excluded.attr, "position": put.excluded.position},
    )


def _tell(*written: Any) -> Any:
    """Change rows of what was written: made of the rows that came back, so that they follow the lock and carry the times."""
    rows = rows_of(change, CHANGE, "changes")
    stamped = union_all(*[select(cte.c.uuid, cte.c.created, cte.c.modified) for cte in written]).subquery("stamped")
    told = select(*[rows.c[name] for name in CHANGE], stamped.c.created, stamped.c.modified).where(rows.c.uuid == stamped.c.uuid)
    return insert(change).from_select([*CHANGE, "created", "modified"], told)


# A limit that it does not know lets PostgreSQL expect few (see `_wanted`): they are then looked up, however small the table was.
_lost = rows_of(reference, ["source", "target"], "gone")
_gone = select(_lost).limit(func.jsonb_array_length(cast(bindparam("gone"), JSONB))).subquery("few")
_NOW = func.greatest(func.clock_timestamp(), resource.c.modified + literal_column("interval '1 microsecond'"))
_TIMES = (resource.c.uuid, resource.c.created, resource.c.modified)
# Only what is as it was read; what is locked cannot be otherwise, and needs no moment.
_AS_SEEN = resource.c.modified == func.coalesce(cast(bindparam("seen"), Moment), resource.c.modified)
_new = rows_of(resource, [*STATE, *FOUND_BY], "resources")
_changed = (
    update(resource)
    .values({name: _new.c[name] for name in (*STATE, *FOUND_BY)} | {"modified": _NOW})
    .where(resource.c.uuid == bindparam("uuid"), _AS_SEEN)
    .returning(*_TIMES)
    .cte("changed")
)
_touched = (
    update(resource)
    .values(modified=_NOW)
    .where(resource.c.uuid == func.any(bindparam("touched", type_=UUIDS)))
    .returning(*_TIMES)
    .cte("touched")
)
_WAS_CHANGED = exists().select_from(_changed)
UPDATE = Statement(
    _tell(_changed, _touched).add_cte(
        delete(reference)
        .where(reference.c.source == _gone.c.source, beside(reference.c.target == _gone.c.target), _WAS_CHANGED)
        .cte("lost"),
        _put_refs("refs", _WAS_CHANGED).cte("put"),
    )
)
TOUCH = Statement(_tell(_touched))
_removed = delete(resource).where(resource.c.uuid == bindparam("uuid"), _AS_SEEN).returning(*_TIMES).cte("removed")
# For what goes along with the deletion of an object.
WAS_REMOVED = exists().select_from(_removed)
_unlinked = delete(reference).where(
    reference.c.target == bindparam("uuid"), reference.c.source == func.any(bindparam("yielding", type_=UUIDS)), WAS_REMOVED
)


def deleting(**along: Any) -> Statement:
    """
    The deletion of an object with its refs, and of those to it from `yielding`; the foreign key still refuses for every other. What goes
    `along`, under names of its own, is done in the same statement.
    """
    return Statement(_tell(_removed, _touched).add_cte(_unlinked.cte("unlinked"), *(each.cte(name) for name, each in along.items())))


RELAX = Statement(
    update(reference).values(relaxed=True).where(reference.c.source == bindparam("source"), reference.c.target == bindparam("target"))
)


def row_of(new: Resource) -> dict[str, Any]:
    """The resource's columns as JSON for `jsonb_to_recordset`."""
    keys = keys_of(new.properties)
    return {
        "uuid": new.uuid,
        "kind": new.kind.name,
        "fq_name": new.fq_name,
        "name_digest": "\\x" + digest(new.fq_name).hex(),
        "parent": new.parent.uuid if new.parent else None,
        "parent_kind": new.parent.kind if new.parent else None,
        "properties": new.properties,
        "positions": new.positions or None,
        "owner": new.perms.owner,
        "owner_access": new.perms.owner_access,
        "global_access": new.perms.global_access,
        "share": new.perms.share,
        "enable": new.identity.enable,
        "user_visible": new.identity.user_visible,
        "description": new.identity.description,
        "creator": new.identity.creator,
        "permissions": new.identity.permissions,
        "name": folded(new.fq_name[-1]),
        "found_by": keys[0] if keys else None,
        "also_found_by": keys[1:] or None,
    }


def ref_rows(source: Resource, refs: Iterable[tuple[int, Ref]]) -> list[dict[str, Any]]:
    rows = []
    for position, ref in refs:
        row = {"source": source.uuid, "target": ref.uuid, "position": position, "attr": ref.attr, "relaxed": ref.relaxed}
        rows.append(row)
        if symmetric(source, [ref]):
            rows.append(row | {"source": ref.uuid, "target": source.uuid})
    return rows


def numbered(of: Resource) -> list[tuple[int, Ref]]:
    return [(position, ref) for refs in of.refs.values() for position, ref in enumerate(refs)]


def _json(rows: Sequence[Any]) -> str:
    return orjson.dumps(rows).decode()


async def touch(connection: Connection, told: Sequence[Told]) -> None:
    """Store what happened to objects at the far sides of new refs."""
    await connection.execute(TOUCH, touched=_uuids(told), changes=_json(told))


def replacement(journal: Journal, old: Resource, new: Resource, told: Sequence[Told] = ()) -> dict[str, Any]:
    """What UPDATE takes to store what differs between `old` and `new`, and what is `told` of the far sides of its refs."""
    before = {ref.uuid: (position, ref) for position, ref in numbered(old)}
    after = {ref.uuid: (position, ref) for position, ref in numbered(new)}
    lost = [ref for uuid, (_, ref) in before.items() if uuid not in after]
    put = [
        (position, ref)
        for uuid, (position, ref) in after.items()
        if uuid not in before or (before[uuid][0], before[uuid][1].attr) != (position, ref.attr)
    ]
    row = row_of(new)
    return {
        "uuid": new.uuid,
        "resources": _json([{name: row[name] for name in (*STATE, *FOUND_BY)}]),
        "gone": _json([{"source": row["source"], "target": row["target"]} for row in ref_rows(old, [(0, ref) for ref in lost])]),
        "refs": _json(ref_rows(new, put)),
        "touched": _uuids(told),
        "changes": _json([journal.row(UPDATED, new, old, new), *told]),
    }


def deletion(journal: Journal, old: Resource, yielding: Sequence[str], told: Sequence[Told] = ()) -> dict[str, Any]:
    """What a statement of `deleting` takes to remove an object; `told` is what that does to those that had a ref to it."""
    changes = _json([*told, journal.row(DELETED, old, old, None)])
    return {"uuid": old.uuid, "yielding": list(yielding), "touched": _uuids(told), "changes": changes}


def _uuids(told: Sequence[Told]) -> list[str]:
    return [row["uuid"] for row in told]


async def resolve(connection: Connection, names: Sequence[tuple[str, FqName]], uuids: Sequence[str]) -> list[asyncpg.Record]:
    """Rows (uuid, kind, fq_name, PERMISSIONS, quota, modified) of the objects that have one of these names or uuids."""
    return await connection.fetch(
        RESOLVE,
        kinds=[kind for kind, _ in names],
        digests=[digest(fq_name) for _, fq_name in names],
        names=len(names),
        uuids=list(uuids),
        ids=len(uuids),
    )
