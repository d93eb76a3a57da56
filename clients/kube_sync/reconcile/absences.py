"""Objects that a list left out without their deletion having been told: believed one by one, and never in masses (B31, B34, B46)."""

from collections.abc import Callable, Mapping

from kube_sync.cluster.api import KubeError
from kube_sync.model.objects import Kept, Key
from kube_sync.model.refusals import MassDeleteHeld
from kube_sync.reconcile.brake import Brake
from kube_sync.reconcile.orphans import Vouching
from kube_sync.reconcile.passes import Looker, Settle


class StillThereError(KubeError):
    """A list left out what the server, asked for it by name, still has."""

    def __init__(self, key: Key) -> None:
        super().__init__(f"{key} was left out of a list, and is there: nothing of it is removed")


class Absences:
    """Between the caches and those who look: an object that only a list says is gone is asked for before it is looked at as gone."""

    def __init__(self, source: Vouching, brake: Brake, wake: Callable[[Key], None], is_known: Callable[[Key], bool]) -> None:
        self._source = source
        self._brake = brake
        self._wake = wake
        self._is_known = is_known
        self._doubts: dict[Key, str] = {}
        self._held: set[str] = set()

    def listed(self, kind: str, gone: Mapping[Key, Kept], there: int) -> None:
        """A complete list of a kind came, with so many objects, and left these out."""
        known = {key: uid for key, uid in self._doubts.items() if self._is_known(key)}
        self._doubts = {key: uid for key, uid in self._doubts.items() if key not in known} | {key: found.uid for key, found in gone.items()}
        doubtful = [key for key in self._doubts if key.kind == kind]
        if self._brake.holds(f"{kind}s left out of a list", len(doubtful), there + len(doubtful)):
            self._held.add(kind)
        elif kind in self._held:
            self._held.discard(kind)
            for key in doubtful:
                self._wake(key)

    def guarding(self, look: Looker) -> Looker:
        """The same looker, for keys of which it is certain that they are there or are not."""

        async def guarded(keys: list[Key], settle: Settle) -> None:
            await self._brake.tell()
            certain = []
            for key in keys:
                try:
                    if key in self._doubts:
                        await self._check(key)
                except (MassDeleteHeld, KubeError) as why:
                    await settle(key, why)
                else:
                    certain.append(key)
            if certain:
                await look(certain, settle)

        return guarded

    async def _check(self, key: Key) -> None:
        if not self._is_known(key):
            if key.kind in self._held:
                raise MassDeleteHeld(key, "was left out of a list together with too many others; nothing of it is removed")
            if not await self._source.is_gone(key, self._doubts[key]):
                raise StillThereError(key)
        self._doubts.pop(key, None)
