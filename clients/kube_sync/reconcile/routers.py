"""The ref from a node's virtual-router to the virtual-machines of its pods, where there is such a router (9.2)."""

from collections.abc import Iterable

from kube_sync.clock import Clock
from kube_sync.model.entries import MACHINE, ROUTER, Entry, link
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.trees import Root

PARENT = "default-global-system-config"
# How long a node is taken to have no router, or the one that it had.
REMEMBERED = 300.0


class Routers:
    """Asks for all nodes of a look at once, and for each node not again for some minutes."""

    def __init__(self, api: ConfigApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[str, tuple[float, str | None]] = {}

    async def learn(self, nodes: Iterable[str]) -> None:
        """Know the routers of these nodes."""
        now = self._clock.now()
        unknown = {node for node in nodes if node not in self._known or self._known[node][0] + REMEMBERED <= now}
        if unknown:
            rows = await self._api.list(ROUTER, fq_names=[[PARENT, node] for node in sorted(unknown)])
            found = {str(row["fq_name"][-1]): str(row["uuid"]) for row in rows}
            self._known |= {node: (now, found.get(node)) for node in unknown}

    def forget(self, node: str) -> None:
        """What was known of the node turned out wrong."""
        self._known.pop(node, None)

    def missing(self, node: str, machine: str, root: Root | None) -> list[Entry]:
        """The entry that links the machine to its node's router, where it lacks; the node must be known."""
        router = self._known[node][1]
        if router is None or (root and router in root.routers):
            return []
        return [link(ROUTER, router, MACHINE, machine, operation="ADD")]
