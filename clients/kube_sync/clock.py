"""Time as an argument: what waits takes a clock, so that a test can be the one who lets time pass."""

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """What the worker knows of time."""

    def now(self) -> float:
        """Seconds that only grow; where zero lies means nothing."""
        ...

    def date(self) -> datetime:
        """The wall clock, in UTC, for what people read."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when that much time has passed."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> float:
        """The monotonic clock."""
        return time.monotonic()

    def date(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run meanwhile."""
        await asyncio.sleep(seconds)


async def within(clock: Clock, seconds: float, wanted: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns; a TimeoutError, and the coroutine cancelled, once that much time of the clock has passed."""
    work, timer = asyncio.ensure_future(wanted), asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait([work, timer], return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise TimeoutError(f"no answer within {seconds:.1f} s")
        return work.result()
    finally:
        for task in (work, timer):
            task.cancel()
        await asyncio.gather(work, timer, return_exceptions=True)
