"""Nothing is removed in masses without a hand: so many objects without an owner look like a sick server, not like a cluster (B46)."""

import structlog

from kube_sync.cluster.lease import Place
from kube_sync.cluster.source import Event, Source
from kube_sync.model.objects import LEASE, Key

FEW = 50
SHARE = 0.1

log = structlog.get_logger()


def is_too_many(missing: int, owned: int) -> bool:
    """Whether so many look like a mistake of ours or of a sick server, rather than like pods that went."""
    return missing > max(FEW, SHARE * owned)


class Brake:
    """Says so where an administrator looks: in the log, in a metric, and in an Event about the Lease."""

    def __init__(self, source: Source, place: Place, *, on: bool) -> None:
        self._source = source
        self._about = Key(LEASE, place.namespace, place.name)
        self._on = on
        self._held: dict[str, int] = {}
        self._untold: dict[str, str] = {}

    @property
    def held(self) -> int:
        """How many objects are not removed for it now."""
        return sum(self._held.values())

    def holds(self, what: str, missing: int, of: int) -> bool:
        """Whether none of these may be removed; to be asked whenever they were counted, and followed by `tell`."""
        held = missing if self._on and is_too_many(missing, of) else 0
        if held and held != self._held.get(what):
            self._untold[what] = (
                f"{missing} of {of} {what} are without an owner in the cluster: too many to be believed, so none of them is removed; "
                "if it is true, start the worker with --allow-mass-delete"
            )
        self._held[what] = held
        return bool(held)

    async def tell(self) -> None:
        """What was not told yet."""
        while self._untold:
            what, message = self._untold.popitem()
            log.error("mass delete held", what=what, why=message)
            await self._source.tell(Event(self._about, "", "MassDeleteHeld", message))
