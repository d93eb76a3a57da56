"""What there is to see of a list+watch, for metrics and for whoever wonders whether it still hears anything (4.3)."""

from collections import Counter

from kube_sync.clock import Clock


class Watched:
    """Plain numbers that one list+watch keeps and anybody reads."""

    def __init__(self, resource: str, clock: Clock) -> None:
        self._clock = clock
        self._heard_at: float | None = None
        self.resource = resource  # as in the path: pods, namespaces, …
        self.size = 0  # objects in the cache
        self.synced = False  # whether a complete list was seen
        self.lists = 0  # complete lists, the first included
        self.events = 0  # lines of watches, bookmarks included
        self.restarts: Counter[str] = Counter()  # why a watch or a list had to be begun again: how often

    def hear(self) -> None:
        """Something came from the API server."""
        self._heard_at = self._clock.now()

    @property
    def age(self) -> float | None:
        """Seconds since anything was heard of this resource, bookmarks included; None before that."""
        return None if self._heard_at is None else self._clock.now() - self._heard_at
