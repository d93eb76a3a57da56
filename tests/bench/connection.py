"""A keep-alive HTTP connection on a bare socket: the cheapest client that still looks at every status."""

import asyncio
import re
from typing import Self
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


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
        return cls(parts.netloc, *await asyncio.open_connection(parts.hostname, parts.port))

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the answer; RequestFailed unless its status is 2xx."""
        head = b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (method.encode(), path.encode(), self._host)
        if body:
            head += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        self._writer.write(head + b"\r\n" + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(answer)
        content = await self._reader.readexactly(int(length[1])) if length else b""
        status = int(answer[9:12])
        if not 200 <= status < 300:
            raise RequestFailed(f"{method} {path}", status, content)
        return content

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()
