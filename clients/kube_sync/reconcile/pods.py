"""Brings the interfaces of one pod in step with it (B15 to B27, B36, B39)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

import netweave
from kube_sync.cluster.api import KubeError, RefusedError
from kube_sync.cluster.cache import Cache
from kube_sync.cluster.source import Event, Source
from kube_sync.model.choices import CHOICES, Choice, machine_of, thawed
from kube_sync.model.names import Names
from kube_sync.model.objects import POD, Key, Pod
from kube_sync.model.plan import Address, Create, Interface, Machine, plan
from kube_sync.model.refusals import AddressInUse, InvalidAnnotation, NetworkNotFound, Refusal, StatusForbidden, SubnetExhausted
from kube_sync.model.status import Row, is_foreign, network_status, summary
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.projects import Projects
from kube_sync.reconcile.resolution import Resolution
from kube_sync.reconcile.routers import Routers
from kube_sync.reconcile.trees import Root, Trees
from kube_sync.settings import CompletedPods, Settings

log = structlog.get_logger()


def is_due(pod: Pod | None) -> bool:
    """Whether a pod has interfaces of ours: one on a node, not in the node's own network (B23)."""
    return pod is not None and bool(pod.node) and not pod.host_network


@dataclass
class Published:
    """A status that was written; until it has come back, the cache shows the one it replaced."""

    uid: str
    text: str
    replaced: str
    arrived: bool = False


class Pods:
    """Looks at one pod; what it cannot have is a Refusal. `on_freed` hears the network of every address that a vanished pod held."""

    def __init__(
        self,
        api: ConfigApi,
        names: Names,
        source: Source,
        cache: Cache[Pod],
        resolution: Resolution,
        projects: Projects,
        on_freed: Callable[[list[str]], None],
        settings: Settings,
    ) -> None:
        self._names = names
        self._source = source
        self._cache = cache
        self._resolution = resolution
        self._projects = projects
        self._on_freed = on_freed
        self._style = settings.status_style
        self._keeps = settings.completed_pods is CompletedPods.KEEP
        self._trees = Trees(api, names)
        self._routers = Routers(api)
        self._published: dict[Key, Published] = {}
        self.drifted: dict[Key, str] = {}
        self.foreign: set[Key] = set()

    async def reconcile(self, key: Key) -> None:
        """Once it returns, the pod has its interfaces and its status, or has gone without a trace."""
        pod = self._cache.get(key)
        root = await self._trees.root(self._names.machine(key.namespace, key.name))
        if pod and pod.finished and self._keeps and root and root.uuid == self._names.machine_uuid(pod.uid):
            return
        if pod is None or pod.finished or not is_due(pod):
            self._forget(key)
            await self._remove(root)
        elif root and root.uuid != self._names.machine_uuid(pod.uid):
            # A namesake before this pod: its deletion was not told, or not yet looked at (B27).
            await self._remove(root)
            await self._attach(pod, None)
        else:
            await self._attach(pod, root)

    async def owned(self) -> list[tuple[Key, str]]:
        """The pods that have virtual-machines, each with the uid it had."""
        return [(Key(POD, root.marks["namespace"], root.marks["name"]), root.marks["k8s_uuid"]) for root in await self._trees.owned()]

    def is_echo(self, pod: Pod) -> bool:
        """Whether the pod's status is what was last written here, so that its coming back needs no look (B24)."""
        last = self._published.get(pod.key)
        if last is None or (last.uid, last.text) != (pod.uid, pod.status):
            return False
        last.arrived = True
        return True

    async def _attach(self, pod: Pod, root: Root | None) -> None:
        choices = await self._choices(pod, root)
        wanted, tree = machine_of(pod, choices, self._names), await self._trees.read(root)
        actions = plan(wanted, tree.found)
        if actions:
            try:
                await self._apply(pod, wanted, actions)
            except Refusal:
                # A pod that was never told of its interfaces keeps none while it waits: others may need the addresses (B39).
                if root is None or not pod.status:
                    await self._give_back(wanted)
                raise
            root = Root(wanted.uuid, wanted.marks, root.routers if root else ())
            tree = await self._trees.read(root)
        assert root is not None
        await self._routers.link(pod.node, root)
        rows = [tree.row(interface) for interface in wanted.interfaces]
        await self._publish(pod, choices, rows)
        if any(isinstance(action, Create) for action in actions):
            log.info("attached", uid=pod.uid, interfaces=summary(choices, rows))
            await self._source.tell(Event(pod.key, pod.uid, "Attached", summary(choices, rows), warning=False))

    async def _choices(self, pod: Pod, root: Root | None) -> tuple[Choice, ...]:
        """Those that the virtual-machine keeps; a pod that has none yet gets the selection of its annotation."""
        if root is None:
            return await self._resolution.choices(pod)
        choices = thawed(root.marks[CHOICES])
        if self._resolution.selects(pod, choices):
            self.drifted.pop(pod.key, None)
        elif self.drifted.get(pod.key) != pod.selection:
            self.drifted[pod.key] = pod.selection
            await self._resolution.tell_drift(pod, choices)
        return choices

    async def _apply(self, pod: Pod, wanted: Machine, actions: list[Any]) -> None:
        await self._projects.ensure(pod.key.namespace)
        for interface in (action.what for action in actions if isinstance(action, Create) and isinstance(action.what, Interface)):
            await self._check_mac(interface)
        for action in actions:
            try:
                await self._trees.apply(action, wanted.uuid)
            except netweave.ParentNotFound:
                self._projects.forget(pod.key.namespace)
                raise
            except netweave.Refused as why:
                raise _refusal(action, why) from why

    async def _check_mac(self, interface: Interface) -> None:
        if interface.mac is None:
            return
        holder = (await self._trees.macs_in(interface.network)).get(interface.mac)
        if holder not in {None, interface.uuid}:
            raise AddressInUse(interface.mac, f"is already the MAC address of {holder}", networks=[interface.network])

    async def _give_back(self, wanted: Machine) -> None:
        there = await self._trees.root(wanted.fq_name)
        if there is not None and there.uuid == wanted.uuid:
            await self._trees.remove(there)

    async def _publish(self, pod: Pod, choices: tuple[Choice, ...], rows: list[Row]) -> None:
        now = self._cache.get(pod.key)
        if now is not None and now.uid == pod.uid:
            # It may have changed while this look went on: our own status, above all, may have come back (B24).
            pod = now
        (self.foreign.add if is_foreign(pod, list(rows[0].ips)) else self.foreign.discard)(pod.key)
        text = network_status(pod, choices, rows, self._names, self._style)
        if text != pod.status and not self._is_under_way(pod, text):
            # Noted first: it may come back before the answer does.
            self._published[pod.key] = Published(pod.uid, text, pod.status)
            try:
                await self._source.publish(pod, text)
            except KubeError as why:
                del self._published[pod.key]
                if isinstance(why, RefusedError) and why.status == 403:
                    raise StatusForbidden("network-status", f"cannot be written, the pod has its interfaces nevertheless: {why}") from why
                raise

    def _is_under_way(self, pod: Pod, text: str) -> bool:
        last = self._published.get(pod.key)
        return last is not None and not last.arrived and (last.uid, last.text, last.replaced) == (pod.uid, text, pod.status)

    async def _remove(self, root: Root | None) -> None:
        if root is not None:
            self._on_freed(await self._trees.remove(root))
            log.info("released", uid=root.uuid)

    def _forget(self, key: Key) -> None:
        self._published.pop(key, None)
        self.drifted.pop(key, None)
        self.foreign.discard(key)


def _refusal(action: Any, why: netweave.Refused) -> Exception:
    """What the server's no means for the pod; an answer that is nobody's fault stays what it is, and is tried again."""
    what = action.what if isinstance(action, Create) else None
    if not isinstance(what, Address | Interface):
        return why
    asked = what.ip if isinstance(what, Address) and what.ip else what.network
    if isinstance(why, netweave.SubnetExhausted):
        return SubnetExhausted("no address is free:", str(why), networks=[what.network])
    if isinstance(why, netweave.AddressInUse):
        return AddressInUse(asked, f"is in use: {why}", networks=[what.network])
    if isinstance(why, netweave.AddressOutside):
        return InvalidAnnotation(asked, f"is in no subnet: {why}")
    if isinstance(why, netweave.InvalidReference):
        return NetworkNotFound("a network has gone:", str(why))
    return why
