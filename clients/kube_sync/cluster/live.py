"""The source that is a Kubernetes cluster."""

import asyncio
from typing import Any

import structlog

from kube_sync.clock import Clock
from kube_sync.cluster import crd
from kube_sync.cluster.api import KubeApi, KubeError, RefusedError
from kube_sync.cluster.cache import Cache, Caches
from kube_sync.cluster.events import Recorder
from kube_sync.cluster.source import Event
from kube_sync.cluster.watch import ListWatch, Resource
from kube_sync.model.objects import (
    DEFINITION,
    FINALIZER,
    NAMESPACE,
    NETWORK_STATUS,
    POD,
    Definition,
    Key,
    Namespace,
    Pod,
    definition_of,
    namespace_of,
    pod_of,
)
from kube_sync.settings import CompletedPods

# Pods without a node have no network yet; finished ones that give it back leave the selection as if deleted (4.2).
SELECTORS = {
    CompletedPods.RELEASE: "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed",
    CompletedPods.KEEP: "spec.nodeName!=",
}
DEFINITIONS = Resource("/apis/k8s.cni.cncf.io/v1/network-attachment-definitions", definition_of)
NAMESPACES = Resource("/api/v1/namespaces", namespace_of)

log = structlog.get_logger()


class LiveCluster:
    """Follows pods, definitions and namespaces by list and watch, and writes back with merge patches."""

    def __init__(self, api: KubeApi, clock: Clock, completed: CompletedPods = CompletedPods.RELEASE) -> None:
        self._api = api
        self._clock = clock
        self._completed = completed
        self._recorder = Recorder(api, clock)

    async def follow(self, caches: Caches) -> None:
        """All at once; the CRD is installed when the cluster lacks it (S16)."""

        async def on_namespaces_refused(why: RefusedError) -> None:
            await self._do_without(caches.namespaces, why)

        pods = Resource("/api/v1/pods", pod_of, SELECTORS[self._completed])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ListWatch(self._api, DEFINITIONS, caches.definitions, self._clock, self._install_crd).run())
            tasks.create_task(ListWatch(self._api, NAMESPACES, caches.namespaces, self._clock, on_namespaces_refused).run())
            tasks.create_task(ListWatch(self._api, pods, caches.pods, self._clock).run())
            tasks.create_task(self._recorder.run())

    async def publish(self, pod: Pod, status: str) -> None:
        """One merge patch of the status subresource; the uid in it keeps it from reaching a namesake."""
        body = {"metadata": {"uid": pod.uid, "annotations": {NETWORK_STATUS: status}}}
        try:
            await self._api.patch(f"{_path(pod.key)}/status", body)
        except RefusedError as why:
            if why.status not in {404, 409, 422}:
                raise
            log.info("pod is gone or replaced, its status is not needed", pod=str(pod.key), why=str(why))

    async def hold(self, definition: Definition) -> None:
        """Add the finalizer; refused when the definition changed meanwhile."""
        await self._set_finalizers(definition, [*definition.finalizers, FINALIZER])

    async def release(self, definition: Definition) -> None:
        """Take the finalizer away; a definition that is gone already needs nothing."""
        try:
            await self._set_finalizers(definition, [name for name in definition.finalizers if name != FINALIZER])
        except RefusedError as why:
            if why.status != 404:
                raise

    async def tell(self, event: Event) -> None:
        """As a Kubernetes Event."""
        await self._recorder.tell(event)

    async def is_gone(self, key: Key, uid: str) -> bool:
        """By asking the API server, not a cache."""
        try:
            found = await self._api.get(_path(key))
        except RefusedError as why:
            if why.status == 404:
                return True
            raise
        released = key.kind == POD and self._completed is CompletedPods.RELEASE
        return bool(found["metadata"]["uid"] != uid) or (released and pod_of(found).finished)

    def is_whole(self) -> bool:
        """Always: an API server keeps no manifest that cannot be read."""
        return True

    async def _set_finalizers(self, definition: Definition, finalizers: list[str]) -> None:
        metadata: dict[str, Any] = {"resourceVersion": definition.version, "finalizers": finalizers}
        await self._api.patch(_path(definition.key), {"metadata": metadata})

    async def _do_without(self, namespaces: Cache[Namespace], refusal: RefusedError) -> None:
        """Without the right to see namespaces, none is isolated; one that was merely not answered yet may be, and is waited for."""
        if refusal.status == 403:
            namespaces.give_up()
            message = f"the annotations of namespaces have no effect, and no project goes with its namespace: {refusal}"
            await self.tell(Event(Key(NAMESPACE, "", "default"), "namespaces", "NamespacesUnavailable", message))

    async def _install_crd(self, refusal: RefusedError) -> None:
        """Make the CRD when it is absent; one that is there, whoever made it, is left as it is."""
        if refusal.status != 404:
            return
        try:
            await self._api.create(crd.COLLECTION, crd.MANIFEST)
            log.info("installed the CustomResourceDefinition", name=crd.NAME)
        except KubeError as why:
            if isinstance(why, RefusedError) and why.reason == "AlreadyExists":
                return
            log.warning("cannot install the CustomResourceDefinition", name=crd.NAME, why=str(why))
            message = f"{crd.NAME} is absent and cannot be installed, pods get no networks beside the default one: {why}"
            await self.tell(Event(Key("CustomResourceDefinition", "", crd.NAME), crd.NAME, "DefinitionsUnavailable", message))


def _path(key: Key) -> str:
    if key.kind == POD:
        return f"/api/v1/namespaces/{key.namespace}/pods/{key.name}"
    if key.kind == NAMESPACE:
        return f"/api/v1/namespaces/{key.name}"
    assert key.kind == DEFINITION
    return f"/apis/k8s.cni.cncf.io/v1/namespaces/{key.namespace}/network-attachment-definitions/{key.name}"
