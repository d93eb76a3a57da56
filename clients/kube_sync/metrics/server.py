"""A few pages over HTTP, served from the worker's own event loop: that one answers at all says that the loop turns (4.3)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

PATIENCE = 10.0  # with a caller that does not say what it wants, or does not take the answer

TEXT = "text/plain; charset=utf-8"


class Page(NamedTuple):
    """An answer."""

    body: str
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = TEXT


Pages = Mapping[str, Callable[[], Awaitable[Page]]]

NOT_FOUND = Page("not found\n", HTTPStatus.NOT_FOUND)
NOT_ALLOWED = Page("only GET and HEAD are answered\n", HTTPStatus.METHOD_NOT_ALLOWED)


@asynccontextmanager
async def offered(pages: Pages, host: str, port: int) -> AsyncIterator[int]:
    """The pages are there meanwhile; the port, which is any free one when asked for 0."""
    async with await asyncio.start_server(partial(_converse, pages), host, port) as server:
        yield server.sockets[0].getsockname()[1]


async def _converse(pages: Pages, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request, one answer."""
    with suppress(TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
            method, _, target = head.decode("latin-1").partition("\r\n")[0].partition(" ")
            page = await _answer(pages, method, target.partition(" ")[0].partition("?")[0])
            writer.write(_wire(page, with_body=method != "HEAD"))
            await writer.drain()
    writer.close()


async def _answer(pages: Pages, method: str, path: str) -> Page:
    if method not in {"GET", "HEAD"}:
        return NOT_ALLOWED
    return await pages[path]() if path in pages else NOT_FOUND


def _wire(page: Page, *, with_body: bool) -> bytes:
    body = page.body.encode()
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}\r\n"
        f"Content-Type: {page.content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (body if with_body else b"")
