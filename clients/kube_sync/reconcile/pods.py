"""Brings the interfaces of pods in step with them, many pods in one pass (B15 to B27, B36, B39)."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog

import netweave
from kube_sync.cluster.cache import Cache
from kube_sync.cluster.source import Event, Source
from kube_sync.model.choices import Choice, machine_of, thawed
from kube_sync.model.entries import Entry, entry
from kube_sync.model.names import CHOICES, Names
from kube_sync.model.objects import Key, Pod
from kube_sync.model.plan import Found, Machine, plan
from kube_sync.model.refusals import Refusal, Wait
from kube_sync.model.status import Row, summary
from kube_sync.reconcile.adoption import Adoption
from kube_sync.reconcile.changes import Changes, HeldError, OvertakenError
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.passes import Pass, Settle
from kube_sync.reconcile.projects import Projects
from kube_sync.reconcile.resolution import Resolution
from kube_sync.reconcile.routers import Routers
from kube_sync.reconcile.statuses import Statuses
from kube_sync.reconcile.trees import Root, Tree, Trees
from kube_sync.settings import CompletedPods, Settings

# So many statuses of one pass are on their way at the same time.
PUBLISHERS = 8
# In one look so many objects of a pod are freed of what others made for them; more take another look.
HOLDERS = 4

log = structlog.get_logger()


def is_due(pod: Pod | None) -> bool:
    """Whether a pod has interfaces of ours: one on a node, not in the node's own network (B23)."""
    return pod is not None and bool(pod.node) and not pod.host_network


@dataclass
class Gone:
    """A key whose pod shall have nothing."""

    key: Key
    tree: Tree | None


@dataclass
class Look:
    """A pod that shall have interfaces, and what a pass finds out about it."""

    key: Key
    pod: Pod
    tree: Tree | None
    choices: tuple[Choice, ...] = ()
    wanted: Machine | None = None
    entries: list[Entry] = field(default_factory=list)
    made: bool = False


class Pods:
    """What a pod cannot have is a Refusal. `on_freed` hears the network of every address that a vanished pod held."""

    def __init__(
        self,
        api: ConfigApi,
        names: Names,
        source: Source,
        cache: Cache[Pod],
        resolution: Resolution,
        projects: Projects,
        routers: Routers,
        changes: Changes,
        on_freed: Callable[[list[str]], None],
        settings: Settings,
        adoption: Adoption,
    ) -> None:
        self._adoption = adoption
        self._names = names
        self._source = source
        self._cache = cache
        self._resolution = resolution
        self._projects = projects
        self._routers = routers
        self._on_freed = on_freed
        self._trees = Trees(api, names)
        self._changes = changes
        self._keeps = settings.completed_pods is CompletedPods.KEEP
        self.statuses = Statuses(source, names, settings.status_style)
        self._attempts: dict[Key, Look] = {}
        self.drifted: dict[Key, str] = {}

    async def look(self, keys: list[Key], settle: Settle) -> None:
        """Whoever is settled without a fault has interfaces and status, or has gone without a trace."""
        again = [look for key in keys if (look := self._attempts.pop(key, None)) and look.pod == self._cache.get(key)]
        await self._attach(Pass(again, settle))
        if keys := [key for key in keys if key not in {look.key for look in again}]:
            await self._compare_all(keys, settle)

    def reconsider(self, key: Key) -> None:
        """What the pod was refused, and would be asked for again as it was, may be other now."""
        self._attempts.pop(key, None)

    async def _compare_all(self, keys: list[Key], settle: Settle) -> None:
        fq_names = {key: self._names.machine(key.namespace, key.name) for key in keys}
        found = await self._trees.read(fq_names.values())
        pods = {key: pod for key in keys if is_due(pod := self._cache.get(key)) and pod and not pod.finished}
        if await self._adoption.of_trees({key: found[name] for key, name in fq_names.items() if name in found}, pods):
            found = await self._trees.read(fq_names.values())
        gone = Pass([Gone(key, self._unwanted(key, found.get(fq_names[key]))) for key in keys if key not in pods], settle)
        looks = Pass([Look(key, pod, found.get(fq_names[key])) for key, pod in pods.items()], settle)
        await gone.each(self._check)
        await looks.each(self._check)
        await self._remove(gone)
        await self._replace(looks)
        await self._choose(looks)
        await self._find_out(looks)
        await self._attach(looks)

    def _unwanted(self, key: Key, tree: Tree | None) -> Tree | None:
        """What is there of a pod that shall have nothing; a finished pod may be allowed to keep what it has."""
        pod = self._cache.get(key)
        kept = self._keeps and pod and pod.finished and tree and tree.root.uuid == self._names.machine_uuid(pod.uid)
        return None if kept else tree

    def _check(self, look: Gone | Look) -> None:
        if look.tree:
            look.tree.check(self._names.machine(look.key.namespace, look.key.name))

    async def _remove(self, gone: Pass[Gone]) -> None:
        failed = await self._fell({each.key: each.tree for each in gone.open if each.tree})
        for each in gone.open:
            self.reconsider(each.key)
            self.statuses.forget(each.key)
            self.drifted.pop(each.key, None)
            await gone.settle(each, failed.get(each.key))

    async def _replace(self, looks: Pass[Look]) -> None:
        """A namesake before the pod goes first: its deletion was not told, or not yet looked at (B27)."""
        old = {look.key: look.tree for look in looks.open if look.tree and look.tree.root.uuid != self._names.machine_uuid(look.pod.uid)}
        failed = await self._fell(old)
        for look in looks.open:
            if look.key in failed:
                await looks.settle(look, failed[look.key])
            elif look.key in old:
                look.tree = None

    async def _fell(self, trees: Mapping[Key, Tree]) -> dict[Key, Exception]:
        """Remove whole trees; which could not be."""
        removals = {key: tree.removal() for key, tree in trees.items()}
        outcomes = await self._changes.carry_out(removals)
        for _ in range(HOLDERS):
            held = {key: [*why.entries, *removals[key]] for key, why in outcomes.items() if isinstance(why, HeldError)}
            removals |= held
            outcomes |= await self._changes.carry_out(held)
        failed = {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, Exception)}
        for tree in (tree for key, tree in trees.items() if key not in failed):
            log.info("released", uid=tree.root.uuid)
        if freed := [network for key, tree in trees.items() if key not in failed for network in tree.networks]:
            self._on_freed(freed)
        return failed

    async def _choose(self, looks: Pass[Look]) -> None:
        """A pod keeps what its virtual-machine says; one that has none yet gets the selection of its annotation (S8)."""
        chosen = await self._resolution.choices(look.pod for look in looks.open if look.tree is None)

        async def choose(look: Look) -> None:
            if look.tree is None:
                if isinstance(choices := chosen[look.key], Exception):
                    raise choices
                look.choices = choices
            else:
                look.choices = thawed(look.tree.root.marks[CHOICES])
                await self._compare(look.pod, look.choices)
            look.wanted = machine_of(look.pod, look.choices, self._names)

        await looks.each(choose)

    async def _compare(self, pod: Pod, choices: tuple[Choice, ...]) -> None:
        if self._resolution.selects(pod, choices):
            self.drifted.pop(pod.key, None)
        elif self.drifted.get(pod.key) != pod.selection:
            self.drifted[pod.key] = pod.selection
            await self._resolution.tell_drift(pod, choices)

    async def _find_out(self, looks: Pass[Look]) -> None:
        """What must be done for each pod: nothing when it is in step."""
        await self._routers.learn(look.pod.node for look in looks.open)

        async def compare(look: Look) -> None:
            assert look.wanted
            root = look.tree.root if look.tree else None
            actions = plan(look.wanted, look.tree.found if look.tree else Found())
            missing = self._routers.missing(look.pod.node, look.wanted.uuid, root)
            look.entries = [*(entry(action, look.wanted.uuid) for action in actions), *missing]
            if look.entries:
                await self._projects.ensure(look.key.namespace)

        await looks.each(compare)

    async def _attach(self, looks: Pass[Look]) -> None:
        outcomes = await self._changes.carry_out({look.key: look.entries for look in looks.open if look.entries})

        def take(look: Look) -> None:
            assert look.wanted
            outcome = outcomes.get(look.key, [])
            if isinstance(outcome, Exception):
                self._remember(look, outcome)
                raise outcome
            look.tree = look.tree or Tree(Root(look.wanted.uuid, look.wanted.marks), self._names)
            for kind, row in outcome:
                look.tree.grow(kind, row)
                look.made = True

        await looks.each(take)
        await self._publish(looks)

    def _remember(self, look: Look, why: Exception) -> None:
        if isinstance(why, Refusal) and why.wait is Wait.CAPACITY and look.tree is None:
            # Nothing is there, and what is wanted is known: the next look is one call (B39).
            self._attempts[look.key] = look
        elif isinstance(why, OvertakenError | netweave.Refused):
            # What is known of others may be what misled.
            self._projects.forget(look.key.namespace)
            self._routers.forget(look.pod.node)

    async def _publish(self, looks: Pass[Look]) -> None:
        due: deque[tuple[Look, list[Row], str | None]] = deque()

        async def compare(look: Look) -> None:
            rows = self._rows(look)
            text = self.statuses.due(look.pod, look.choices, rows)
            if text is None and not look.made:
                await looks.settle(look)
            else:
                due.append((look, rows, text))

        async def tell(look: Look, rows: list[Row], text: str | None) -> None:
            if text is not None:
                await self.statuses.publish(look.pod, text)
            if look.made:
                interfaces = summary(look.choices, rows)
                log.info("attached", uid=look.pod.uid, interfaces=interfaces)
                await self._source.tell(Event(look.key, look.pod.uid, "Attached", interfaces, warning=False))
            await looks.settle(look)

        async def tell_some() -> None:
            while due:
                look, rows, text = due.popleft()
                await looks.each(partial(tell, rows=rows, text=text), [look])

        await looks.each(compare)
        await asyncio.gather(*(tell_some() for _ in range(min(PUBLISHERS, len(due)))))

    def _rows(self, look: Look) -> list[Row]:
        assert look.wanted
        assert look.tree
        now = self._cache.get(look.key)
        if now is not None and now.uid == look.pod.uid:
            # It may have changed while this look went on: our own status, above all, may have come back (B24).
            look.pod = now
        return [look.tree.row(interface) for interface in look.wanted.interfaces]
