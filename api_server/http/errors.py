"""ApiError -> response: plain text as the old clients read it, problem+json (RFC 9457) for those who ask."""

import logging
from collections.abc import Awaitable, Callable

import asyncpg
import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import ApiError, BadRequest, DeleteBlocked, MethodNotAllowed, Unauthenticated, Unavailable
from api_server.http.answers import href
from api_server.http.requests import base_of
from api_server.store.connecting import AWAY

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"


def answer(request: Request, error: ApiError) -> Response:
    """The response of an error; the links it names start with the address the caller used."""
    base = base_of(request)
    sentence = error.where + error.sentence(base)
    headers = _headers(error)
    if PROBLEM not in request.headers.get("accept", ""):
        return Response(sentence, status_code=error.status, media_type="text/plain", headers=headers)
    facts = dict(error.facts)
    if isinstance(error, DeleteBlocked):
        facts["blocking"] = [href(base, kind, uuid) for kind, uuid in error.links]
    problem = facts | {
        "type": f"urn:netweave:problem:{error.code}",
        "title": error.code.replace("-", " ").capitalize(),
        "status": error.status,
        "detail": sentence,
        "code": error.code,
    }
    return Response(orjson.dumps(problem), status_code=error.status, media_type=PROBLEM, headers=headers)


def _headers(error: ApiError) -> dict[str, str]:
    if isinstance(error, MethodNotAllowed):
        return {"Allow": error.allowed}
    return {"WWW-Authenticate": "X-Auth-Token"} if isinstance(error, Unauthenticated) else {}


async def on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return answer(request, error)


async def on_bad_value(request: Request, error: Exception) -> Response:
    """A value that PostgreSQL cannot hold got past our checks; it is the caller's all the same."""
    log.warning("refused by the database at %s: %s", request.scope["path"], error)
    return answer(request, BadRequest(f"A value of the request cannot be stored: {error}"))


async def on_database_away(request: Request, error: Exception) -> Response:
    log.error("the database is away: %s", error)
    return answer(request, Unavailable("The database cannot be reached; try again"))


async def on_defect(request: Request, error: Exception) -> Response:
    return Response("Internal Server Error", status_code=500, media_type="text/plain")


_Answer = Callable[[Request, Exception], Awaitable[Response]]
HANDLERS: dict[type, _Answer] = {
    ApiError: on_api_error,
    asyncpg.DataError: on_bad_value,
    **dict.fromkeys(AWAY, on_database_away),
}


def handler_of(error: Exception) -> _Answer | None:
    """Who answers such an error; None for a defect, which `on_defect` answers."""
    return next((HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS), None)
