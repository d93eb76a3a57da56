"""Names to ids and back (contract 1.7)."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, NotFound, UnknownName
from api_server.http.requests import caller_of, json_response, kind_named, object_of, server_of
from api_server.http.staleness import reading
from api_server.model.caller import READ
from api_server.model.resource import digest, is_uuid
from api_server.store import resources


async def name_to_id(request: Request) -> Response:
    document, caller = await object_of(request), caller_of(request)
    if document.get("fq_name") is None:
        raise BadRequest("Bad Request: fq_name is missing", field="fq_name")
    kind, fq_name = kind_named(server_of(request).catalog, document.get("type")), document["fq_name"]
    if not isinstance(fq_name, list) or not fq_name or not all(isinstance(element, str) for element in fq_name):
        raise UnknownName(fq_name if isinstance(fq_name, list) else [str(fq_name)])
    async with reading(request) as connection:
        statement = resources.BY_NAME if caller.admin else resources.PERMS_BY_NAME
        row = await connection.fetchrow(statement, kind=kind.name, name_digest=digest(fq_name))
    if row is None or not (caller.admin or row["user_visible"]):
        raise UnknownName(fq_name)
    resources.require(caller, READ, row)
    return json_response(b'{"uuid":"%s"}' % row["uuid"].encode())


async def id_to_name(request: Request) -> Response:
    document = await object_of(request)
    uuid = document.get("uuid")
    if not uuid:
        raise BadRequest("Bad Request: uuid is missing", field="uuid")
    row = None
    if is_uuid(uuid):
        async with reading(request) as connection:
            row = await connection.fetchrow(resources.BY_UUID, uuid=uuid)
    if row is None:
        raise NotFound(f"UUID {str(uuid)[:200]} not found", uuid=str(uuid)[:200])
    return json_response(orjson.dumps({"fq_name": row["fq_name"], "type": row["kind"]}))
