"""A proxy in front of PostgreSQL that can withhold the answer to a commit: the moment between done and answered, at length."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


class Wiretap:
    """Passes everything on, until it is told to `withhold`: then the next commit of who wrote to that table is done, and nobody is told."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.committed = asyncio.Event()
        self._target = url
        self._table = b""

    @property
    def url(self) -> str:
        """The database behind the proxy."""
        parts = urlsplit(self._target)
        return (
            f"postgresql://{parts.username or 'postgres'}{f':{parts.password}' if parts.password else ''}@{parts.path}?host={self.folder}"
        )

    def withhold(self, table: str) -> None:
        self._table = table.encode()

    async def serve(self, reader: Reader, writer: Writer) -> None:
        behind, ahead = await self._connect()
        said = asyncio.Event()
        with suppress(ConnectionError):
            await asyncio.gather(self._forward(reader, ahead, said), self._backward(behind, writer, said))

    async def _connect(self) -> tuple[Reader, Writer]:
        parts = urlsplit(self._target)
        host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{parts.port or 5432}")
        return await asyncio.open_connection(host, parts.port or 5432)

    async def _forward(self, source: Reader, target: Writer, said: asyncio.Event) -> None:
        wrote = False
        while data := await source.read(65536):
            wrote = wrote or bool(self._table and self._table in data)
            if wrote and b"COMMIT" in data:
                said.set()
            target.write(data)
            await target.drain()
        target.close()

    async def _backward(self, source: Reader, target: Writer, said: asyncio.Event) -> None:
        while data := await source.read(65536):
            if said.is_set():
                self.committed.set()
            else:
                target.write(data)
                await target.drain()
        target.close()


@asynccontextmanager
async def tapped(folder: Path, url: str) -> AsyncIterator[Wiretap]:
    """A proxy for as long as the block runs."""
    tap = Wiretap(folder, url)
    server = await asyncio.start_unix_server(tap.serve, folder / ".s.PGSQL.5432")
    try:
        yield tap
    finally:
        server.close()
