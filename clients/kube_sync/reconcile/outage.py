"""When the configuration API is away as a whole, one asks for all, and everybody goes on when it is back (B45)."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import chain, repeat

import structlog

import netweave
from kube_sync.clock import Clock
from kube_sync.reconcile.queue import WorkQueue

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
LONGEST_PAUSE = 15.0
TOO_MANY = 429
# An API that answered so long ago is taken to be there still: keys that fail together ask once.
FRESH = 1.0

log = structlog.get_logger()


class Outage:
    """Tells the failure of one call from the failure of all; during that the queue gives out no keys."""

    def __init__(self, ask: Callable[[], Awaitable[object]], queue: WorkQueue, clock: Clock) -> None:
        self._ask = ask
        self._queue = queue
        self._clock = clock
        self._waiting: asyncio.Task[None] | None = None
        self._answered = float("-inf")

    async def is_behind(self, failure: netweave.VncError) -> bool:
        """Whether the API is away, or asks to be left alone, and this failure says nothing of the key that it befell."""
        if not _may_be_general(failure):
            return False
        if self._waiting is not None:
            return True
        if isinstance(failure, netweave.Refused) and failure.status == TOO_MANY:
            self._begin(failure.retry_after)
            return True
        if self._clock.now() - self._answered < FRESH or await self._answers():
            return False
        if self._waiting is None:
            log.warning("the configuration API is away: all wait until it is back", why=str(failure))
            self._begin(None)
        return True

    async def close(self) -> None:
        """Ask no more."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)

    def _begin(self, retry_after: float | None) -> None:
        self._queue.pause()
        self._waiting = asyncio.create_task(self._wait(retry_after))

    async def _wait(self, retry_after: float | None) -> None:
        first = PAUSES if retry_after is None else (retry_after,)
        for pause in chain(first, repeat(LONGEST_PAUSE)):
            await self._clock.sleep(pause * random.uniform(1, 1.2))  # noqa: S311 - spreads workers, hides nothing
            if await self._answers():
                break
            self._queue.pause()
        log.info("the configuration API is back")
        self._waiting = None
        self._queue.resume()

    async def _answers(self) -> bool:
        try:
            await self._ask()
        except netweave.VncError as why:
            if _may_be_general(why):
                return False
        self._answered = self._clock.now()
        return True


def _may_be_general(failure: netweave.VncError) -> bool:
    """No answer, or one that any call could have got."""
    if isinstance(failure, netweave.Refused):
        return failure.status >= 500 or failure.status == TOO_MANY
    return True
