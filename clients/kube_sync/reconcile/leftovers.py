"""All that this cluster's worker makes and may leave behind, and how each is removed (B41, D3, D5)."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import structlog

from kube_sync.cluster.cache import Cache, Caches
from kube_sync.model.entries import ADDRESS, INTERFACE, MACHINE, deletion, link
from kube_sync.model.names import Names, annotations_of
from kube_sync.model.objects import DEFINITION, NAMESPACE, POD, Key
from kube_sync.reconcile.adoption import Adoption
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.orphans import Orphans, Owner
from kube_sync.reconcile.owned import PAGE, Owned

NETWORK, IPAM, PROJECT = "virtual-network", "network-ipam", "project"
# Each sort by its own measure: what it is called, whose it is, and the kind in the configuration API.
SORTS = (
    (f"{MACHINE}s", POD, MACHINE),
    (f"{NETWORK}s", DEFINITION, NETWORK),
    (f"{IPAM}s", DEFINITION, IPAM),
    (f"{NETWORK}s of namespaces", NAMESPACE, NETWORK),
    (f"{PROJECT}s", NAMESPACE, PROJECT),
)
MACHINES, INTERFACES = "virtual_machine_refs", "virtual_machine_interface_refs"
# Interfaces are many, and one without a machine is made by hands only: every so many passes is often enough.
RARELY = 6

log = structlog.get_logger()


class Leftovers:
    """A missing pod, definition or namespace is looked at as gone, which removes what it had; what no look would find is removed here."""

    def __init__(
        self, api: ConfigApi, names: Names, caches: Caches, orphans: Orphans, adoption: Adoption, wake: Callable[[Key], None]
    ) -> None:
        self._api = api
        self._names = names
        self._caches = caches
        self._orphans = orphans
        self._wake = wake
        self._owned = Owned(api, adoption.claims)
        self._stray: dict[Key, list[str]] = {}
        self._passes = 0

    async def sweep(self) -> None:
        """One pass over all kinds whose owners are known completely."""
        self._passes += 1
        for what, owner, kind in SORTS:
            if (cache := self._caches.of(owner)).synced:
                await self._orphans.sweep(what, self._owned.of(kind, owner), _knowing(cache), self._wake)
        if self._passes % RARELY == RARELY - 1:
            self._stray.clear()
            await self._orphans.sweep(f"{INTERFACE}s", self._strays(), _knowing(self._caches.pods), self._remove_strays)

    async def _strays(self) -> AsyncIterator[Owner]:
        """The pods of our interfaces that hang on no machine, which therefore nobody finds who looks at the pod."""
        async for row in self._api.iterate(INTERFACE, page=PAGE, fields=["annotations", MACHINES]):
            marks = annotations_of(row)
            if not row.get(MACHINES) and self._names.owns(row) and {"namespace", "name"} <= marks.keys():
                key = Key(POD, marks["namespace"], marks["name"])
                self._stray.setdefault(key, []).append(str(row["uuid"]))
                yield key, ""

    async def _remove_strays(self, key: Key) -> None:
        """With their addresses, unless those are others' too."""
        for uuid in self._stray.pop(key, ()):
            entries = []
            for row in await self._api.list(ADDRESS, back_ref_id=uuid, fields=[INTERFACES]):
                shared, address = len(row.get(INTERFACES) or ()) > 1, str(row["uuid"])
                entries.append(link(ADDRESS, address, INTERFACE, uuid, operation="DELETE") if shared else deletion(ADDRESS, address))
            await self._api.bulk([*entries, deletion(INTERFACE, uuid)])


def _knowing(cache: Cache[Any]) -> Callable[[Key], bool]:
    return lambda key: cache.get(key) is not None
