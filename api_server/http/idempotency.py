"""
`Idempotency-Key`: a POST that may be sent again without being done again.

The key is claimed by the first statement of the transaction and the answer is stored by the last, so what was done and what was answered
are committed together or not at all: a server that dies before the answer is sent has either done nothing, or kept the answer. Of two
requests with one key the second waits for the first one's commit. What was refused left nothing behind and is not kept.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import ApiError, BadRequest, KeyReused
from api_server.http.requests import body_of, caller_of, is_dry_run, joined, notice_joined, server_of
from api_server.model.caller import Caller
from api_server.store import answers
from api_server.store.connecting import AWAY
from api_server.store.database import Database, Writing

log = logging.getLogger(__name__)

LONGEST = 255
# How often old answers are looked for, as a part of the time that they are kept, and at least.
SWEEPS = 10
LONGEST_PAUSE = 600.0

Handler = Callable[[Request], Awaitable[Response]]


def once(handler: Handler) -> Handler:
    """The handler of a write, done once for each key; without a key, or when it is only tried out, the handler as it is."""

    async def answer(request: Request) -> Response:
        key = request.headers.get("idempotency-key")
        if key is None or is_dry_run(request):
            return await handler(request)
        if not 0 < len(key) <= LONGEST or not key.isprintable():
            raise BadRequest(f"Idempotency-Key must have 1 to {LONGEST} printable characters: {key!r:.300}", field="Idempotency-Key")
        server, asked, who = server_of(request), _words(request), _name(caller_of(request))
        fingerprint = hashlib.sha256(asked.encode() + b"\0" + await body_of(request)).digest()

        async def work(connection: Writing) -> Response:
            kept = await answers.claim(
                connection, who, key, retention=server.answer_retention, request=asked[:LONGEST], fingerprint=fingerprint
            )
            if kept is not None:
                return _again(kept, key, fingerprint)
            with joined(request, connection):
                response = await handler(request)
            media_type, content = response.headers.get("content-type", ""), bytes(response.body)
            await answers.keep(connection, who, key, status=response.status_code, media_type=media_type, body=content)
            return response

        response = await server.database.write(work)
        notice_joined(request)
        return response

    return answer


def _name(caller: Caller) -> str:
    """Whose key it is: one user of one project."""
    return f"{caller.project}/{caller.user}"


def _words(request: Request) -> str:
    """What is asked for, without the body."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.method} {request.scope['path']}{'?' if query else ''}{query}"


def _again(kept: asyncpg.Record, key: str, fingerprint: bytes) -> Response:
    if kept["fingerprint"] != fingerprint:
        raise KeyReused(key, kept["request"])
    headers = {"Idempotent-Replayed": "true", "Content-Type": kept["media_type"]}
    return Response(kept["body"], status_code=kept["status"], headers=headers)


async def sweep(database: Database, retention: timedelta) -> None:
    """Drop answers that are too old, now and then, until cancelled."""
    pause = min(retention.total_seconds() / SWEEPS, LONGEST_PAUSE)
    while True:
        await asyncio.sleep(pause)
        try:
            async with database.connection() as connection:
                await answers.forget(connection, retention)
        except (ApiError, asyncpg.PostgresError, *AWAY) as why:
            log.warning("old answers were not dropped: %s", why)
