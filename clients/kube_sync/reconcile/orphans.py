"""Objects of ours whose pod or definition went while nobody watched; removed with care, and never many at once (4.1)."""

from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from kube_sync.clock import Clock
from kube_sync.model.objects import Key

FEW = 50
SHARE = 0.1

log = structlog.get_logger()


def is_too_many(orphans: int, owned: int) -> bool:
    """Whether so many orphans look like a mistake of ours or of a sick server, rather than like pods that went (B46)."""
    return orphans > max(FEW, SHARE * owned)


class Vouching(Protocol):
    """The one verb of a Source that matters here."""

    async def is_gone(self, key: Key, uid: str) -> bool:
        """Whether the object with this uid is no more."""
        ...


class Orphans:
    """An orphan is woken when it was missed twice, `patience` seconds apart, and its source then vouches that it is gone."""

    def __init__(self, source: Vouching, clock: Clock, wake: Callable[[Key], None], *, patience: float, brake: bool) -> None:
        self._source = source
        self._clock = clock
        self._wake = wake
        self._patience = patience
        self._brake = brake
        self._missed: dict[tuple[Key, str], float] = {}
        self.held_back = 0

    async def sweep(self, owned: Iterable[tuple[Key, str]], is_known: Callable[[Key], bool]) -> None:
        """One pass over all that we own of a kind."""
        owned = list(owned)
        missing = [found for found in owned if not is_known(found[0])]
        if self._brake and is_too_many(len(missing), len(owned)):
            self.held_back = len(missing)
            log.error(
                "too many objects without a pod or definition: none removed; see --allow-mass-delete",
                missing=len(missing),
                owned=len(owned),
            )
            return
        self.held_back = 0
        now = self._clock.now()
        kinds = {key.kind for key, _ in owned}
        first = {found: self._missed.get(found, now) for found in missing}
        self._missed = {found: at for found, at in self._missed.items() if found[0].kind not in kinds} | first
        for (key, uid), at in first.items():
            if now - at >= self._patience and await self._source.is_gone(key, uid):
                log.info("removing what was left behind", key=str(key), uid=uid)
                self._wake(key)
