"""Addresses of a network that no object holds (contract 1.13)."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest
from api_server.http.requests import empty, json_response, object_of, write_in
from api_server.ipam import reservations
from api_server.ipam.choice import Wish
from api_server.model.caller import READ, WRITE
from api_server.model.resource import is_uuid
from api_server.transaction import Transaction

# What an id that is no uuid is looked up as: nothing has it, and the answer names what was asked for.
NOBODY = "00000000-0000-0000-0000-000000000000"


async def ip_alloc(request: Request) -> Response:
    document, network = await object_of(request), _network_at(request)
    count, subnet = document.get("count", 1), document.get("subnet")
    if isinstance(count, bool) or not isinstance(count, int):
        raise BadRequest(f"count must be a whole number: {count!r:.200}", field="count")
    if subnet is not None and not is_uuid(subnet):
        raise BadRequest(f"subnet is no uuid: {subnet!r:.200}", field="subnet")
    wish = Wish(subnet=subnet, family=document.get("family"))

    async def work(tx: Transaction) -> list[str]:
        await tx.permit(WRITE, network)
        return await reservations.reserve(tx, network, wish, count)

    return json_response(orjson.dumps({"ip_addr": await write_in(request, work)}))


async def ip_free(request: Request) -> Response:
    addresses, network = _listed(await object_of(request), "ip_addr"), _network_at(request)

    async def work(tx: Transaction) -> None:
        await tx.permit(WRITE, network)
        await reservations.unreserve(tx, network, addresses)

    await write_in(request, work)
    return empty()


async def subnet_ip_count(request: Request) -> Response:
    subnets, network = _listed(await object_of(request), "subnet_list"), _network_at(request)

    async def work(tx: Transaction) -> list[int]:
        await tx.permit(READ, network)
        return await reservations.taken(tx, network, subnets)

    return json_response(orjson.dumps({"ip_count_list": await write_in(request, work)}))


def _listed(document: dict[str, Any], key: str) -> list[Any]:
    found = document.get(key)
    if not isinstance(found, list):
        raise BadRequest(f"{key} must be a list: {found!r:.200}", field=key)
    return found


def _network_at(request: Request) -> str:
    uuid: str = request.path_params["uuid"]
    return uuid if is_uuid(uuid) else NOBODY
