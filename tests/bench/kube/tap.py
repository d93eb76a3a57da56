"""A stretch of wire in front of the configuration API that counts what goes over it, and costs little itself."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
READING = {"list-bulk-collection", "fqname-to-id", "id-to-fqname"}
LIMIT = 2**20


class Tap:
    """Counts requests by method and path; a request that may write is counted as a write too."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self.url = ""
        self.last = 0.0  # when the last request began
        self.requests: Counter[str] = Counter()
        self.writes = 0

    def clear(self) -> None:
        self.requests.clear()
        self.writes = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Tap"]:
        """Listen meanwhile."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LIMIT, backlog=512)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(self._target.hostname, self._target.port, limit=LIMIT)
        back = asyncio.create_task(_copy(from_server, writer))
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                to_server.write(head)
                self._count(head)
                rest = int(found[1]) if (found := LENGTH.search(head)) else 0
                while rest:
                    chunk = await reader.read(min(rest, LIMIT))
                    to_server.write(chunk)
                    rest -= len(chunk) or rest
                await to_server.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            to_server.close()
            await asyncio.gather(back, return_exceptions=True)

    def _count(self, head: bytes) -> None:
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        path = UUID.sub("…", target.partition("?")[0]).strip("/")
        self.last = time.perf_counter()
        self.requests[f"{method} {path}"] += 1
        self.writes += method in {"POST", "PUT", "DELETE"} and path not in READING


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(LIMIT):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
