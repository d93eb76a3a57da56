"""The client for asyncio: the same calls as `_client`, sent without blocking."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from . import _listing, _requests, _watch
from ._kinds import FqName
from ._listing import DEFAULT_PAGE, Selection
from ._requests import (
    DEFAULT_URL,
    TIMEOUT,
    Addresses,
    Call,
    Counts,
    Document,
    Elements,
    Excluded,
    Family,
    Grouping,
    Names,
    Operation,
    Rows,
    checked_url,
    headers_of,
)
from ._retries import PATIENT, Outcome, Retries, settled, worth_repeating
from ._watch import CUT_OFF, Asked, Event, Reading, next_of, page_of

T = TypeVar("T")


class AsyncClient:
    """`Client` for asyncio: every method promises the same, awaited. Close it, or use it in an `async with`."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout | float = TIMEOUT,
        retries: Retries = PATIENT,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = checked_url(url)
        self._http = httpx.AsyncClient(base_url=self.url, headers=headers_of(headers, token), timeout=timeout, transport=transport)
        self._retries = retries
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def create(self, kind: str, document: Mapping[str, Any], *, idempotency_key: str | None = None) -> Document:
        return await self._run(_requests.create(kind, document, idempotency_key))

    async def read(self, kind: str, uuid: str, fields: Iterable[str] | None = None, *, exclude: Iterable[Excluded] = ()) -> Document:
        return await self._run(_requests.read(kind, uuid, fields, exclude))

    async def update(self, kind: str, uuid: str, document: Mapping[str, Any], *, if_match: str | None = None) -> Document:
        return await self._run(_requests.update(kind, uuid, document, if_match))

    async def delete(self, kind: str, uuid: str, *, if_match: str | None = None) -> None:
        await self._run(_requests.delete(kind, uuid, if_match))

    async def bulk(self, entries: Iterable[Mapping[str, Any]], *, fields: Iterable[str] = (), dry_run: bool = False) -> Rows:
        return await self._run(_requests.bulk(entries, fields=fields, dry_run=dry_run))

    async def list(self, kind: str, *, page: int | None = None, **selection: Unpack[Selection]) -> Rows:
        """The selected objects, all of them; with `page`, fetched that many at a time (contract 1.5)."""
        if page is None:
            return await self._run(_listing.listing(kind, _listing.query(selection)))
        return [row async for row in self.iterate(kind, page=page, **selection)]

    async def iterate(self, kind: str, *, page: int = DEFAULT_PAGE, **selection: Unpack[Selection]) -> AsyncIterator[Document]:
        """The selected objects, as they come in pages of this size."""
        asked, marker = _listing.query(selection), ""
        while True:
            found = await self._run(_listing.page(kind, asked, marker, page))
            for row in found.rows:
                yield row
            if found.marker is None:
                return
            marker = found.marker

    async def count(self, kind: str, **selection: Unpack[Selection]) -> int:
        return await self._run(_listing.counting(kind, _listing.query(selection)))

    async def find(self, kind: str, fq_name: FqName) -> str:
        return await self._run(_requests.find(kind, fq_name))

    async def name_of(self, uuid: str) -> tuple[str, Names]:
        return await self._run(_requests.name_of(uuid))

    async def ref_update(
        self,
        kind: str,
        uuid: str,
        ref_kind: str,
        ref_uuid: str | None = None,
        ref_fq_name: FqName | None = None,
        *,
        operation: Operation,
        attr: Any = None,
    ) -> None:
        await self._run(_requests.ref_update(kind, uuid, ref_kind, _requests.target(ref_kind, ref_uuid, ref_fq_name), operation, attr))

    async def ref_relax(self, uuid: str, ref_uuid: str) -> None:
        await self._run(_requests.ref_relax(uuid, ref_uuid))

    async def prop_collection_get(self, uuid: str, fields: Iterable[str], position: str | None = None) -> Elements:
        return await self._run(_requests.prop_collection_get(uuid, fields, position))

    async def prop_collection_update(self, uuid: str, updates: Iterable[Mapping[str, Any]]) -> None:
        await self._run(_requests.prop_collection_update(uuid, updates))

    async def ip_alloc(
        self,
        network: str,
        *,
        count: int = 1,
        subnet: str | None = None,
        family: Family | None = None,
        idempotency_key: str | None = None,
    ) -> Addresses:
        return await self._run(_requests.ip_alloc(network, count, subnet, family, idempotency_key))

    async def ip_free(self, network: str, addresses: Iterable[str]) -> None:
        await self._run(_requests.ip_free(network, addresses))

    async def subnet_ip_count(self, network: str, subnets: Iterable[str]) -> Counts:
        return await self._run(_requests.subnet_ip_count(network, subnets))

    async def search(self, text: str, *, kinds: Iterable[str] | None = None, limit: int | None = None) -> Document:
        return await self._run(_requests.search(text, kinds, limit))

    async def utilization(
        self,
        by: Grouping = "subnet",
        *,
        network: str | None = None,
        project: str | None = None,
        subnet: str | None = None,
        limit: int | None = None,
    ) -> Document:
        return await self._run(_requests.utilization(by, {"network": network, "project": project, "subnet": subnet}, limit))

    async def address_map(self, subnet: str, *, start: str | None = None, limit: int | None = None) -> Document:
        return await self._run(_requests.address_map(subnet, start, limit))

    async def schema(self, kind: str | None = None) -> Document:
        return await self._run(_requests.schema(kind))

    async def home(self) -> Document:
        return await self._run(_requests.home())

    async def watch(
        self, *kinds: str, fields: Mapping[str, Iterable[str]] | None = None, since: int | None = None, anew: bool = True
    ) -> AsyncIterator[Event]:
        """
        All objects of these kinds, and then what happens to them, without end; a stream that was cut off is gone on with. With `since`, the
        `position` of an event, what happened after it; `fields` restricts the objects of a kind (contract 1.14). Where the server cannot
        go on from where the reader was, it begins again with all objects, or raises Forgotten if `anew` is false.
        """
        reading = Reading(self.url, kinds, fields, since, anew=anew)
        while True:
            why: Exception | None = None
            try:
                async with aclosing(await self._http.send(reading.request(self._http), stream=True)) as reply:
                    if not reply.is_success:
                        await reply.aread()
                    reading.accept(reply)
                    async for piece in reply.aiter_bytes():
                        for event in reading.read(piece):
                            yield event
            except CUT_OFF as error:
                why = error
            await self._sleep(reading.pause(why))

    async def changes(self, *, limit: int | None = None, **asked: Unpack[Asked]) -> AsyncIterator[Document]:
        """
        Who did what and when, with the object before and after, at most `limit` of them: the oldest first, or with `newest_first` the
        latest. Raises Forgotten when what was asked for is no longer kept.
        """
        following: dict[str, Any] = {}
        while limit is None or limit > 0:
            found, place = await self._run(_watch.changes(asked, following | page_of(limit)))
            for each in found:
                yield each
            limit = None if limit is None else limit - len(found)
            if place is None:
                return
            following = next_of(asked, place)

    async def _run(self, call: Call[T]) -> T:
        pauses = self._retries.pauses()
        while worth_repeating(call, outcome := await self._ask(call)) and (pause := next(pauses, None)) is not None:
            await self._sleep(pause)
        return settled(self.url, call, outcome)

    async def _ask(self, call: Call[Any]) -> Outcome:
        try:
            return await self._http.send(call.request(self._http))
        except httpx.RequestError as why:
            return why
