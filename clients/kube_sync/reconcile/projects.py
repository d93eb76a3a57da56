"""The project of each namespace, made when something in the namespace first needs it (2.2)."""

from contextlib import suppress
from typing import Any

import netweave
from kube_sync.cluster.cache import Cache
from kube_sync.model import documents
from kube_sync.model.defaults import is_isolated
from kube_sync.model.names import FqName, Names, annotations_of
from kube_sync.model.objects import NAMESPACE, Namespace, namespace_key
from kube_sync.reconcile.adoption import Adoption
from kube_sync.reconcile.config import ConfigApi

PROJECT = "project"
DEFAULT = "default"  # the namespace whose project holds what the whole cluster shares


class Projects:
    """Projects that exist, whoever made them, are used as they are; only ours are changed and removed."""

    def __init__(self, api: ConfigApi, names: Names, namespaces: Cache[Namespace], adoption: Adoption) -> None:
        self._adoption = adoption
        self._api = api
        self._names = names
        self._namespaces = namespaces
        self._known: set[FqName] = set()

    async def ensure(self, namespace: str) -> None:
        """Promise that the namespace's project exists; asks once."""
        fq_name = self._names.project(namespace)
        if fq_name not in self._known:
            try:
                await self._api.find(PROJECT, fq_name)
            except netweave.NotFound:
                with suppress(netweave.AlreadyExists):
                    await self._api.create(PROJECT, self._document(DEFAULT if self._names.shared else namespace))
            self._known.add(fq_name)

    def forget(self, namespace: str) -> None:
        """Somebody removed it."""
        self._known.discard(self._names.project(namespace))

    async def correct(self, namespace: Namespace) -> bool:
        """Bring the marks of its project in step, where it is ours, beside whatever else is noted there; whether there is one."""
        await self._adoption.of_object(PROJECT, self._names.project(namespace.key.name), self._marks(namespace.key.name))
        found = await self.find(namespace.key.name)
        if found is None:
            self.forget(namespace.key.name)
        elif not self._names.shared and self._names.owns(found):
            there, marks = annotations_of(found), self._marks(namespace.key.name)
            if not marks.items() <= there.items():
                await self._api.update(PROJECT, str(found["uuid"]), {"annotations": documents.annotations(there | marks)})
        return found is not None

    async def find(self, namespace: str) -> dict[str, Any] | None:
        """Its project, if there is one."""
        rows = await self._api.list(PROJECT, fq_names=[self._names.project(namespace)], fields=["annotations"])
        return rows[0] if rows else None

    async def removable(self, namespace: str) -> dict[str, Any] | None:
        """Its project, if that was made for this namespace, so that it goes with it; never one that more than the namespace needs."""
        found = None if self._names.shared or namespace == DEFAULT else await self.find(namespace)
        return found if found is not None and self._names.owns(found) else None

    def _document(self, namespace: str) -> dict[str, Any]:
        return documents.project(self._names, namespace, self._marks(namespace))

    def _marks(self, name: str) -> dict[str, str]:
        """Those of a namespace that is known say which one it is, so that its project is found when it has gone."""
        namespace = None if self._names.shared else self._namespaces.get(namespace_key(name))
        more = {"k8s_uuid": namespace.uid, "isolated": str(is_isolated(namespace))} if namespace else {}
        return self._names.marks(NAMESPACE, name, name, **more)
