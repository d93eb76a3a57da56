"""HTTP/1.1 on a socket we can also mistreat: half lines, resets and silence are not something a web framework lets one do."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

BODY_LIMIT = 3 * 1024 * 1024


class MalformedError(Exception):
    """Bytes that are no HTTP request."""


@dataclass
class Request:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    too_large: bool = False

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()


@dataclass(eq=False)
class Connection:
    """One client's socket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    client_left: asyncio.Event = field(default_factory=asyncio.Event)

    async def request(self) -> Request | None:
        """The next request; None when the client is done."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except asyncio.LimitOverrunError as why:
            raise MalformedError("header too long") from why
        first, *lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, _ = first.split(" ")
            headers = {name.lower().strip(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
            parts = urlsplit(target)
            request = Request(method, unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True)), headers)
            await self._read_body(request)
        except ValueError as why:
            raise MalformedError(first) from why
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return request

    async def _read_body(self, request: Request) -> None:
        if request.headers.get("expect") == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                request.body += await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readline()
        elif length := int(request.headers.get("content-length") or 0):
            request.body = await self.reader.readexactly(length)
        request.too_large = len(request.body) > BODY_LIMIT

    async def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send a whole reply."""
        self.writer.write(_head(status, {"Content-Length": str(len(body)), **(headers or {})}) + body)
        await self.writer.drain()

    async def begin_stream(self) -> None:
        # A stream uses its connection up: while it runs we read from the client only to notice it leaving.
        self.writer.write(_head(200, {"Transfer-Encoding": "chunked", "Connection": "close"}))
        await self.writer.drain()

    async def chunk(self, content: bytes) -> None:
        self.writer.write(b"%x\r\n%b\r\n" % (len(content), content))
        await self.writer.drain()

    async def end_stream(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def watch_for_leaving(self) -> None:
        """Notice a client that hangs up while we stream to it."""
        try:
            # A client that still sends while it is streamed to is out of turn; what it sends is dropped.
            while await self.reader.read(4096):
                pass
        except ConnectionError:
            pass
        self.client_left.set()

    def abort(self) -> None:
        """Reset the connection: what was not yet sent never will be."""
        self.writer.transport.abort()


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
