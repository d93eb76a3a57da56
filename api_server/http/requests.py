"""What every handler needs of a request: the server behind it, its body, its flags, and a transaction to write in."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from api_server.access.gate import Gate
from api_server.errors import BadRequest, TooLarge, UnknownId, UnknownKind
from api_server.http.documents import read_json
from api_server.model.caller import Caller
from api_server.model.catalog import Catalog
from api_server.model.kind import Kind
from api_server.model.resource import is_uuid, new_uuid
from api_server.store.access_lists import ACCESS_LIST
from api_server.store.database import Database, Writing
from api_server.store.journal import Journal
from api_server.store.replica import Replica
from api_server.transaction import Transaction, World, perform, write
from api_server.watch.feed import Feed

Result = TypeVar("Result")

# Where a request carries its caller, its body once it was read, the transaction that it has joined, and the writes that it did in that.
CALLER, BODY, JOINED, WROTE = "netweave.caller", "netweave.body", "netweave.joined", "netweave.wrote"
# The paths that take many writes in one body.
OF_MANY = {"/v2/bulk", "/sync"}


@dataclass(slots=True)
class Server:
    """What `app.state.server` holds: one for each process."""

    world: World
    database: Database
    max_request_size: int
    max_bulk_size: int
    gate: Gate
    answer_retention: timedelta
    feed: Feed
    # Seconds between the signs of life on a quiet stream.
    keepalive: float
    # For reads that may lag, and by how many seconds they may whose request does not say.
    replica: Replica | None = None
    max_staleness: int = 0

    @property
    def catalog(self) -> Catalog:
        return self.world.catalog


def server_of(request: Request) -> Server:
    server: Server = request.app.state.server
    return server


def caller_of(request: Request) -> Caller:
    """Who asks; the route has let them in (`http.admission`)."""
    caller: Caller = request.scope[CALLER]
    return caller


def base_of(request: Request) -> str:
    """The address the caller used, so that links work through proxies and port-forwards (contract 1.2)."""
    return f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}"


async def body_of(request: Request) -> bytes:
    """The whole body; TooLarge as soon as it is known to be (contract 1.1)."""
    if BODY in request.scope:
        known: bytes = request.scope[BODY]
        return known
    server = server_of(request)
    limit = server.max_bulk_size if request.scope["path"] in OF_MANY else server.max_request_size
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise TooLarge(limit)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge(limit)
    request.scope[BODY] = whole = bytes(body)
    return whole


async def json_of(request: Request) -> Any:
    return read_json(await body_of(request))


async def object_of(request: Request) -> dict[str, Any]:
    """The body of an action: a JSON object."""
    document = await json_of(request)
    if not isinstance(document, dict):
        raise BadRequest(f"The body must be a JSON object, not {type(document).__name__}")
    return document


@contextmanager
def joined(request: Request, connection: Writing) -> Iterator[None]:
    """Meanwhile what the request writes is written in this open transaction, and whoever opened it commits."""
    request.scope[JOINED] = connection
    try:
        yield
    finally:
        del request.scope[JOINED]


async def write_in(request: Request, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
    """Do `work` in a transaction of this request, and commit, unless the request asks for a dry run or has joined one."""
    server, journal = server_of(request), journal_of(request)
    if JOINED in request.scope:
        tx = request.scope[WROTE] = Transaction(server.world, request.scope[JOINED], server.database, journal)
        return await perform(tx, work)
    result = await write(server.world, server.database, journal, work, dry_run=is_dry_run(request))
    _notice(server, journal)
    return result


def notice_joined(request: Request) -> None:
    """The transaction that the request had joined is committed."""
    tx: Transaction | None = request.scope.pop(WROTE, None)
    if tx:
        tx.recall.committed()
        _notice(server_of(request), tx.journal)


def _notice(server: Server, journal: Journal) -> None:
    if ACCESS_LIST in journal.kinds:
        server.gate.rules_changed()


def journal_of(request: Request) -> Journal:
    """Who writes, and under which id."""
    return Journal(caller_of(request), request.headers.get("x-request-id", "")[:128].replace("\0", "") or f"req-{new_uuid()}")


def is_dry_run(request: Request) -> bool:
    """Whether the query has `dry_run`: everything is done and checked, and nothing stays."""
    return bool(request.scope["query_string"]) and present(request.query_params, "dry_run")


def flag(given: Mapping[str, Any], name: str) -> bool:
    """A boolean of a query: true if its text contains `true`; in a JSON body its truth (contract 1.1, 1.6)."""
    value = given.get(name)
    return "true" in value.lower() if isinstance(value, str) else bool(value)


def present(given: Mapping[str, Any], name: str) -> bool:
    """A flag that acts by presence, unless it plainly says no (contract 1.1)."""
    if name not in given:
        return False
    value = given[name]
    return value.lower() not in ("false", "0") if isinstance(value, str) else bool(value)


def number_of(text: str | None, name: str, what: str, *, least: int = 0, most: int = 10**18 - 1) -> int | None:
    """The whole number given under `name`; None when it is missing or empty. BadRequest, which says `what` it is, for anything else."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)) or not least <= int(text) <= most:
        raise BadRequest(f"Invalid {name} {text[:200]!r}: it is {what}", field=name.lower().replace("-", "_"))
    return int(text)


def limit_of(given: Mapping[str, str], default: int, most: int) -> int:
    """How many a query wants at the most."""
    asked = number_of(given.get("limit"), "limit", f"a number from 1 to {most}", least=1, most=most)
    return default if asked is None else asked


def kind_named(catalog: Catalog, name: Any) -> Kind:
    """The kind an action's body names, hyphened or not; UnknownKind otherwise (contract 1.7)."""
    kind = catalog.find(name) if isinstance(name, str) else None
    if kind is None:
        raise UnknownKind(name)
    return kind


def uuid_in(given: Mapping[str, Any], key: str) -> str:
    """A uuid that a body must hold under `key`: 400 when it is missing, 404 when it cannot be one."""
    value = given.get(key)
    if not value:
        raise BadRequest(f"Bad Request: {key} is missing", field=key)
    if not is_uuid(value):
        raise UnknownId(str(value)[:200])
    return str(value)


def json_response(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def empty() -> Response:
    return Response(b"", media_type="application/json")
