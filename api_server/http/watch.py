"""`GET /watch`: what there is and what happens, as server-sent events (contract 1.14)."""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import asyncpg
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send
from typing_extensions import override

from api_server.errors import BadRequest, UnknownResourceType
from api_server.http.admission import Standing, admit_to
from api_server.http.answers import elements
from api_server.http.events import KEEP_ALIVE, STOP, linked, render_event
from api_server.http.requests import Server, base_of, number_of, server_of
from api_server.http.views import Fields, fields_of, of_init
from api_server.model.catalog import ROOT, Catalog
from api_server.model.kind import Kind
from api_server.store import changes
from api_server.store.changes import Snapshot
from api_server.store.connecting import AWAY
from api_server.store.database import Connection
from api_server.watch.feed import Feed
from api_server.watch.watcher import Batch, FellBehind

log = logging.getLogger(__name__)

HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
# How many objects of an `init` are read and written at once.
PIECE = 100
NOTHING = Snapshot(0, 0, ())


async def watch(request: Request) -> Response:
    server, query = server_of(request), request.query_params
    kinds = _kinds(server.catalog, query.get("resource_type"))
    for kind in kinds:
        await admit_to(request, "GET", kind)
    fields = {kind.name: fields_of(query.get(f"{kind.snake}_fields", query.get(f"{kind.name}_fields"))) for kind in kinds}
    asked = request.headers.get("last-event-id") or query.get("last_event_id")
    last = number_of(asked, "Last-Event-ID", "the id of an event of this stream")
    standing = Standing.of(request, [kind.name for kind in kinds], server.keepalive)
    stream = Stream(server, standing, kinds, fields, base_of(request), number_of(query.get("timeout"), "timeout", "a number of seconds"))
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    if last is None:
        return EventStream(server.feed, stream.whole())
    stream.told = last
    return EventStream(server.feed, stream.after(last))


def _kinds(catalog: Catalog, text: str | None) -> list[Kind]:
    """The kinds of a comma list, hyphened or not, each once."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if not names:
        raise BadRequest("resource_type required in request", field="resource_type")
    kinds: dict[str, Kind] = {}
    for name in names:
        kind = catalog.find(name)
        if kind is None or kind.name == ROOT:
            raise UnknownResourceType(name)
        kinds[kind.name] = kind
    return list(kinds.values())


@dataclass(slots=True)
class Stream:
    """What one watcher is told, piece by piece."""

    server: Server
    standing: Standing
    kinds: Sequence[Kind]
    fields: Mapping[str, Fields]
    base: str
    # In seconds: how long the stream shall be at most.
    timeout: int | None
    # Events up to here have no id: resuming from one of them would tell again what `init` showed.
    settled: int = 0
    shown: Snapshot = NOTHING
    told: int = 0

    async def whole(self) -> AsyncGenerator[bytes, None]:
        """All there is, in one snapshot, and then what happens: each commit is either in the one or in the other."""
        feed = self.server.feed
        async with (
            feed.lists,
            self.server.database.aside() as connection,
            connection.raw.transaction(isolation="repeatable_read", readonly=True),
        ):
            self.shown, position = await changes.look(connection)
            # What the snapshot saw has positions up to here by now, and is passed over where it comes. Asked before anything is shown:
            # what a reader does when it has seen the lists comes later, and has an id.
            self.settled = await feed.settled()
            for kind in self.kinds:
                async for piece in self._init(connection, kind, self.fields[kind.name]):
                    yield piece
        async for piece in self.after(position):
            yield piece

    async def after(self, position: int) -> AsyncGenerator[bytes, None]:
        """What happened after a position, and then what happens."""
        wanted = {kind.name: _has_links(kind, self.fields[kind.name]) for kind in self.kinds}
        time = asyncio.get_running_loop().time
        end = time() + (math.inf if self.timeout is None else self.timeout)
        batches = self.server.feed.follow(wanted, position, lambda: max(0.0, min(self.server.keepalive, end - time())))
        async with aclosing(batches):
            try:
                async for batch in batches:
                    if await self.standing.lapsed():
                        yield STOP
                        return
                    over = batch.live and time() >= end
                    if text := self._text(batch, await self._readable(batch), over=over):
                        yield text
                    if over:
                        return
            except FellBehind:
                yield STOP

    async def _init(self, connection: Connection, kind: Kind, fields: Fields) -> AsyncIterator[bytes]:
        yield b'event: init\ndata: {"%s":[' % kind.collection.encode()
        comma = b""
        caller = self.standing.caller
        view = of_init(kind, fields, guarded=not caller.admin)
        rows = changes.list_of(connection, kind.name, view, self.base, fields, caller, size=PIECE)
        async with aclosing(rows) as pages:
            async for page in pages:
                if self.server.feed.closed:
                    return
                yield comma + elements(kind, page, wrap=True)
                comma = b","
        yield b"]}\n\n"

    async def _readable(self, batch: Batch) -> frozenset[str]:
        """What the caller may read of the objects that this batch links to."""
        if self.standing.caller.admin or not batch.events:
            return frozenset()
        async with self.server.database.connection() as connection:
            return await changes.readable_of(connection, {uuid for event in batch.events for uuid in linked(event)}, self.standing.caller)

    def _text(self, batch: Batch, readable: frozenset[str], *, over: bool) -> bytes:
        pieces = []
        for event in batch.events:
            position, kind = event.row["position"], event.row["kind"]
            if position <= self.settled and self.shown.sees(event.row["xid"]):
                continue
            if text := render_event(event, self.fields[kind], self.standing.caller, readable):
                if position >= self.settled:
                    self.told = position
                    pieces.append(b"id: %d\n" % position)
                pieces.append(text)
        if batch.quiet and not over:
            pieces.append(KEEP_ALIVE)
        # An id by itself moves on what a reader of rare kinds resumes from; one that starts has none otherwise.
        if batch.position > self.told and batch.position >= self.settled and (batch.quiet or not self.told):
            self.told = batch.position
            pieces.append(b"id: %d\n\n" % batch.position)
        return b"".join(pieces)


def _has_links(kind: Kind, fields: Fields) -> bool:
    """Whether the reader wants children or back refs."""
    return fields is None or not fields.isdisjoint(kind.children.keys() | kind.back_refs.keys())


class EventStream(StreamingResponse):
    """A stream that ends when its reader takes nothing for long, when the server stops, or when the database is away."""

    def __init__(self, feed: Feed, pieces: AsyncGenerator[bytes, None]) -> None:
        super().__init__(pieces, headers=HEADERS)
        self._feed = feed
        self._pieces = pieces

    @override
    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    async with self._feed.patience():
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
            async with self._feed.patience():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.info("a reader of the stream took nothing and was left")
        except (*AWAY, asyncpg.PostgresError) as why:
            log.warning("a stream ended, since the database could not be read: %s", why)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
