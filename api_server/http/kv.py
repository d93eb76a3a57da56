"""The key-value store of old user agents (contract 1.10)."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, NotFound
from api_server.http.requests import empty, json_response, object_of, write_in
from api_server.http.staleness import reading
from api_server.store import kv
from api_server.transaction import Transaction


async def useragent_kv(request: Request) -> Response:
    document = await object_of(request)
    operation = document.get("operation")
    if not operation or "key" not in document:
        name = "key" if operation else "operation"
        raise BadRequest(f"Bad Request: {name} is missing", field=name)
    key: Any = document["key"]
    if operation == "RETRIEVE":
        return json_response(orjson.dumps({"value": await _retrieve(request, key)}))
    if operation not in ("STORE", "DELETE"):
        raise NotFound(f"Invalid Operation {str(operation)[:200]}")
    if not isinstance(key, str) or not key:
        raise BadRequest(f"Bad Request: key must be a text: {key!r:.200}", field="key")
    value = document.get("value")

    async def work(tx: Transaction) -> None:
        if operation == "DELETE":
            await kv.delete(tx.connection, key)
        else:
            await kv.store(tx.connection, key, value if isinstance(value, str) else str(value))

    await write_in(request, work)
    return empty()


async def _retrieve(request: Request, key: Any) -> Any:
    if key is not None and not isinstance(key, (str, list)):
        raise BadRequest(f"Bad Request: key must be a text or a list of texts: {key!r:.200}", field="key")
    async with reading(request) as connection:
        if not key:
            return await kv.everything(connection)
        keys = [each for each in key if isinstance(each, str)] if isinstance(key, list) else [key]
        found = await kv.retrieve(connection, keys)
    if isinstance(key, list):
        return [found[each] for each in keys if each in found]
    if key not in found:
        raise NotFound(f"Unknown User-Agent key {key}")
    return found[key]
