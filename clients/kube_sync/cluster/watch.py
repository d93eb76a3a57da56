"""One list+watch: keeps a cache equal to what the API server has, through every way a watch can end (4.2)."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
import structlog

from kube_sync.clock import Clock
from kube_sync.cluster.api import KubeApi, KubeError, RefusedError, UnreachedError
from kube_sync.cluster.cache import Cache
from kube_sync.model.objects import Kept

T = TypeVar("T", bound=Kept)

PAGE = 500
SHORTEST_WATCH, LONGEST_WATCH = 300, 600
FIRST_PAUSE, LONGEST_PAUSE = 0.8, 30.0
HEALTHY_AFTER = 120.0
FORBIDDEN_PAUSE = 30.0
# Some servers close a watch without a word when the version is too old; so many in a row are taken for that.
SILENT_CLOSES = 3

log = structlog.get_logger()


class GoneError(Exception):
    """The version is too old, or from a future that a restored server does not know: only a list helps."""


@dataclass(frozen=True)
class Resource(Generic[T]):
    """A collection to follow, and what to keep of each object."""

    path: str
    project: Callable[[Any], T]
    selector: str = ""


async def _nothing(why: RefusedError) -> None:
    """Waiting is all that helps."""


class ListWatch(Generic[T]):
    """Never ends and never raises for what a server does; `on_refused` may mend what a refusal complains of."""

    def __init__(
        self,
        api: KubeApi,
        resource: Resource[T],
        cache: Cache[T],
        clock: Clock,
        on_refused: Callable[[RefusedError], Awaitable[None]] = _nothing,
    ) -> None:
        self._api = api
        self._resource = resource
        self._cache = cache
        self._clock = clock
        self._on_refused = on_refused
        self._version: str | None = None
        self._doubtful = False
        self._silent = 0
        self._pauses = 0
        self._paused_at = 0.0

    async def run(self) -> None:
        """Follow the collection until cancelled."""
        while True:
            try:
                await self._round()
            except GoneError as why:
                log.info("listing again", path=self._resource.path, why=str(why))
                self._version = None
                await self._pause()
            except RefusedError as why:
                await self._refused(why)
            except KubeError as why:
                log.warning("the Kubernetes API does not answer", path=self._resource.path, why=str(why))
                self._doubtful = True
                await self._pause()

    async def _round(self) -> None:
        if self._version is None:
            self._version = await self._list()
            self._silent = 0
        elif self._doubtful:
            await self._probe(self._version)
        self._doubtful = False
        await self._watch(self._version)

    async def _probe(self, version: str) -> None:
        """Refused when the server, restored from a backup, has not reached the version: a watch would wait in silence (B34)."""
        await self._api.get(self._resource.path, **self._query(limit="1", resourceVersion=version, resourceVersionMatch="NotOlderThan"))

    async def _list(self) -> str:
        """All pages of a consistent list; without a version, since a cached answer may be of the past."""
        found: list[T] = []
        token = version = ""
        while True:
            page = await self._api.get(self._resource.path, **self._query(limit=str(PAGE), **({"continue": token} if token else {})))
            found.extend(self._kept(page.get("items") or ()))
            version, token = page["metadata"].get("resourceVersion", ""), page["metadata"].get("continue", "")
            if not token:
                break
        self._cache.replace(found)
        return str(version)

    async def _watch(self, version: str) -> None:
        seconds = random.randint(SHORTEST_WATCH, LONGEST_WATCH)  # noqa: S311 - spreads reconnects, hides nothing
        query = self._query(watch="true", allowWatchBookmarks="true", resourceVersion=version, timeoutSeconds=str(seconds))
        events = 0
        async with self._api.watch(self._resource.path, **query) as lines:
            async for event in _decoded(lines):
                self._apply(event)
                events += 1
        self._silent = 0 if events else self._silent + 1
        if self._silent >= SILENT_CLOSES:
            raise GoneError("several watches in a row closed without a word")
        if not events:
            await self._pause()

    def _apply(self, event: dict[str, Any]) -> None:
        kind, document = event.get("type"), event.get("object") or {}
        if kind == "ERROR":
            raise _failure(document)
        for found in self._kept([document]) if kind != "BOOKMARK" else ():
            if kind == "DELETED":
                self._cache.remove(found)
            else:
                self._cache.put(found)
        self._version = document.get("metadata", {}).get("resourceVersion") or self._version

    def _kept(self, documents: Any) -> Iterator[T]:
        """The projections; an object that cannot be read is left out, never the end of the watch (B13)."""
        for document in documents:
            try:
                yield self._resource.project(document)
            except msgspec.ValidationError as why:
                log.warning("object left out", path=self._resource.path, metadata=document.get("metadata"), why=str(why))

    def _query(self, **query: str) -> dict[str, str]:
        return query | ({"fieldSelector": self._resource.selector} if self._resource.selector else {})

    async def _refused(self, why: RefusedError) -> None:
        if _is_gone(why.status, why.reason, str(why)):
            self._version = None
            await self._pause()
            return
        log.warning("refused by the Kubernetes API", path=self._resource.path, status=why.status, why=str(why))
        if why.status == 404:
            self._version = None
        await self._on_refused(why)
        if why.retry_after is not None:
            await self._clock.sleep(why.retry_after)
        elif why.status in {401, 403}:
            await self._clock.sleep(FORBIDDEN_PAUSE)
        else:
            await self._pause()

    async def _pause(self) -> None:
        """0.8 s, doubling to 30 s, a little random; short again after two good minutes."""
        if self._clock.now() - self._paused_at > HEALTHY_AFTER:
            self._pauses = 0
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._pauses, 8))
        self._pauses += 1
        await self._clock.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads reconnects
        self._paused_at = self._clock.now()


async def _decoded(lines: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
    async for line in lines:
        try:
            event = msgspec.json.decode(line)
        except msgspec.DecodeError as why:
            raise UnreachedError("a broken line in a watch", why) from why
        if not isinstance(event, dict):
            raise UnreachedError("a line in a watch that is no event", event)
        yield event


def _failure(status: dict[str, Any]) -> Exception:
    code, reason, text = int(status.get("code") or 500), str(status.get("reason") or ""), str(status.get("message") or "")
    return GoneError(text) if _is_gone(code, reason, text) else RefusedError(text, status=code, reason=reason)


def _is_gone(status: int, reason: str, text: str) -> bool:
    too_large = status == 504 and "resource version" in text.lower()
    return status == 410 or reason in {"Expired", "Gone"} or too_large
