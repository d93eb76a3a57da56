"""The configuration API as the worker uses it."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Protocol, Unpack

import netweave

Rows = list[netweave.Document]


class ConfigApi(Protocol):
    """Those calls of `netweave.AsyncClient` that the worker makes; what goes wrong is a netweave.VncError."""

    async def find(self, kind: str, fq_name: netweave.FqName) -> str:
        """The uuid of the object of that name."""
        ...

    async def read(self, kind: str, uuid: str, fields: Iterable[str] | None = None) -> netweave.Document:
        """One object, or these fields of it."""
        ...

    async def list(self, kind: str, *, page: int | None = None, **selection: Unpack[netweave.Selection]) -> Rows:
        """The selected objects; with `page`, fetched that many at a time."""
        ...

    def iterate(self, kind: str, *, page: int, **selection: Unpack[netweave.Selection]) -> AsyncIterator[netweave.Document]:
        """The selected objects as they come, in pages of this size: however many there are, one page is in memory."""
        ...

    async def create(self, kind: str, document: Mapping[str, Any]) -> netweave.Document:
        """Make an object."""
        ...

    async def update(self, kind: str, uuid: str, document: Mapping[str, Any]) -> netweave.Document:
        """Change these properties and refs of an object."""
        ...

    async def delete(self, kind: str, uuid: str) -> None:
        """Remove an object."""
        ...

    async def bulk(self, entries: Iterable[Mapping[str, Any]], *, fields: Iterable[str] = ()) -> Rows:
        """Many writes, all or none, in one call; the answer of each, with these fields of what it made."""
        ...


class Stream(Protocol):
    """Those calls that tell what others do; whoever only plans has no use for them."""

    def watch(
        self, *kinds: str, fields: Mapping[str, Iterable[str]] | None = None, since: int | None = None, anew: bool = True
    ) -> AsyncIterator[netweave.Event]:
        """What happens to objects of these kinds after that position, without end."""
        ...

    def changes(self, *, limit: int | None = None, **asked: Unpack[netweave.Asked]) -> AsyncIterator[netweave.Document]:
        """What happened, with the objects before and after."""
        ...
