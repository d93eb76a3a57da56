"""The JSON of the wire, in and out: the only module that knows its shape."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from api_server.errors import BadRequest, InvalidName, InvalidProperty, InvalidReference
from api_server.model.caller import Caller
from api_server.model.catalog import Catalog
from api_server.model.kind import Kind, Property, hyphened, snake_of
from api_server.model.names import check_name
from api_server.model.placement import Placement
from api_server.model.resource import Identity, Perms, Ref, Resource, is_uuid, new_uuid
from api_server.model.validation import parse_attribute, parse_document, parse_properties
from api_server.store.resources import links

# The permission fields a create may say (contract 2.3); an update only `enable` and `description`.
CREATE_IDENTITY = ("enable", "user_visible", "description", "creator", "permissions")


# --- in --------------------------------------------------------------------------------------------------------


def read_json(raw: bytes) -> Any:
    """The body as JSON, whatever its content type says (contract 1.1)."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as why:
        raise BadRequest(f"The body is not JSON: {why}") from why
    if b"\\u0000" in raw and (path := _path_of_nul(document)):
        raise BadRequest(f"The body holds a NUL character at {path}", field=path)
    return document


def _path_of_nul(value: Any, path: str = "") -> str:
    if isinstance(value, str):
        return (path or "its top") if "\0" in value else ""
    pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        where = f"{path}.{key}" if path else str(key)
        if (isinstance(key, str) and "\0" in key) or (found := _path_of_nul(each, where)):
            return where if isinstance(key, str) and "\0" in key else found
    return ""


def inner_of(kind: Kind, document: Any) -> dict[str, Any]:
    """What the wrapper key holds; the key may be spelt with underscores."""
    if isinstance(document, dict):
        for key in (kind.name, kind.snake):
            if isinstance(document.get(key), dict):
                inner: dict[str, Any] = document[key]
                return inner
    raise BadRequest(f"The body must be an object with the key {kind.name!r} that holds an object", field=kind.name)


def parse_create(catalog: Catalog, kind: Kind, document: Any, caller: Caller) -> tuple[Resource, Placement]:
    """The new resource of a caller's POST body, its refs not yet resolved (contract 1.4.1, rows 2 to 7)."""
    inner = {key: value for key, value in inner_of(kind, document).items() if value is not None}
    if not inner:
        raise BadRequest(f"The body has nothing under {kind.name!r}", field=kind.name)
    fq_name = parse_name(kind, inner)
    identity = _identity(catalog, inner.get("id_perms"), Identity(), CREATE_IDENTITY, "create")
    if not (identity.user_visible or caller.admin):
        raise BadRequest("This object is not visible by users", field="id_perms.user_visible")
    properties = _properties(catalog, kind, inner, "create")
    refs, problems = _refs(catalog, kind, inner)
    if problems:
        raise InvalidReference("create", problems)
    properties.setdefault("display_name", fq_name[-1])
    uuid = inner.get("uuid")
    new = Resource(
        kind=kind,
        uuid=str(uuid) if is_uuid(uuid) else new_uuid(),
        fq_name=fq_name,
        properties=properties,
        refs={name: each for name, each in refs.items() if each},
        perms=_perms(catalog, inner.get("perms2"), Perms(owner=caller.owner), "create"),
        identity=identity,
        given=frozenset(inner),
    )
    return new, _placement(inner, new)


def parse_name(kind: Kind, inner: Mapping[str, Any]) -> tuple[str, ...]:
    """The fq_name of a POST body, within the limits of contract 2.1."""
    fq_name = inner.get("fq_name")
    if not fq_name:
        raise InvalidName("Bad Request, no fq_name in POST body", field="fq_name")
    if not isinstance(fq_name, list) or not all(isinstance(element, str) and element for element in fq_name):
        raise InvalidName(f"fq_name must be a list of names: {fq_name!r:.200}", field="fq_name")
    check_name(kind.name, fq_name)
    return tuple(fq_name)


def _placement(inner: Mapping[str, Any], new: Resource) -> Placement:
    parent_kind, parent_uuid = inner.get("parent_type") or "", inner.get("parent_uuid") or ""
    if not isinstance(parent_kind, str) or (parent_uuid and not is_uuid(parent_uuid)):
        field = "parent_uuid" if isinstance(parent_kind, str) else "parent_type"
        raise BadRequest(f"Invalid {field}: {inner[field]!r:.200}", field=field)
    perms = inner.get("perms2")
    owner_given = isinstance(perms, dict) and bool(perms.get("owner"))
    if new.kind.name == "project" and not owner_given and inner.get("uuid"):
        # A project is its own tenant (contract 2.4).
        new.perms.owner = new.uuid.replace("-", "")
    return Placement(
        parent_kind=hyphened(parent_kind),
        parent_uuid=parent_uuid,
        owner_given=owner_given,
        uuid=str(inner.get("uuid") or "")[:200],
        asked=True,
    )


def parse_update(catalog: Catalog, old: Resource, inner: Mapping[str, Any]) -> Resource:
    """`old` with a PUT body applied; what may not change is passed over silently (contract 2.7)."""
    kind, new = old.kind, old.copy()
    new.given = frozenset(inner)
    for name in kind.properties.keys() & inner.keys():
        new.properties.pop(name, None)
        new.positions.pop(name, None)
    new.properties |= _properties(catalog, kind, {key: value for key, value in inner.items() if value is not None}, "http_put")
    refs, problems = _refs(catalog, kind, inner)
    if problems:
        raise InvalidReference("http_put", problems)
    new.refs |= refs
    new.identity = _identity(catalog, inner.get("id_perms"), new.identity, ("enable", "description"), "http_put")
    if inner.get("perms2") is not None:
        if not isinstance(inner["perms2"], dict) or not inner["perms2"].get("owner"):
            raise BadRequest("owner in perms2 must be present", field="perms2.owner")
        new.perms = _perms(catalog, inner["perms2"], Perms(), "http_put")
    return new


def _properties(catalog: Catalog, kind: Kind, given: Mapping[str, Any], moment: str) -> dict[str, Any]:
    values, problems = parse_properties(catalog, kind, given)
    if problems:
        raise InvalidProperty(moment, problems)
    return {name: collected(kind.properties[name], value) for name, value in values.items() if not _cleared(kind.properties[name], value)}


def _cleared(rule: Property, value: Any) -> bool:
    """An empty collection is no collection (contract 2.7)."""
    return bool(rule.collection) and not (isinstance(value, dict) and value.get(rule.element))


def collected(rule: Property, value: Any) -> Any:
    """A map as it is read: sorted by key, of equal keys the last (contract 1.9)."""
    if rule.collection != "map":
        return value
    elements = {element.get(rule.map_key): element for element in value[rule.element]}
    return {**value, rule.element: [elements[key] for key in sorted(elements, key=str)]}


def _refs(catalog: Catalog, kind: Kind, given: Mapping[str, Any]) -> tuple[dict[str, list[Ref]], list[str]]:
    refs: dict[str, list[Ref]] = {}
    problems: list[str] = []
    for name in kind.refs:
        if name not in given:
            continue
        entries = given[name] or []
        if not isinstance(entries, list):
            problems.append(f"{name} must be a list: {entries!r:.200}")
            continue
        refs[name] = []
        for index, entry in enumerate(entries):
            ref, wrong = _ref(catalog, kind, name, entry)
            problems += [f"{name}[{index}]{problem}" for problem in wrong]
            if ref:
                refs[name].append(ref)
    return refs, problems


def _ref(catalog: Catalog, kind: Kind, name: str, entry: Any) -> tuple[Ref | None, list[str]]:
    rule = kind.refs[name]
    if not isinstance(entry, dict) or not (entry.get("to") or entry.get("uuid")):
        return None, [f" must be an object with `to` or `uuid`: {entry!r:.200}"]
    to, uuid = entry.get("to") or [], entry.get("uuid")
    if not isinstance(to, list) or not all(isinstance(element, str) for element in to):
        return None, [f".to must be a list of names: {to!r:.200}"]
    if uuid and not is_uuid(uuid):
        return None, [f".uuid is no uuid: {uuid!r:.200}"]
    if rule.attr and "attr" not in entry:
        return None, [f" needs the key attr, a {rule.attr} or null"]
    attr, wrong = parse_attribute(catalog, rule, entry.get("attr"), "attr")
    # Names the server has not looked up yet are left out, so that the target's own name is what is kept.
    return Ref(rule.target, uuid or "", () if uuid else tuple(to), attr), [f".{problem}" for problem in wrong]


def read_attribute(catalog: Catalog, kind: Kind, name: str, attr: Any) -> Any:
    """The attribute document of a `ref-update` (contract 1.8)."""
    value, problems = parse_attribute(catalog, kind.refs[name], attr)
    if problems:
        raise InvalidReference("ref-update", problems)
    return value


def _identity(catalog: Catalog, given: Any, kept: Identity, allowed: Sequence[str], moment: str) -> Identity:
    if given is None:
        return kept
    values, problems = parse_document(catalog, "id_perms", given)
    if problems:
        raise InvalidProperty(moment, problems)
    for name in allowed:
        if values.get(name) is not None or (name in values and name == "description"):
            setattr(kept, name, values[name])
    return kept


def _perms(catalog: Catalog, given: Any, kept: Perms, moment: str) -> Perms:
    if given is None:
        return kept
    values, problems = parse_document(catalog, "perms2", given)
    if problems:
        raise InvalidProperty(moment, problems)
    for name in ("owner", "owner_access", "global_access", "share"):
        if values.get(name) is not None:
            setattr(kept, name, values[name])
    return kept


# --- out -------------------------------------------------------------------------------------------------------


def stamp(moment: datetime) -> str:
    """UTC with microseconds and no zone (contract 1.1)."""
    return moment.isoformat(timespec="microseconds")[:26]


def etag_of(moment: datetime) -> str:
    return f'"{stamp(moment)}"'


def href(base: str, kind: str, uuid: str) -> str:
    return f"{base}/{kind}/{uuid}"


def created_answer(new: Resource, base: str, fields: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What a create tells of the new object (contract 1.4.1), and those of its properties that are asked for."""
    answer: dict[str, Any] = {"name": new.name, "fq_name": new.fq_name, "uuid": new.uuid, "href": href(base, new.kind.name, new.uuid)}
    if new.parent:
        answer |= {
            "parent_type": new.parent.kind,
            "parent_uuid": new.parent.uuid,
            "parent_href": href(base, new.parent.kind, new.parent.uuid),
        }
    return answer | {name: new.properties[name] for name in new.properties.keys() & fields}


def render_created(new: Resource, base: str) -> bytes:
    """The answer to a create."""
    return orjson.dumps({new.kind.name: created_answer(new, base)})


def updated_answer(kind: Kind, uuid: str, base: str) -> dict[str, Any]:
    """What an update tells of the object (contract 1.4.3)."""
    return {"uuid": uuid, "href": href(base, kind.name, uuid)}


def render_updated(kind: Kind, uuid: str, base: str) -> bytes:
    """The answer to an update."""
    return orjson.dumps({kind.name: updated_answer(kind, uuid, base)})


def render_read(kind: Kind, row: asyncpg.Record, base: str, fields: frozenset[str] | None, *, hrefs: bool) -> bytes:
    """The answer to a read (contract 1.4.2)."""
    return b'{"%s":%s}' % (kind.name.encode(), _object(row, base, fields, hrefs=hrefs, link_hrefs=hrefs, restrict=True, parent_href=hrefs))


def render_details(kind: Kind, rows: Sequence[asyncpg.Record], base: str, fields: frozenset[str] | None, *, hrefs: bool) -> list[bytes]:
    """The elements of a detail list; `fields` adds links and leaves nothing out (contract 1.5)."""
    head = b'{"%s":' % kind.name.encode()
    return [head + _object(row, base, fields, hrefs=hrefs, link_hrefs=False, restrict=False, parent_href=False) + b"}" for row in rows]


def render_entries(kind: Kind, rows: Sequence[asyncpg.Record], base: str, fields: frozenset[str] | None, *, hrefs: bool) -> list[bytes]:
    """The elements of a plain list, with the asked fields (contract 1.5)."""
    entries = []
    for row in rows:
        entry: dict[str, Any] = {"uuid": row["uuid"], "fq_name": row["fq_name"]}
        if hrefs:
            entry["href"] = href(base, kind.name, row["uuid"])
        if fields is not None:
            if row["parent"]:
                entry |= {"parent_type": row["parent_kind"], "parent_uuid": row["parent"]}
            entry |= _asked(row, base, fields)
        entries.append(orjson.dumps(entry))
    return entries


def render_list(kind: Kind, elements: Sequence[bytes], marker: str | None, *, paged: bool) -> bytes:
    body = b'{"%s":[%s]' % (kind.collection.encode(), b",".join(elements))
    return body + (b',"marker":%s}' % orjson.dumps(marker) if paged else b"}")


def _asked(row: asyncpg.Record, base: str, fields: frozenset[str]) -> dict[str, Any]:
    """Fields of a plain list entry: properties, refs, children, back refs, permissions, whichever the row holds."""
    keys = set(row.keys())
    found: dict[str, Any] = {}
    if "properties" in keys:
        found |= {name: value for name, value in orjson.loads(row["properties"]).items() if name in fields}
        if "id_perms" in fields:
            found["id_perms"] = _id_perms(row)
        if "perms2" in fields:
            found["perms2"] = _perms2(row)
    return found | {name: entries for name, entries in render_links(row, base, hrefs=False).items() if name in fields}


def _object(
    row: asyncpg.Record, base: str, fields: frozenset[str] | None, *, hrefs: bool, link_hrefs: bool, restrict: bool, parent_href: bool
) -> bytes:
    kind, uuid = row["kind"], row["uuid"]
    head: dict[str, Any] = {"uuid": uuid, "name": row["fq_name"][-1], "fq_name": row["fq_name"]}
    if hrefs:
        head["href"] = href(base, kind, uuid)
    if row["parent"]:
        head |= {"parent_type": row["parent_kind"], "parent_uuid": row["parent"]}
        if parent_href:
            head["parent_href"] = href(base, row["parent_kind"], row["parent"])
    head |= {"id_perms": _id_perms(row), "perms2": _perms2(row)}
    properties: str = row["properties"]
    if fields is not None and restrict:
        properties = orjson.dumps({name: value for name, value in orjson.loads(properties).items() if name in fields}).decode()
    found = render_links(row, base, hrefs=link_hrefs)
    if fields is not None and restrict:
        found = {name: entries for name, entries in found.items() if name in fields}
    elif fields is not None:
        found = {
            name: entries for name, entries in found.items() if name in fields or (name.endswith("_refs") and "_back_refs" not in name)
        }
    parts = [orjson.dumps(head)[1:-1], properties[1:-1].encode(), orjson.dumps(found)[1:-1]]
    return b"{" + b",".join(part for part in parts if part) + b"}"


def render_links(row: asyncpg.Record, base: str, *, hrefs: bool) -> dict[str, list[dict[str, Any]]]:
    """Refs, children and back refs under their names, whichever the row holds."""
    keys = set(row.keys())
    found: dict[str, list[dict[str, Any]]] = {}
    for column, suffix in (("refs", "_refs"), ("children", "s"), ("back_refs", "_back_refs")):
        if column not in keys:
            continue
        for kind, uuid, to, *rest in links(row[column]):
            entry: dict[str, Any] = {"to": to, "uuid": uuid}
            if hrefs:
                entry["href"] = href(base, kind, uuid)
            if rest:
                entry["attr"] = rest[0]
            found.setdefault(snake_of(kind) + suffix, []).append(entry)
    return found


def kept_refs(state: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The refs of an object as a change row keeps it."""
    return {name: [{"to": to, "uuid": uuid, "attr": attr} for uuid, to, attr in entries] for name, entries in state["refs"].items()}


def kept_object(
    row: asyncpg.Record, state: Mapping[str, Any], modified: datetime | None, refs: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """An object as a change row keeps it, without name, hrefs, children and back refs, with these of its refs (contract 1.14)."""
    document: dict[str, Any] = {"uuid": row["uuid"], "fq_name": row["fq_name"]}
    if state["parent_uuid"]:
        document |= {"parent_type": state["parent_type"], "parent_uuid": state["parent_uuid"]}
    if identity := state.get("id_perms"):
        document["id_perms"] = _identity_of(row["uuid"], row["created"], modified, identity, identity["permissions"])
    return {**document, "perms2": state["perms2"], **state["properties"], **refs}


def _id_perms(row: asyncpg.Record) -> dict[str, Any]:
    return _identity_of(row["uuid"], row["created"], row["modified"], row, orjson.Fragment(row["permissions"]))


def _identity_of(uuid: str, created: datetime | None, modified: datetime | None, of: Any, permissions: Any) -> dict[str, Any]:
    """An object's `id_perms` (contract 2.3); times that nobody noted are null."""
    number = int(uuid.replace("-", ""), 16)
    return {
        "enable": of["enable"],
        "uuid": {"uuid_mslong": number >> 64, "uuid_lslong": number & 0xFFFF_FFFF_FFFF_FFFF},
        "created": created and stamp(created),
        "last_modified": modified and stamp(modified),
        "description": of["description"],
        "creator": of["creator"],
        "user_visible": of["user_visible"],
        "permissions": permissions,
    }


def _perms2(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "owner": row["owner"],
        "owner_access": row["owner_access"],
        "global_access": row["global_access"],
        "share": orjson.Fragment(row["share"]),
    }
