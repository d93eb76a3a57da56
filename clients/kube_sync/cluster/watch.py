"""One list+watch: keeps a cache equal to what the API server has, through every way a watch can end (4.2)."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
import structlog

from kube_sync.clock import Clock
from kube_sync.cluster.api import CredentialError, Feed, KubeError, RefusedError, SilentError, UnreachedError, UnreadableError
from kube_sync.cluster.cache import Cache
from kube_sync.cluster.messages import BOOKMARK, DELETED, ERROR, Event, event_of, is_gone, metadata_of, page_of, refusal_of
from kube_sync.cluster.watched import Watched
from kube_sync.model.objects import Kept
from kube_sync.pace import Backoff

T = TypeVar("T", bound=Kept)

PAGE = 500
SHORTEST_WATCH, LONGEST_WATCH = 300, 600
# A watch sends a bookmark about every minute; silence this long means that nobody is there any more (B33).
SILENCE = 140.0
FIRST_PAUSE, LONGEST_PAUSE = 0.8, 30.0
HEALTHY_AFTER = 120.0
# What an administrator must mend is not mended sooner by asking more often.
SLOW_PAUSE = 30.0
LONGEST_WISH = 600.0  # of a Retry-After
# Some servers close a watch without a word when the version is too old; so many in a row are taken for that.
SILENT_CLOSES = 3

log = structlog.get_logger()


@dataclass(frozen=True)
class Resource(Generic[T]):
    """A collection to follow, and what to keep of each object's JSON."""

    path: str
    project: Callable[[Any], T]
    selector: str = ""

    @property
    def name(self) -> str:
        """The plural."""
        return self.path.rpartition("/")[2]


async def _nothing(_: RefusedError) -> None:
    """A refusal is logged, and that is all."""


class ListWatch(Generic[T]):
    """Never ends and never raises for what a server does. `on_refused` hears every 403 and 404, and may do something about it."""

    def __init__(
        self,
        api: Feed,
        resource: Resource[T],
        cache: Cache[T],
        clock: Clock,
        *,
        watched: Watched | None = None,
        on_refused: Callable[[RefusedError], Awaitable[None]] = _nothing,
    ) -> None:
        self._api = api
        self._resource = resource
        self._cache = cache
        self._clock = clock
        self._on_refused = on_refused
        self.watched = watched or Watched(resource.name, clock)
        self._backoff = Backoff(clock, FIRST_PAUSE, LONGEST_PAUSE, forgotten_after=HEALTHY_AFTER)
        self._version: str | None = None
        self._doubtful = False
        self._silent = 0

    async def run(self) -> None:
        """Follow the collection until cancelled."""
        while True:
            try:
                await self._round()
            except KubeError as why:
                await self._recover(why)

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
        await self._api.read(self._resource.path, **self._query(limit="1", resourceVersion=version, resourceVersionMatch="NotOlderThan"))

    async def _list(self) -> str:
        """All pages of a consistent list; without a version, since a cached answer may be of the past."""
        found: list[T] = []
        token = ""
        while True:
            content = await self._api.read(self._resource.path, **self._query(limit=str(PAGE), **({"continue": token} if token else {})))
            self.watched.hear()
            page = page_of(content)
            found.extend(map(self._known, self._kept(page.items or ())))
            token = page.metadata.token
            if not token:
                break
        self._cache.replace(found)
        self.watched.lists += 1
        self.watched.synced = True
        self.watched.size = len(self._cache)
        return page.metadata.version

    async def _watch(self, version: str) -> None:
        seconds = random.randint(SHORTEST_WATCH, LONGEST_WATCH)  # noqa: S311 - spreads reconnects, hides nothing
        query = self._query(watch="true", allowWatchBookmarks="true", resourceVersion=version, timeoutSeconds=str(seconds))
        before = self.watched.events
        async with _attended(self._clock) as hear, self._api.watch(self._resource.path, **query) as lines:
            async for line in lines:
                hear()
                self.watched.hear()
                self._apply(event_of(line))
                self.watched.events += 1
        self.watched.restarts["closed"] += 1
        self._silent = 0 if self.watched.events > before else self._silent + 1
        if self._silent >= SILENT_CLOSES:
            raise RefusedError("several watches in a row were closed without a word", status=410)
        if self._silent:
            await self._backoff.pause()

    def _apply(self, event: Event) -> None:
        if event.type == ERROR:
            raise refusal_of(event.object)
        for found in self._kept([event.object]) if event.type != BOOKMARK else ():
            if event.type == DELETED:
                self._cache.remove(found)
            else:
                self._cache.put(found)
            self._version = found.version
            self.watched.size = len(self._cache)
            return
        self._version = metadata_of(event.object).resource_version or self._version

    def _kept(self, items: Iterable[msgspec.Raw]) -> Iterator[T]:
        """The projections; an object that cannot be read is left out, never the end of the watch (B13)."""
        for item in items:
            try:
                yield self._resource.project(item)
            except msgspec.DecodeError as why:
                metadata = metadata_of(item)
                log.warning("object left out", resource=self._resource.name, namespace=metadata.namespace, name=metadata.name, why=str(why))

    def _known(self, found: T) -> T:
        """The object that is in the cache already where nothing changed: a new list costs no memory for it."""
        known = self._cache.get(found.key)
        return known if known is not None and (known.uid, known.version) == (found.uid, found.version) else found

    def _query(self, **query: str) -> dict[str, str]:
        return query | ({"fieldSelector": self._resource.selector} if self._resource.selector else {})

    async def _recover(self, why: KubeError) -> None:
        """Note what is in doubt now, and wait as long as this kind of failure deserves."""
        cause = _cause(why)
        self.watched.restarts[cause] += 1
        tell = log.info if cause == "expired" else log.warning
        tell("list and watch begin again", resource=self._resource.name, cause=cause, why=str(why))
        if cause in {"expired", "absent"}:
            self._version = None
        elif cause in {"unreachable", "silent", "refused"}:
            self._doubtful = True
        if isinstance(why, RefusedError) and cause in {"absent", "forbidden"}:
            await self._on_refused(why)
        await self._backoff.pause(at_least=_least_pause(why, cause))


@asynccontextmanager
async def _attended(clock: Clock) -> AsyncIterator[Callable[[], None]]:
    """Break off the block with a SilentError once nothing was heard for too long, by this clock."""
    heard_at = clock.now()

    def hear() -> None:
        nonlocal heard_at
        heard_at = clock.now()

    async def guard(limit: asyncio.Timeout) -> None:
        while (left := heard_at + SILENCE - clock.now()) > 0:
            await clock.sleep(left)
        limit.reschedule(asyncio.get_running_loop().time())

    try:
        async with asyncio.timeout(None) as limit:
            guarding = asyncio.create_task(guard(limit))
            try:
                yield hear
            finally:
                guarding.cancel()
    except TimeoutError as why:
        raise SilentError(f"nothing heard for {SILENCE:.0f} s, not even a bookmark") from why


def _cause(why: KubeError) -> str:
    """What a failure is counted as."""
    match why:
        case RefusedError() if is_gone(why):
            return "expired"
        case RefusedError():
            return {401: "unauthorized", 403: "forbidden", 404: "absent", 429: "throttled"}.get(why.status, "refused")
        case CredentialError():
            return "unauthorized"
        case SilentError():
            return "silent"
        case UnreadableError():
            return "unreadable"
        case UnreachedError():
            return "unreachable"
        case _:
            return "refused"


def _least_pause(why: KubeError, cause: str) -> float:
    if isinstance(why, RefusedError) and why.retry_after is not None:
        return min(why.retry_after, LONGEST_WISH)
    return SLOW_PAUSE if cause in {"unauthorized", "forbidden"} else 0.0
