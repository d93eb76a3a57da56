"""`/v2/schema`: what the catalog knows of each kind, for programs that make forms, tables and checks of it."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import UnknownKind
from api_server.http.requests import json_response, server_of
from api_server.model.catalog import ROOT, Catalog
from api_server.model.kind import Field, Kind, Property
from api_server.model.scalars import PATTERNS

Document = dict[str, Any]


class Page(NamedTuple):
    """An answer that stays the same for as long as the process lives."""

    body: bytes
    etag: str


async def all_kinds(request: Request) -> Response:
    return _answer(request, _overview(server_of(request).catalog))


async def one_kind(request: Request) -> Response:
    catalog, name = server_of(request).catalog, request.path_params["kind"]
    kind = catalog.find(name)
    if kind is None or kind.name == ROOT:
        raise UnknownKind(name)
    return _answer(request, _page(catalog, kind.name))


def _answer(request: Request, page: Page) -> Response:
    if request.headers.get("if-none-match") in (page.etag, page.etag.strip('"')):
        return Response(status_code=304, headers={"ETag": page.etag})
    response = json_response(page.body)
    response.headers["ETag"] = page.etag
    return response


@cache
def _overview(catalog: Catalog) -> Page:
    kinds = sorted((kind for kind in catalog if kind.name != ROOT), key=lambda kind: kind.name)
    return _rendered({"kinds": [{"name": kind.name, "collection": kind.collection, "parents": kind.parents} for kind in kinds]})


@cache
def _page(catalog: Catalog, name: str) -> Page:
    return _rendered(described(catalog, catalog[name]))


def _rendered(document: Document) -> Page:
    body = orjson.dumps(document)
    return Page(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def described(catalog: Catalog, kind: Kind) -> Document:
    """All that the catalog says of a kind, with every structure that its properties and refs are made of."""
    rules: list[Field] = [*kind.properties.values(), *catalog.documents.values()]
    attrs = [rule.attr for rule in kind.refs.values() if rule.attr]
    return {
        "name": kind.name,
        "collection": kind.collection,
        "parents": kind.parents,
        "properties": {rule.name: _field(rule) for rule in rules},
        "refs": {rule.name: {"kind": rule.target, "attr": rule.attr or None} for rule in kind.refs.values()},
        "children": {rule.name: {"kind": rule.kind, "deleted_along": rule.derived} for rule in kind.children.values()},
        "back_refs": {rule.name: {"kind": rule.kind, "attr": rule.attr or None} for rule in kind.back_refs.values()},
        "types": {
            name: {field.name: _field(field) for field in fields.values()}
            for name, fields in _structures(catalog, [*(rule.type for rule in rules), *attrs])
        },
    }


def _structures(catalog: Catalog, types: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Field]]]:
    """Every structure that these types are made of, each once."""
    waiting, seen = list(types), set[str]()
    while waiting:
        name = waiting.pop(0)
        if name in catalog.structures and name not in seen:
            seen.add(name)
            yield name, catalog.structures[name]
            waiting += [field.type for field in catalog.structures[name].values()]


def _field(rule: Field) -> Document:
    """One value: its type, and what else narrows it; what does not apply is absent."""
    said: Document = {"type": rule.type, "list": rule.array}
    pattern = PATTERNS.get(rule.simple)
    more = {
        "enum": list(rule.enum) or None,
        "minimum": rule.low,
        "maximum": rule.high,
        "pattern": pattern[0].pattern if pattern else None,
        "default": rule.default,
        "presence": rule.required or None,
    }
    if isinstance(rule, Property):
        more |= {"operations": rule.operations, "collection": rule.collection or None, "map_key": rule.map_key or None}
    return said | {name: value for name, value in more.items() if value is not None}
