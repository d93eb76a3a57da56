"""Reads that may lag: a request says how old its answer may be, and the answer says how old it may be."""

import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import ApiError
from api_server.http.idempotency import Handler
from api_server.http.requests import JOINED, number_of, server_of
from api_server.store.connecting import AWAY
from api_server.store.database import Connection
from api_server.store.replica import FAILURES, Replica

# The words are those of RFC 9111 (5.1) and of databases that bound how far a read may lag.
MAX_STALENESS, AGE = "Max-Staleness", "Age"
# Where a request keeps the age of what it was told, and that the primary has to answer it.
TOLD, FRESH = "netweave.age", "netweave.fresh"


def reading(request: Request) -> AbstractAsyncContextManager[Connection]:
    """
    A connection to read with: that of the transaction that the request has joined, for who holds one must not wait for another; a
    replica's where its answer is young enough for the request; else the primary's.
    """
    if JOINED in request.scope:
        return nullcontext(request.scope[JOINED])
    server = server_of(request)
    if server.replica is None or FRESH in request.scope or not (accepted := accepted_age(request)):
        return server.database.connection()
    return _lagging(request, server.replica, accepted)


@asynccontextmanager
async def _lagging(request: Request, replica: Replica, accepted: int) -> AsyncIterator[Connection]:
    def told(age: float) -> None:
        request.scope[TOLD] = max(age, request.scope.get(TOLD, 0))

    async with replica.connection(accepted, told) as connection:
        yield connection


def accepted_age(request: Request) -> int:
    """How old in seconds the answer may be; BadRequest for what is no number."""
    given = number_of(request.headers.get(MAX_STALENESS), MAX_STALENESS, "a number of seconds, 0 for what is true now", most=10**9)
    return server_of(request).max_staleness if given is None else given


def promise_accepted(request: Request) -> None:
    """Of an answer that is read while it is sent, only that is known: no part of it may be older than the request accepts."""
    if TOLD in request.scope:
        request.scope[TOLD] = accepted_age(request)


async def answered(request: Request, handler: Handler) -> Response:
    """
    The answer, with its age if a replica gave it. What a replica could not answer or would refuse is asked again, of the primary:
    nobody is told of a thing that is there that it is not.
    """
    try:
        response = await handler(request)
    except (ApiError, *FAILURES) as why:
        if TOLD not in request.scope:
            raise
        if isinstance(why, AWAY) and (replica := server_of(request).replica):
            replica.failed(why)
        del request.scope[TOLD]
        request.scope[FRESH] = True
        return await handler(request)
    if TOLD in request.scope:
        response.headers[AGE] = str(math.ceil(request.scope[TOLD]))
    return response
