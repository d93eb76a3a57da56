"""A keep-alive HTTP connection on a bare socket: the cheapest client that still looks at every status."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Self
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


class RequestFailed(Exception):
    """An answer that is no 2xx: a figure that counted it would be worth nothing."""

    def __init__(self, request: str, status: int, body: bytes) -> None:
        super().__init__(f"{request} was answered {status}: {body[:300].decode(errors='replace')}")


class Connection:
    """One request at a time, each answered before the next is sent."""

    def __init__(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host = host.encode()
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str) -> Self:
        parts = urlsplit(url)
        assert parts.hostname is not None
        # A reader with room for more stops the stream of a long answer less often.
        return cls(parts.netloc, *await asyncio.open_connection(parts.hostname, parts.port, limit=2**22))

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the answer; RequestFailed unless its status is 2xx."""
        await self.send(method, path, body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        return await self._rest(head, f"{method} {path}")

    async def send(self, method: str, path: str, body: bytes = b"") -> None:
        """Ask, without waiting for the answer."""
        head = b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (method.encode(), path.encode(), self._host)
        if body:
            head += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        self._writer.write(head + b"\r\n" + body)
        await self._writer.drain()

    async def begun(self) -> None:
        """Wait for the first byte of the answer's body; whoever has waited reads no more of it."""
        await self._reader.readuntil(b"\r\n\r\n")
        await self._reader.readexactly(1)

    async def _rest(self, head: bytes, request: str) -> bytes:
        """The body that follows the head."""
        length = _LENGTH.search(head)
        if length:
            content = await self._reader.readexactly(int(length[1]))
        else:
            content = b"".join([part async for part in self._parts()]) if _CHUNKED.search(head) else b""
        status = int(head[9:12])
        if not 200 <= status < 300:
            raise RequestFailed(request, status, content)
        return content

    async def _parts(self) -> AsyncIterator[bytes]:
        """A body that comes in chunks."""
        while size := int(await self._reader.readline(), 16):
            yield await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()
