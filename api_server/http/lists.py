"""Lists of a kind: what `GET /<kind>s` and `list-bulk-collection` ask for, and the four shapes of the answer (contract 1.5, 1.6)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, UnknownPath
from api_server.http.requests import base_of, caller_of, flag, json_response, kind_named, object_of, present, server_of
from api_server.http.staleness import reading
from api_server.http.streams import list_response
from api_server.http.views import fields_of, of_detail, of_entry
from api_server.model.caller import Caller
from api_server.model.catalog import ROOT, Catalog
from api_server.model.kind import Kind
from api_server.model.resource import is_uuid
from api_server.store import listing, pages
from api_server.store.listing import Place, Query, Term

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
    server = server_of(request)
    query = parse_query(server.catalog, kind, given, caller_of(request), base_of(request))
    if flag(given, "count"):
        return json_response(orjson.dumps({kind.collection: {"count": await _count(request, query)}}))
    if query is None:
        return json_response(orjson.dumps({kind.collection: [], **({"marker": None} if "page_marker" in given else {})}))
    return await list_response(request, kind, query)


async def _count(request: Request, query: Query | None) -> int:
    if query is None:
        return 0
    async with reading(request) as connection:
        return await pages.count(connection, query)


def parse_query(catalog: Catalog, kind: Kind, given: Mapping[str, Any], caller: Caller, base: str) -> Query | None:
    """The query that a caller's request asks for; None when nothing can match."""
    filters, matchable = parse_filters(kind, given.get("filters"))
    fields, marker = fields_of(given.get("fields")), given.get("page_marker")
    view_of = of_detail if flag(given, "detail") else of_entry
    query = Query(
        kind=kind.name,
        parents=_uuids(given, "parent_id"),
        parent_names=_parent_names(catalog, kind, given),
        back_refs=_uuids(given, "back_ref_id"),
        uuids=_uuids(given, "obj_uuids"),
        names=_names(given, "fq_names"),
        filters=filters,
        limit=_limit(given),
        paged="page_marker" in given,
        view=view_of(kind, fields, hrefs=not present(given, "exclude_hrefs"), guarded=not caller.admin),
        base=base,
        fields=fields,
        caller=caller,
        shared=flag(given, "shared"),
    )
    if query.paged and marker not in STARTS:
        query = replace(query, after=_place(str(marker), anchored=query.anchored))
    return query if matchable and kind.name != ROOT else None


def _place(marker: str, *, anchored: bool) -> Place:
    """Where the page before ended."""
    name, _, uuid = marker.rpartition(":")
    if not is_uuid(uuid) or (bool(name) == anchored):
        raise BadRequest(f"Invalid page_marker {marker}", field="page_marker")
    return Place(name, uuid)


def _limit(given: Mapping[str, Any]) -> int | None:
    """How many objects a page has; paging is on when the marker is there, even empty."""
    if "page_marker" not in given:
        return None
    limit = given.get("page_limit")
    limit = PAGE if limit in (None, "") else limit
    if isinstance(limit, bool) or not str(limit).isdecimal() or not 0 < int(limit) < 2**31:
        raise BadRequest(f"Invalid page_limit {limit}", field="page_limit")
    return int(limit)


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
