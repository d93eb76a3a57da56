"""Number pools over HTTP: `int-pools` makes and removes them, `int-pool` gives and takes back their numbers (contract 1.15)."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest
from api_server.http.documents import read_json
from api_server.http.requests import body_of, empty, json_response, object_of, write_in
from api_server.http.staleness import reading
from api_server.ipam import pools
from api_server.ipam.numbers import NumberPool
from api_server.transaction import Transaction

LONGEST_NAME = 255
# What a column of the table holds.
LARGEST = (1 << 63) - 2


async def create(request: Request) -> Response:
    """A pool of the numbers from `start` up to, but without, `end`."""
    document = await object_of(request)
    start, end = _number(document, "start"), _number(document, "end")
    if start >= end:
        raise BadRequest(f"end {end} must be greater than start {start}: it is the first number beyond the pool", field="end")
    pool = NumberPool(_name(document), start, end - 1)

    async def work(tx: Transaction) -> None:
        await pools.make_pool(tx, pool)

    await write_in(request, work)
    return json_response(b"{}")


async def delete(request: Request) -> Response:
    name = _name(await _given(request))

    async def work(tx: Transaction) -> None:
        await pools.remove_pool(tx, name)

    await write_in(request, work)
    return empty()


async def allocate(request: Request) -> Response:
    """The number asked for, or the lowest free one."""
    document = await object_of(request)
    name = _name(document)
    value = _number(document, "value") if document.get("value") is not None else None
    owner = document.get("owner") or ""
    if not isinstance(owner, str) or "\0" in owner or len(owner) > LONGEST_NAME:
        raise BadRequest(f"owner must be a text of at most {LONGEST_NAME} characters: {owner!r:.200}", field="owner")

    async def work(tx: Transaction) -> int:
        return await pools.take_number(tx, name, owner, value)

    return json_response(orjson.dumps({"value": await write_in(request, work)}))


async def owner(request: Request) -> Response:
    query = dict(request.query_params)
    name, value = _name(query), _number(query, "value")

    async with reading(request) as connection:
        holder = await pools.holder_of(connection, name, value)
    return json_response(orjson.dumps({"owner": holder}))


async def deallocate(request: Request) -> Response:
    document = await _given(request)
    name, value = _name(document), _number(document, "value")

    async def work(tx: Transaction) -> None:
        await pools.give_back(tx, name, value)

    await write_in(request, work)
    return empty()


async def _given(request: Request) -> dict[str, Any]:
    """What a DELETE says, in its body or, for clients that cannot send one, in its query."""
    body = await body_of(request)
    document = read_json(body) if body else dict(request.query_params)
    if not isinstance(document, dict):
        raise BadRequest(f"The body must be a JSON object, not {type(document).__name__}")
    return document


def _name(document: dict[str, Any]) -> str:
    name = document.get("pool")
    if not isinstance(name, str) or not name or "\0" in name or len(name) > LONGEST_NAME:
        raise BadRequest(f"pool must be a name of 1 to {LONGEST_NAME} characters: {name!r:.200}", field="pool")
    return name


def _number(document: dict[str, Any], field: str) -> int:
    value = document.get(field)
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and value.isascii() and len(value) < len(str(LARGEST)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise BadRequest(f"{field} must be a whole number of at most 63 bits: {value!r:.200}", field=field)
    return value
