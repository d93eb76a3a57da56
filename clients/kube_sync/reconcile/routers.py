"""The ref from a node's virtual-router to the virtual-machines of its pods, where there is such a router (9.2)."""

from contextlib import suppress

import netweave
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.trees import MACHINE, Root

PARENT = "default-global-system-config"
ROUTER = "virtual-router"


class Routers:
    """Asks once for each node; a router made later is found after a restart."""

    def __init__(self, api: ConfigApi) -> None:
        self._api = api
        self._uuids: dict[str, str | None] = {}

    async def link(self, node: str, root: Root) -> None:
        """Promise that the node's router, if there is one, refers to the virtual-machine."""
        router = await self._find(node)
        if router is not None and router not in root.routers:
            await self._api.ref_update(ROUTER, router, MACHINE, root.uuid, operation="ADD")

    async def _find(self, node: str) -> str | None:
        if node not in self._uuids:
            self._uuids[node] = None
            with suppress(netweave.NotFound):
                self._uuids[node] = await self._api.find(ROUTER, [PARENT, node])
        return self._uuids[node]
