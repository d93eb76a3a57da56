"""Rates: how soon the next one may go."""

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
