"""A list on its way: one message where it is short, else piece by piece as it is read (contract 1.5)."""

from collections.abc import AsyncIterator
from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api_server.http.answers import elements
from api_server.http.requests import json_response
from api_server.http.staleness import promise_accepted, reading
from api_server.model.kind import Kind
from api_server.store.listing import Query
from api_server.store.pages import Page, pages


async def list_response(request: Request, kind: Kind, query: Query) -> Response:
    """
    The list of what the query finds. What goes wrong before the first piece is answered as any error; after it the connection is cut, so
    that nobody takes the half for the whole.
    """
    rest = pages(partial(reading, request), query)
    first = await anext(rest)
    if not first.more:
        return json_response(_head(kind) + elements(kind, first.documents, wrap=query.view.whole) + _tail(query, first.count, first))
    promise_accepted(request)
    if request.method == "HEAD":
        # As long as it is unknown; reading it all to count it would cost what HEAD is there to save.
        return StreamingResponse((), media_type="application/json")
    return StreamingResponse(_pieces(kind, query, first, rest), media_type="application/json")


async def _pieces(kind: Kind, query: Query, first: Page, rest: AsyncIterator[Page]) -> AsyncIterator[bytes]:
    count, page = first.count, first
    yield _head(kind) + elements(kind, first.documents, wrap=query.view.whole)
    async for page in rest:
        count += page.count
        if page.documents:
            yield b"," + elements(kind, page.documents, wrap=query.view.whole)
    yield _tail(query, count, page)


def _head(kind: Kind) -> bytes:
    return b'{"%s":[' % kind.collection.encode()


def _tail(query: Query, count: int, last: Page) -> bytes:
    """With the marker to go on from, where somebody turns pages: null at the end (contract 1.5)."""
    if not query.paged:
        return b"]}"
    place = last.last if count == query.limit else None
    marker = place and (place.uuid if query.anchored else f"{place.key}:{place.uuid}")
    return b'],"marker":%s}' % orjson.dumps(marker)
