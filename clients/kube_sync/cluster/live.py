"""The source that is a Kubernetes cluster."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from kube_sync.clock import Clock
from kube_sync.cluster import crd
from kube_sync.cluster.api import KubeError, RefusedError, WholeApi
from kube_sync.cluster.cache import Cache, Caches
from kube_sync.cluster.events import Recorder
from kube_sync.cluster.lease import ALWAYS, NotLeadingError, Turn
from kube_sync.cluster.source import Event
from kube_sync.cluster.watch import ListWatch, Resource
from kube_sync.cluster.watched import Watched
from kube_sync.instruments import Instruments
from kube_sync.model.objects import (
    DEFINITION,
    FINALIZER,
    NAMESPACE,
    NETWORK_STATUS,
    POD,
    USERS,
    Definition,
    Kept,
    Key,
    Namespace,
    Pod,
    definition_of,
    namespace_key,
    namespace_of,
    pod_of,
)
from kube_sync.settings import CompletedPods

T = TypeVar("T", bound=Kept)

# Pods without a node have no network yet; finished ones that give it back leave the selection as if deleted (4.2).
SELECTORS = {
    CompletedPods.RELEASE: "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed",
    CompletedPods.KEEP: "spec.nodeName!=",
}
DEFINITIONS = Resource("/apis/k8s.cni.cncf.io/v1/network-attachment-definitions", definition_of)
NAMESPACES = Resource("/api/v1/namespaces", namespace_of)
ROLE = "netweave-kube-sync"  # the ClusterRole that an administrator looks at when rights are missing

GONE = "gone"

log = structlog.get_logger()


class LiveCluster:
    """Follows pods, definitions and namespaces by list and watch, and writes back with merge patches."""

    def __init__(
        self,
        api: WholeApi,
        clock: Clock,
        completed: CompletedPods = CompletedPods.RELEASE,
        instruments: Instruments | None = None,
        turn: Turn = ALWAYS,
    ) -> None:
        self._api = api
        self._clock = clock
        self._completed = completed
        self._turn = turn
        self._instruments = instruments or Instruments()
        self._recorder = Recorder(api, clock, self._instruments)
        self._namespaces: Cache[Namespace] | None = None
        self._pods = Resource("/api/v1/pods", pod_of, SELECTORS[completed])
        self.watched = {resource.name: Watched(resource.name, clock) for resource in (self._pods, DEFINITIONS, NAMESPACES)}

    async def follow(self, caches: Caches) -> None:
        """All at once; the CRD is installed when the cluster lacks it (S16)."""
        self._namespaces = caches.namespaces

        async def on_namespaces_refused(why: RefusedError) -> None:
            await self._do_without(caches.namespaces, why)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._following(DEFINITIONS, caches.definitions, self._install_crd).run())
            tasks.create_task(self._following(NAMESPACES, caches.namespaces, on_namespaces_refused).run())
            tasks.create_task(self._following(self._pods, caches.pods, self._tell_refusal).run())
            tasks.create_task(self._recorder.run())

    async def publish(self, pod: Pod, status: str) -> None:
        """One merge patch of the status subresource; the uid in it keeps it from reaching a namesake."""
        body = {"metadata": {"uid": pod.uid, "annotations": {NETWORK_STATUS: status}}}
        result = "written"
        try:
            await self._api.patch(f"{_path(pod.key)}/status", body)
        except KubeError as why:
            result = _result(why)
            if result != GONE:
                raise
            log.info("pod is gone or replaced, its status is not needed", pod=str(pod.key), why=str(why))
        finally:
            self._instruments.statuses.labels(result).inc()

    async def hold(self, definition: Definition) -> None:
        """Add the finalizer; refused when the definition changed meanwhile."""
        await self._set_finalizers(definition, [*definition.finalizers, FINALIZER])

    async def tell_users(self, definition: Definition, users: str) -> None:
        """As an annotation, which `kubectl describe` shows beside the deletion that waits (B40)."""
        if definition.annotations.get(USERS) != users:
            await self._api.patch(_path(definition.key), {"metadata": {"uid": definition.uid, "annotations": {USERS: users}}})

    async def release(self, definition: Definition) -> None:
        """Take the finalizer away; a definition that is gone already needs nothing."""
        others = [name for name in definition.finalizers if name != FINALIZER]
        try:
            await self._set_finalizers(definition, others, annotations={USERS: None})
        except RefusedError as why:
            if why.status != 404:
                raise

    async def tell(self, event: Event) -> None:
        """As a Kubernetes Event."""
        await self._recorder.tell(self._placed(event))

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

    def _placed(self, event: Event) -> Event:
        """In a namespace that is being deleted no Event can be made: what is in it is told of the namespace, and beside it."""
        about = event.about if event.about.kind == NAMESPACE else namespace_key(event.about.namespace)
        namespace = None if self._namespaces is None else self._namespaces.get(about)
        if event.about == about:
            return replace(event, aside=namespace is None or namespace.deleting)
        if namespace is None or not namespace.deleting:
            return event
        return replace(event, about=about, uid=namespace.uid, message=f"{event.about}: {event.message}", aside=True)

    async def _set_finalizers(self, definition: Definition, finalizers: list[str], **more: Any) -> None:
        if not self._turn.is_ours:
            raise NotLeadingError(f"the finalizers of {definition.key}")
        metadata: dict[str, Any] = {"resourceVersion": definition.version, "finalizers": finalizers, **more}
        await self._api.patch(_path(definition.key), {"metadata": metadata})

    async def _do_without(self, namespaces: Cache[Namespace], refusal: RefusedError) -> None:
        """Without the right to see namespaces, none is isolated; one that was merely not answered yet may be, and is waited for."""
        if refusal.status == 403:
            namespaces.give_up()
            message = f"the annotations of namespaces have no effect, and no project goes with its namespace: {refusal}"
            await self.tell(Event(Key("ClusterRole", "", ROLE), ROLE, "NamespacesUnavailable", message))

    def _following(self, resource: Resource[T], cache: Cache[T], on_refused: Callable[[RefusedError], Awaitable[None]]) -> ListWatch[T]:
        return ListWatch(self._api, resource, cache, self._clock, watched=self.watched[resource.name], on_refused=on_refused)

    async def _tell_refusal(self, refusal: RefusedError) -> None:
        message = f"pods cannot be listed or watched, and nothing new is known of them until they can: {refusal}"
        await self.tell(Event(Key("ClusterRole", "", ROLE), ROLE, "PodsUnavailable", message))

    async def _install_crd(self, refusal: RefusedError) -> None:
        """Make the CRD when it is absent; one that is there, whoever made it, is left as it is."""
        if refusal.status != 404:
            await self._tell_no_definitions(f"{crd.NAME} cannot be listed or watched", refusal)
            return
        try:
            await self._api.create(crd.COLLECTION, crd.MANIFEST)
            log.info("installed the CustomResourceDefinition", name=crd.NAME)
        except KubeError as why:
            if isinstance(why, RefusedError) and why.reason == "AlreadyExists":
                return
            log.warning("cannot install the CustomResourceDefinition", name=crd.NAME, why=str(why))
            await self._tell_no_definitions(f"{crd.NAME} is absent and cannot be installed", why)

    async def _tell_no_definitions(self, what: str, why: KubeError) -> None:
        message = f"{what}, pods get no networks beside the default one: {why}"
        await self.tell(Event(Key("CustomResourceDefinition", "", crd.NAME), crd.NAME, "DefinitionsUnavailable", message))


def _result(why: KubeError) -> str:
    """What became of a status that was not written."""
    status = why.status if isinstance(why, RefusedError) else 0
    return GONE if status in {404, 409, 422} else "forbidden" if status == 403 else "failed"


def _path(key: Key) -> str:
    if key.kind == POD:
        return f"/api/v1/namespaces/{key.namespace}/pods/{key.name}"
    if key.kind == NAMESPACE:
        return f"/api/v1/namespaces/{key.name}"
    assert key.kind == DEFINITION
    return f"/apis/k8s.cni.cncf.io/v1/namespaces/{key.namespace}/network-attachment-definitions/{key.name}"
