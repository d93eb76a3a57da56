"""Who may do what: without authentication everybody is the administrator (contract 1.11, 5.1)."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, Forbidden, InvalidProperty
from api_server.http.preconditions import if_match
from api_server.http.requests import json_response, object_of, server_of, uuid_in, write_in
from api_server.model.catalog import Catalog
from api_server.model.resource import Perms
from api_server.model.validation import parse_document
from api_server.store import resources
from api_server.transaction import Transaction


async def obj_perms(request: Request) -> Response:
    return json_response(
        orjson.dumps({"token_info": None, "is_cloud_admin_role": False, "is_global_read_only_role": False, "permissions": "RWX"})
    )


async def aaa_mode(request: Request) -> Response:
    return json_response(b'{"aaa-mode":"no-auth"}')


async def set_aaa_mode(request: Request) -> Response:
    raise Forbidden("aaa-mode is set when the server starts, not by a request")


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
        await tx.lock([uuid])
        row = await tx.fetchrow(resources.BY_UUID, uuid=uuid)
        old = await tx.get(row["kind"] if row else "", uuid)
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
