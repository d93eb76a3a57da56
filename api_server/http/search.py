"""`/v2/search`: everything that a text may mean, the closest first."""

import asyncio
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest
from api_server.http.admission import open_to
from api_server.http.answers import href
from api_server.http.requests import base_of, caller_of, json_response, kind_named, limit_of, server_of
from api_server.http.staleness import reading
from api_server.ipam.search import Match, search
from api_server.ipam.sought import read_sought
from api_server.model.catalog import ROOT, Catalog

LONGEST = 1024
DEFAULT_LIMIT, LARGEST_LIMIT = 50, 1000
# A search for what is in no name reads all names: of such, few at a time, so that other requests find connections.
_turns = asyncio.Semaphore(2)


async def find(request: Request) -> Response:
    text, server = request.query_params.get("q", ""), server_of(request)
    if not text.strip() or len(text) > LONGEST or "\0" in text:
        raise BadRequest(f"q must be a text of 1 to {LONGEST} characters: {text!r:.200}", field="q")
    limit = limit_of(request.query_params, DEFAULT_LIMIT, LARGEST_LIMIT)
    kinds = await open_to(request, _kinds(server.catalog, request.query_params.get("kinds")))
    async with _turns, reading(request) as connection:
        found = await search(connection, caller_of(request), read_sought(text), kinds, limit + 1)
    results = [_rendered(match, base_of(request)) for match in found[:limit]]
    return json_response(orjson.dumps({"query": text, "results": results, "more": len(found) > limit}))


def _kinds(catalog: Catalog, text: str | None) -> list[str]:
    if text is None:
        return [kind.name for kind in catalog if kind.name != ROOT]
    return [kind_named(catalog, name.strip()).name for name in text.split(",")]


def _rendered(match: Match, base: str) -> dict[str, Any]:
    found = match.found
    document = {
        "kind": found.kind,
        "uuid": found.uuid,
        "fq_name": found.fq_name,
        "href": href(base, found.kind, found.uuid),
        "field": match.field,
        "match": match.how,
        "value": match.value,
    }
    return {**document, "subnet": {"uuid": match.subnet, "cidr": match.cidr}} if match.subnet else document
