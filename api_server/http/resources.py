"""Create, read, update and delete, for every kind."""

from collections.abc import Mapping
from typing import Any

import asyncpg
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import NothingToDelete, UnknownId, UnknownPath, WrongKind
from api_server.http.answers import elements, etag_of, render_created, render_updated
from api_server.http.documents import inner_of, parse_create, parse_update
from api_server.http.preconditions import ANY, IfMatch, if_match
from api_server.http.requests import base_of, caller_of, empty, json_of, json_response, server_of, write_in
from api_server.http.staleness import reading
from api_server.http.views import fields_of, of_read
from api_server.model.caller import READ, WRITE
from api_server.model.catalog import ROOT
from api_server.model.kind import Kind
from api_server.model.resource import Resource, is_uuid
from api_server.store import resources
from api_server.store.resources import require, resource_of
from api_server.store.sight import sight_of
from api_server.store.wire import parameters, showing
from api_server.transaction import Transaction


def kind_at(request: Request) -> Kind:
    """The kind that the path's first segment names."""
    kind = server_of(request).catalog.kinds.get(request.path_params["kind"])
    if kind is None or kind.name == ROOT:
        raise UnknownPath(request.scope["path"])
    return kind


def collection_at(request: Request) -> Kind:
    """The kind whose list the path names."""
    kind = server_of(request).catalog.by_collection(request.path_params["collection"])
    if kind is None or kind.name == ROOT:
        raise UnknownPath(request.scope["path"])
    return kind


def uuid_at(request: Request) -> str:
    uuid: str = request.path_params["uuid"]
    if not is_uuid(uuid):
        raise UnknownId(uuid)
    return uuid


async def create(request: Request) -> Response:
    server, kind = server_of(request), collection_at(request)
    document = await json_of(request)

    async def work(tx: Transaction) -> Resource:
        new, placement = parse_create(server.catalog, kind, document, tx.caller)
        await tx.create(new, placement)
        return new

    return json_response(render_created(await write_in(request, work), base_of(request)))


async def read(request: Request) -> Response:
    kind, uuid, query, caller = kind_at(request), uuid_at(request), request.query_params, caller_of(request)
    fields = fields_of(query.get("fields"))
    shown = showing(of_read(kind, query, fields, guarded=not caller.admin))
    async with reading(request) as connection:
        found = await connection.fetchrow(shown, uuid=uuid, **parameters(base_of(request), fields), **sight_of(caller))
    row = _of_kind(kind, uuid, found)
    require(caller, READ, row)
    etag = etag_of(row["modified"])
    if request.headers.get("if-none-match") in (etag, etag.strip('"')):
        return Response(status_code=304, headers={"ETag": etag})
    body = elements(kind, [row["document"]], wrap=True)
    return Response(body, media_type="application/json", headers={"ETag": etag})


async def update(request: Request) -> Response:
    kind, uuid = kind_at(request), uuid_at(request)
    document = await json_of(request) if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers else {}
    if document == {} or (isinstance(document, dict) and document.get(kind.name) in ({}, [])):
        await _must_exist(request, kind, uuid)
        return empty()
    inner, match = inner_of(kind, document), if_match(request)

    async def work(tx: Transaction) -> None:
        await update_in(tx, kind, uuid, inner, match)

    await write_in(request, work)
    return json_response(render_updated(kind, uuid, base_of(request)))


async def update_in(tx: Transaction, kind: Kind, uuid: str, inner: Mapping[str, Any], match: IfMatch = ANY) -> None:
    """Change the object as a PUT body says (contract 1.4.3)."""
    old = await tx.hold(kind.name, uuid, WRITE)
    match.check(old)
    await tx.update(old, parse_update(tx.catalog, old, inner))


async def _must_exist(request: Request, kind: Kind, uuid: str) -> None:
    """What a PUT that says nothing is about; it may ask for a state all the same (contract 1.4.3)."""
    async with server_of(request).database.connection() as connection:
        row = _of_kind(kind, uuid, await connection.fetchrow(resources.READ, uuid=uuid))
    require(caller_of(request), WRITE, row)
    if_match(request).check(resource_of(server_of(request).catalog, row))


def _of_kind(kind: Kind, uuid: str, row: asyncpg.Record | None) -> asyncpg.Record:
    """The row, if there is one and it is of the kind that the path names (contract 1.4.2)."""
    if row is None:
        raise UnknownId(uuid)
    if row["kind"] != kind.name:
        raise WrongKind(kind.name, uuid)
    return row


async def delete(request: Request) -> Response:
    kind, uuid, match = kind_at(request), uuid_at(request), if_match(request)

    async def work(tx: Transaction) -> None:
        await delete_in(tx, kind, uuid, match)

    await write_in(request, work)
    return empty()


async def delete_in(tx: Transaction, kind: Kind, uuid: str, match: IfMatch = ANY) -> None:
    """Delete the object and what goes along (contract 1.4.4)."""
    try:
        old = tx.deletable(await tx.hold(kind.name, uuid, leaving=True))
    except UnknownId as none:
        raise NothingToDelete(uuid) from none
    match.check(old)
    await tx.delete(old)
