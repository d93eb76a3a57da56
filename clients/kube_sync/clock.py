"""Time as an argument: what waits takes a clock, so that a test can be the one who lets time pass."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


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
