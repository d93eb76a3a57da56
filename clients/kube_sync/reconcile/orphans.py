"""Objects of ours whose pod or definition went while nobody watched; removed with care, and never many at once (4.1)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import structlog

from kube_sync.clock import Clock
from kube_sync.instruments import Instruments
from kube_sync.model.objects import Key
from kube_sync.reconcile.brake import Brake

Owner = tuple[Key, str]

log = structlog.get_logger()


class Vouching(Protocol):
    """The one verb of a Source that matters here."""

    async def is_gone(self, key: Key, uid: str) -> bool:
        """Whether the object with this uid is no more."""
        ...


class Orphans:
    """An orphan is removed when its owner was missed twice, `patience` seconds apart, and the source then vouches that it is gone."""

    def __init__(self, source: Vouching, clock: Clock, brake: Brake, instruments: Instruments, *, patience: float) -> None:
        self._source = source
        self._clock = clock
        self._brake = brake
        self._removed = instruments.removed
        self._patience = patience
        self._missed: dict[str, dict[Owner, float]] = {}

    @property
    def missed(self) -> int:
        """How many were missed once, so that a second pass has something to tell."""
        return sum(map(len, self._missed.values()))

    async def sweep(
        self, what: str, owned: AsyncIterator[Owner], is_known: Callable[[Key], bool], remove: Callable[[Key], Awaitable[None] | None]
    ) -> None:
        """One pass over all that is owned of one sort; only those whose owner is missing are remembered."""
        count, missing = 0, dict[Owner, None]()
        async for owner in owned:
            count += 1
            if not is_known(owner[0]):
                missing[owner] = None
        held = self._brake.holds(what, len(missing), count)
        await self._brake.tell()
        if held:
            # They start anew: what is let go of later was not missed all the time.
            self._missed.pop(what, None)
            return
        now, before = self._clock.now(), self._missed.get(what, {})
        self._missed[what] = {owner: before.get(owner, now) for owner in missing}
        for (key, uid), since in list(self._missed[what].items()):
            # Seen again meanwhile, it is no orphan.
            if now - since >= self._patience and not is_known(key) and await self._source.is_gone(key, uid):
                self._removed.labels(what).inc()
                log.info("removing what was left behind", key=str(key), uid=uid, what=what)
                if waiting := remove(key):
                    await waiting
