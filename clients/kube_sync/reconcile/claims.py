"""Which definition has which prefixes, where no two may overlap: whoever has its network keeps it (B06, `--overlap-policy deny`)."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from kube_sync.model.documents import gateways_of
from kube_sync.model.names import annotations_of
from kube_sync.model.objects import Key
from kube_sync.model.prefixes import IpNetwork
from kube_sync.model.refusals import OverlappingCIDR, Refusal
from kube_sync.model.rules import overlap
from kube_sync.reconcile.networks import Networks


class Claims:
    """Read once from the networks that are there, then kept by those who make and remove them."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._held: dict[Key, tuple[str, frozenset[IpNetwork]]] = {}
        self._reading = asyncio.Lock()
        self._read = False

    @asynccontextmanager
    async def of(self, key: Key, uuid: str, prefixes: Collection[IpNetwork]) -> AsyncIterator[None]:
        """Meanwhile nobody else gets these prefixes; if it ends well they are this definition's, and what it had before is not."""
        await self._read_once()
        self._check(key, prefixes)
        before = self._held.get(key, (uuid, frozenset()))[1]
        self._held[key] = (uuid, before | set(prefixes))
        try:
            yield
        except Refusal:
            self._held[key] = (uuid, before)
            raise
        self._held[key] = (uuid, frozenset(prefixes))

    def drop(self, key: Key) -> None:
        """The definition's network has gone."""
        self._held.pop(key, None)

    def _check(self, key: Key, prefixes: Collection[IpNetwork]) -> None:
        for prefix in prefixes:
            for other, (uuid, taken) in self._held.items():
                if other != key and (found := next((one for one in taken if overlap(one, prefix)), None)):
                    raise OverlappingCIDR(prefix, f"overlaps {found} of {other.namespace}/{other.name}, which came first", networks=[uuid])

    async def _read_once(self) -> None:
        async with self._reading:
            if not self._read:
                for row in await self._networks.owned(["network_ipam_refs"]):
                    marks = annotations_of(row)
                    key = Key(marks["kind"], marks["namespace"], marks["name"])
                    self._held[key] = (str(row["uuid"]), frozenset(gateways_of(row)))
                self._read = True
