"""Lists of a kind: what `GET /<kind>s` and `list-bulk-collection` ask for, and the four shapes of the answer (contract 1.5, 1.6)."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, UnknownPath
from api_server.http.documents import render_details, render_entries, render_list
from api_server.http.requests import base_of, caller_of, flag, json_response, kind_named, object_of, present, server_of
from api_server.http.resources import fields_of
from api_server.http.staleness import reading
from api_server.model.caller import Caller
from api_server.model.catalog import ROOT, Catalog
from api_server.model.kind import Kind
from api_server.model.resource import is_uuid
from api_server.store import listing
from api_server.store.listing import Query, Term

PAGE = 256
STARTS = ("", "None", None)


async def collection(request: Request) -> Response:
    server = server_of(request)
    kind = server.catalog.by_collection(request.path_params["collection"])
    if kind is None:
        raise UnknownPath(request.scope["path"])
    return await _answer(request, kind, request.query_params)


async def bulk(request: Request) -> Response:
    document = await object_of(request)
    if not document.get("type"):
        raise BadRequest("Bad Request: type is missing", field="type")
    return await _answer(request, kind_named(server_of(request).catalog, document["type"]), document)


async def _answer(request: Request, kind: Kind, given: Mapping[str, Any]) -> Response:
    server, base = server_of(request), base_of(request)
    query, fields, hrefs = (
        parse_query(server.catalog, kind, given, caller_of(request)),
        fields_of(given.get("fields")),
        not present(given, "exclude_hrefs"),
    )
    nothing = query is None or kind.name == ROOT
    async with reading(request) as connection:
        if flag(given, "count"):
            number = 0 if nothing or query is None else await listing.count(connection, query)
            return json_response(orjson.dumps({kind.collection: {"count": number}}))
        rows = [] if nothing or query is None else await listing.select_all(connection, query)
    render = render_details if flag(given, "detail") else render_entries
    paged = "page_marker" in given
    marker = None
    if paged and query and query.limit and len(rows) == query.limit:
        last = rows[-1]
        marker = last["uuid"] if query.anchored else f"{':'.join(last['fq_name'])}:{last['uuid']}"
    return json_response(render_list(kind, render(kind, rows, base, fields, hrefs=hrefs), marker, paged=paged))


def parse_query(catalog: Catalog, kind: Kind, given: Mapping[str, Any], caller: Caller) -> Query | None:
    """The query that a caller's request asks for; None when nothing can match."""
    filters, matchable = parse_filters(kind, given.get("filters"))
    fields = fields_of(given.get("fields")) or frozenset()
    detail = flag(given, "detail")
    marker, limit = _page(given)
    children, back_refs = not kind.children.keys().isdisjoint(fields), not kind.back_refs.keys().isdisjoint(fields)
    query = Query(
        kind=kind.name,
        parents=_uuids(given, "parent_id"),
        parent_names=_parent_names(catalog, kind, given),
        back_refs=_uuids(given, "back_ref_id"),
        uuids=_uuids(given, "obj_uuids"),
        names=_names(given, "fq_names"),
        filters=filters,
        marker=marker,
        limit=None if flag(given, "count") else limit,
        detail=detail or bool(fields),
        links=detail or children or back_refs or not kind.refs.keys().isdisjoint(fields),
        children=children,
        back_ref_links=back_refs,
        caller=caller,
        shared=flag(given, "shared"),
    )
    if marker and not _is_marker(marker, anchored=query.anchored):
        raise BadRequest(f"Invalid page_marker {marker}", field="page_marker")
    return query if matchable else None


def _is_marker(marker: str, *, anchored: bool) -> bool:
    name, _, uuid = marker.rpartition(":")
    return is_uuid(marker) if anchored else bool(name) and is_uuid(uuid)


def _page(given: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """Marker and limit; paging is on when the marker is there, even empty."""
    if "page_marker" not in given:
        return None, None
    limit = given.get("page_limit")
    limit = PAGE if limit in (None, "") else limit
    if isinstance(limit, bool) or not str(limit).isdecimal() or not 0 < int(limit) < 2**31:
        raise BadRequest(f"Invalid page_limit {limit}", field="page_limit")
    marker = given.get("page_marker")
    return (None if marker in STARTS else str(marker)), int(limit)


def _texts(given: Mapping[str, Any], key: str) -> list[str] | None:
    value = given.get(key)
    if value is None:
        return None
    texts = value if isinstance(value, list) else str(value).split(",")
    return [text.strip() for text in texts if isinstance(text, str)]


def _uuids(given: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    """The uuids of a list; what is none cannot match anything (contract 1.5)."""
    texts = _texts(given, key)
    return None if texts is None else tuple(text for text in texts if is_uuid(text))


def _names(given: Mapping[str, Any], key: str) -> tuple[tuple[str, ...], ...] | None:
    value = given.get(key)
    if value is None:
        return None
    texts = value if isinstance(value, list) else str(value).split(",")
    names = [tuple(text.split(":")) if isinstance(text, str) else text for text in texts]
    return tuple(tuple(name) for name in names if isinstance(name, (tuple, list)) and all(isinstance(each, str) for each in name))


def _parent_names(catalog: Catalog, kind: Kind, given: Mapping[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    name, parent = given.get("parent_fq_name_str"), given.get("parent_type")
    if not name:
        return None
    fq_name = tuple(name if isinstance(name, list) else str(name).split(":"))
    kinds = [kind_named(catalog, parent).name] if parent else kind.parents
    return tuple((each, fq_name) for each in kinds)


def parse_filters(kind: Kind, text: Any) -> tuple[tuple[Term, ...], bool]:
    """
    Terms `key==json`, separated by commas outside quotes and brackets; a key said twice may have either value. When no key is
    a property there is no filter at all; when only some are, nothing can match.
    """
    if not text:
        return (), True
    values: dict[str, list[Any]] = {}
    for term in text if isinstance(text, list) else _split(str(text)):
        key, equal, value = str(term).partition("==")
        if not equal or not key or ("==" in value and not value.lstrip().startswith(('"', "{", "["))):
            raise BadRequest(f"Invalid filter {term}", field="filters")
        values.setdefault(key.strip(), []).append(_json_or_text(value))
    known = [key for key in values if key in kind.properties or key in listing.DOCUMENTS]
    if not known:
        return (), True
    return tuple(Term(key, tuple(values[key])) for key in known), len(known) == len(values)


def _json_or_text(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _split(text: str) -> Iterator[str]:
    depth, quoted, start = 0, False, 0
    for index, character in enumerate(text):
        if character == '"' and (index == 0 or text[index - 1] != "\\"):
            quoted = not quoted
        elif not quoted and character in "[{":
            depth += 1
        elif not quoted and character in "]}":
            depth -= 1
        elif character == "," and not quoted and depth <= 0:
            yield text[start:index]
            start = index + 1
    yield text[start:]
