"""Rates and pauses: how soon the next one may go."""

import random
from collections.abc import Callable

from kube_sync.clock import Clock


class Bucket:
    """Evens out a rate: `wait` says how long until the next one may go, and counts it."""

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = clock.now()

    def wait(self) -> float:
        """Seconds until this one may go."""
        now = self._clock.now()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1
        self._at = now
        return max(0.0, -self._tokens / self._rate)

    def allow(self) -> bool:
        """Whether one may go now; one that may not is not counted."""
        if self.wait() == 0:
            return True
        self._tokens += 1
        return False


class Backoff:
    """Pauses that double from one to the next, a little random so that many who wait do not come back together."""

    def __init__(self, clock: Clock, first: float, longest: float, *, forgotten_after: float) -> None:
        self._clock = clock
        self._first = first
        self._longest = longest
        self._forgotten_after = forgotten_after
        self._pauses = 0
        self._over_at = clock.now()

    async def pause(self, *, at_least: float = 0.0, jitter: Callable[[float, float], float] = random.uniform) -> None:
        """Wait; a pause that comes long after the one before is a first one again."""
        if self._clock.now() - self._over_at > self._forgotten_after:
            self._pauses = 0
        seconds = min(self._longest, self._first * 2 ** min(self._pauses, 30))
        self._pauses += 1
        await self._clock.sleep(max(at_least, seconds * jitter(0.8, 1.2)))
        self._over_at = self._clock.now()
