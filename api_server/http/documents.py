"""The JSON that callers send, read into what it says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from api_server.errors import BadRequest, InvalidName, InvalidProperty, InvalidReference
from api_server.model.caller import Caller
from api_server.model.catalog import Catalog
from api_server.model.kind import Kind, Property, hyphened
from api_server.model.names import check_name
from api_server.model.placement import Placement
from api_server.model.resource import Identity, Perms, Ref, Resource, is_uuid, new_uuid
from api_server.model.validation import parse_attribute, parse_document, parse_properties

# The permission fields a create may say (contract 2.3); an update only `enable` and `description`.
CREATE_IDENTITY = ("enable", "user_visible", "description", "creator", "permissions")


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
