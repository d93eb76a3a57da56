"""Who may do what: told, and changed (contract 1.11)."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, Forbidden, InvalidProperty, PermissionDenied, UnknownId
from api_server.http.preconditions import if_match
from api_server.http.requests import caller_of, json_response, object_of, server_of, uuid_in, write_in
from api_server.model.caller import READ, WRITE, Caller, letters
from api_server.model.catalog import Catalog
from api_server.model.resource import Perms, is_uuid
from api_server.model.validation import parse_document
from api_server.store import resources
from api_server.store.resources import perms_of
from api_server.transaction import Transaction

# Without authentication, for whatever uuid (contract 1.11).
_ALL = {"token_info": None, "is_cloud_admin_role": False, "is_global_read_only_role": False, "permissions": "RWX"}


async def obj_perms(request: Request) -> Response:
    """What the bearer of X-User-Token, or else the caller, may do with an object."""
    gate, uuid = server_of(request).gate, request.query_params.get("uuid")
    if gate.is_open:
        return json_response(orjson.dumps(_ALL))
    examined = request.headers.get("x-user-token")
    asked = await gate.caller(examined) if examined else caller_of(request)
    answer = {
        "token_info": _token_info(asked),
        "is_cloud_admin_role": asked.admin,
        "is_global_read_only_role": asked.reads_all,
        "permissions": letters(await _bits(request, asked, uuid)),
    }
    return json_response(orjson.dumps(answer))


def _token_info(caller: Caller) -> dict[str, Any]:
    """As Keystone v3 says it, which is what clients read."""
    project = {"project": {"id": caller.project, "domain": {"id": caller.domain}}} if caller.project else {}
    return {"token": {"user": {"name": caller.user}, "roles": [{"name": role} for role in sorted(caller.roles)], **project}}


async def _bits(request: Request, caller: Caller, uuid: str | None) -> int:
    if uuid is None:
        return caller.bits(Perms(owner=""))
    async with server_of(request).database.connection() as connection:
        row = await connection.fetchrow(resources.PERMS_BY_UUID, uuid=uuid) if is_uuid(uuid) else None
    if row is None or not (row["user_visible"] or caller.admin):
        raise UnknownId(uuid[:200])
    return caller.bits(perms_of(row))


async def aaa_mode(request: Request) -> Response:
    if not caller_of(request).admin:
        raise PermissionDenied("403 Permission Denied: the mode is told to administrators only")
    return json_response(orjson.dumps({"aaa-mode": server_of(request).gate.mode}))


async def multi_tenancy(request: Request) -> Response:
    """Whether callers are told apart, as clients of releases before 3.x ask it (contract 1.15)."""
    return json_response(orjson.dumps({"enabled": not server_of(request).gate.is_open}))


async def set_aaa_mode(request: Request) -> Response:
    raise Forbidden("aaa-mode is set when the server starts (NETWEAVE_AAA_MODE), not by a request")


async def chown(request: Request) -> Response:
    document = await object_of(request)
    owner = document.get("owner")
    if not isinstance(owner, str) or not owner:
        raise BadRequest(f"Bad Request: owner must be the id of a project: {owner!r:.200}", field="owner")
    await _change_perms(request, document, {"owner": owner})
    return json_response(b"{}")


async def chmod(request: Request) -> Response:
    """Only the keys that are there change; `share` replaces the list."""
    document = await object_of(request)
    said = {key: document[key] for key in ("owner", "owner_access", "share", "global_access") if document.get(key) is not None}
    await _change_perms(request, document, said)
    return json_response(b"{}")


async def _change_perms(request: Request, document: dict[str, Any], said: dict[str, Any]) -> None:
    uuid, catalog = uuid_in(document, "uuid"), server_of(request).catalog
    perms, match = _checked(catalog, said), if_match(request)

    async def work(tx: Transaction) -> None:
        held = await tx.hold_any(uuid)
        if held is None:
            raise UnknownId(uuid)
        old = tx.permitted(READ | WRITE, held)
        match.check(old)
        new = old.copy()
        for name, value in perms.items():
            setattr(new.perms, name, value)
        # As a PUT of perms2 would say it: a type with is_shared keeps the two in step.
        new.given = frozenset(["perms2"] if said else [])
        if said:
            await tx.update(old, new)

    await write_in(request, work)


def _checked(catalog: Catalog, said: dict[str, Any]) -> dict[str, Any]:
    values, problems = parse_document(catalog, "perms2", said)
    if problems:
        raise InvalidProperty("chmod", problems)
    return {name: value for name, value in values.items() if name in Perms.__dataclass_fields__}
