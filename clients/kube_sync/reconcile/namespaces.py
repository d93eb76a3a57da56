"""Brings a namespace's own network and project in step with it (2.4, B42, B50)."""

from collections.abc import Callable
from typing import Any

import netweave
from kube_sync.cluster.cache import Cache
from kube_sync.cluster.source import Event, Source
from kube_sync.model import documents
from kube_sync.model.defaults import Defaults, defaults_of, is_isolated
from kube_sync.model.names import FABRIC, FqName, Names, annotations_of
from kube_sync.model.objects import NAMESPACE, Key, Namespace, namespace_key
from kube_sync.model.refusals import NetworkInUse, ProjectInUse, ReservedName, TargetNotFound
from kube_sync.reconcile.blockers import blockers_of
from kube_sync.reconcile.collisions import collision
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.notes import Notes
from kube_sync.reconcile.projects import PROJECT, Projects

NETWORK = "virtual-network"
FIELDS = ["annotations", "virtual_network_refs", "fabric_snat"]


class Namespaces:
    """
    Looks at one namespace; what it cannot have is a Refusal. One that asks for nothing has nothing, unless something in it does.
    `on_changed` hears of a namespace whose networks came or went: what is in it may have waited for that.
    """

    def __init__(
        self,
        api: ConfigApi,
        names: Names,
        source: Source,
        cache: Cache[Namespace],
        projects: Projects,
        on_changed: Callable[[Key], None],
    ) -> None:
        self._api = api
        self._names = names
        self._source = source
        self._cache = cache
        self._projects = projects
        self._on_changed = on_changed
        self._notes = Notes(source)
        self._missed: set[Key] = set()  # named a network that was not there

    async def reconcile(self, key: Key) -> None:
        """Once it returns, what was made for the namespace is as it wants it, or has gone with it."""
        namespace = self._cache.get(key)
        if namespace is None:
            self._missed.discard(key)
            self._notes.forget(key)
            await self._leave(key.name)
            await self._remove_project(key.name)
        elif not namespace.deleting:
            await self._bring_about(namespace)

    def holder_of(self, fq_name: FqName) -> Key | None:
        """The isolated namespace to which a network of that name belongs, made already or not (B09)."""
        isolated = (namespace.key for namespace in self._cache if is_isolated(namespace))
        return next((key for key in isolated if self._names.isolated_network(key.name) == fq_name), None)

    async def _bring_about(self, namespace: Namespace) -> None:
        wanted, name = defaults_of(namespace), namespace.key.name
        there = await self._projects.correct(namespace)
        try:
            if wanted.isolated:
                await self._isolate(namespace, wanted)
            elif there:
                await self._leave(name)
        finally:
            # Whatever became of the other: nobody tells when a network that somebody else makes appears.
            if wanted.target:
                await self._check_target(namespace.key, wanted.target)

    async def _isolate(self, namespace: Namespace, wanted: Defaults) -> None:
        name = namespace.key.name
        if self._names.isolated_network(name) == self._names.default_network:
            raise ReservedName(namespace.key, "cannot be isolated: its own network would be the cluster-wide one")
        marks = self._names.marks(NAMESPACE, name, name, k8s_uuid=namespace.uid, isolated=str(True))
        found = await self._read(name)
        changes = {} if found is None else _changes(wanted, marks, found)
        if found is None:
            await self._projects.ensure(name)
            await self._make(name, wanted, marks)
            self._on_changed(namespace.key)
        elif changes:
            await self._api.update(NETWORK, str(found["uuid"]), changes)
        await self._notes.say(namespace.key, namespace.uid, wanted.notes, changed=found is None or bool(changes))

    async def _make(self, name: str, wanted: Defaults, marks: dict[str, str]) -> None:
        try:
            await self._api.create(NETWORK, documents.isolated_network(self._names, name, self._uuid(name), wanted, marks))
        except netweave.ParentNotFound:
            self._projects.forget(name)
            raise
        except netweave.AlreadyExists as why:
            if await self._read(name) is None:
                raise await collision(self._api, self._names, NETWORK, self._names.isolated_network(name)) from why

    async def _leave(self, name: str) -> None:
        """The namespace's own network goes with its last pod, for running pods keep theirs (B50)."""
        found = await self._read(name)
        if found is not None and self._names.owns(found):
            try:
                await self._api.delete(NETWORK, str(found["uuid"]))
            except netweave.NotFound:
                pass
            except (netweave.StillReferenced, netweave.ChildrenPresent) as why:
                users = await blockers_of(self._api, self._names, why)
                fault = f"is still used, and goes when the last user has gone: {users.text}"
                raise NetworkInUse(":".join(found["fq_name"]), fault, networks=[str(found["uuid"])]) from why
            self._on_changed(namespace_key(name))

    async def _remove_project(self, name: str) -> None:
        """Only one that was made for the namespace (S19); what is ours in it goes first by itself."""
        found = await self._projects.removable(name)
        self._projects.forget(name)
        if found is None:
            return
        try:
            await self._api.delete(PROJECT, str(found["uuid"]))
        except netweave.NotFound:
            return
        except (netweave.StillReferenced, netweave.ChildrenPresent) as why:
            rest = await blockers_of(self._api, self._names, why)
            kept = ProjectInUse(":".join(found["fq_name"]), f"was made for a namespace that has gone, and stays for {rest.text}")
            if not rest.ours:
                uid = annotations_of(found).get("k8s_uuid", "")
                await self._source.tell(Event(namespace_key(name), uid, kept.reason, str(kept)))
            raise kept from why

    async def _check_target(self, key: Key, fq_name: FqName) -> None:
        try:
            await self._api.find(NETWORK, fq_name)
        except netweave.NotFound as why:
            self._missed.add(key)
            name = ":".join(fq_name)
            raise TargetNotFound(name, "does not exist in the configuration API", networks=[name]) from why
        if key in self._missed:
            self._missed.discard(key)
            self._on_changed(key)

    def _uuid(self, name: str) -> str:
        return self._names.uuid("isolated-network", name)

    async def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return await self._api.read(NETWORK, self._uuid(name), FIELDS)
        except netweave.NotFound:
            return None


def _changes(wanted: Defaults, marks: dict[str, str], found: dict[str, Any]) -> dict[str, Any]:
    """The part of the document that differs."""
    same = {
        "virtual_network_refs": (list(FABRIC) in [ref["to"] for ref in found.get("virtual_network_refs") or ()]) == wanted.forwarding,
        "fabric_snat": bool(found.get("fabric_snat")) == wanted.snat,
        "annotations": annotations_of(found) == marks,
    }
    return {field: value for field, value in documents.isolated_changeable(wanted, marks).items() if not same[field]}
