"""A reader of `/watch` in a test: the events as they come, and where it could resume."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson


@dataclass(frozen=True, slots=True)
class Seen:
    """One event; `position` is None where it carried no id."""

    name: str
    data: Any
    position: int | None

    @property
    def document(self) -> Any:
        """The object inside its wrapper."""
        return next(iter(self.data.values()))


@dataclass
class Watching:
    """An open stream."""

    response: httpx.Response
    # What a reader that connects again sends.
    last: str = ""
    comments: int = 0
    _lines: AsyncIterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self._lines = self.response.aiter_lines()

    async def __aiter__(self) -> AsyncIterator[Seen]:
        name, data, position = "", "", None
        async for line in self._lines:
            if line.startswith(":"):
                self.comments += 1
            elif line.startswith("id:"):
                self.last = line[3:].strip()
                position = int(self.last) if self.last else None
            elif line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data += line[5:].strip()
            elif not line:
                if data:
                    yield Seen(name, orjson.loads(data), position)
                name, data, position = "", "", None

    async def take(self, count: int) -> list[Seen]:
        """The next so many events."""
        found: list[Seen] = []
        async with asyncio.timeout(30):
            async for seen in self:
                found.append(seen)
                if len(found) == count:
                    break
        return found

    async def until(self, uuid: str, name: str = "update") -> list[Seen]:
        """The events up to and with the one of this name for this object."""
        found: list[Seen] = []
        async with asyncio.timeout(60):
            async for seen in self:
                found.append(seen)
                if seen.name == name and seen.document["uuid"] == uuid:
                    break
        return found

    async def rest(self) -> list[Seen]:
        """All that comes until the server ends the stream."""
        async with asyncio.timeout(60):
            return [seen async for seen in self]


@asynccontextmanager
async def watching(api: httpx.AsyncClient, *kinds: str, last: str = "", **query: Any) -> AsyncIterator[Watching]:
    """Watch these kinds, from an event on if one is given."""
    headers = {"Last-Event-ID": last} if last else {}
    async with api.stream("GET", "/watch", params={"resource_type": ",".join(kinds), **query}, headers=headers, timeout=60) as response:
        assert response.status_code == 200, await response.aread()
        yield Watching(response)
