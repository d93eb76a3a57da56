"""The Kubernetes side without its writes: of a cluster, and of a folder."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from kube_sync.clock import Clock
from kube_sync.cluster.api import RefusedError, WholeApi
from kube_sync.cluster.folder import Folder
from kube_sync.cluster.live import LiveCluster
from kube_sync.cluster.source import Event
from kube_sync.model.objects import DEFINITION, NETWORK_STATUS, POD, Pod
from kube_sync.rehearsal.calls import EVENT, STATUS, WARNING, Call, Plan
from kube_sync.settings import CompletedPods

KINDS = {"pods": POD, "network-attachment-definitions": DEFINITION, "customresourcedefinitions": "CustomResourceDefinition"}


class RehearsedKube:
    """A Kubernetes API that reads and watches, and notes what it would have written; what it is given is the answer."""

    def __init__(self, api: WholeApi, plan: Plan) -> None:
        self._api = api
        self._plan = plan
        self._made: set[str] = set()

    async def get(self, path: str, **query: str) -> Any:
        """As it is."""
        return await self._api.get(path, **query)

    async def read(self, path: str, **query: str) -> bytes:
        """As it is."""
        return await self._api.read(path, **query)

    def watch(self, path: str, **query: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """As it happens."""
        return self._api.watch(path, **query)

    async def create(self, path: str, document: Any) -> Any:
        """Noted."""
        name = str(document["metadata"]["name"])
        if f"{path}/{name}" in self._made:
            raise RefusedError(f"{name} already exists", status=409, reason="AlreadyExists")
        collection = path.rpartition("/")[2]
        self._made.add(f"{path}/{name}")
        self._plan.note(Call("install", KINDS.get(collection, collection), name, sent=document))
        return document

    async def patch(self, path: str, document: Any) -> Any:
        """Noted."""
        self._plan.note(_patched(path, document))
        return document


class RehearsedCluster(LiveCluster):
    """A cluster on a rehearsed API; what is told of its objects is noted at once, and never too much."""

    def __init__(self, api: WholeApi, clock: Clock, completed: CompletedPods, plan: Plan) -> None:
        super().__init__(RehearsedKube(api, plan), clock, completed)
        self._plan = plan

    async def tell(self, event: Event) -> None:
        """Noted."""
        _tell(self._plan, event)


class RehearsedFolder(Folder):
    """A folder; nothing of it is written anywhere, so only warnings are noted."""

    def __init__(self, folder: Path, clock: Clock, say: Callable[[str], None], plan: Plan) -> None:
        super().__init__(folder, clock, say)
        self._plan = plan

    async def publish(self, _pod: Pod, _status: str) -> None:
        """It would be said, and no more."""

    async def tell(self, event: Event) -> None:
        """Noted, if it is a warning."""
        if event.warning:
            _tell(self._plan, event)


def _tell(plan: Plan, event: Event) -> None:
    kind, namespace, name = event.about
    where = f"{namespace}/{name}" if namespace else name
    sent = {"uid": event.uid, "reason": event.reason, "message": event.message}
    plan.note_once(Call(WARNING if event.warning else EVENT, kind, where, f"{event.reason}: {event.message}", sent))


def _patched(path: str, document: Any) -> Call:
    *_, namespace, collection, name = path.removesuffix("/status").split("/")
    kind, name, metadata = KINDS.get(collection, collection), f"{namespace}/{name}", document.get("metadata") or {}
    if path.endswith("/status") and NETWORK_STATUS in metadata.get("annotations", {}):
        return _status(name, metadata["annotations"][NETWORK_STATUS], document)
    if "finalizers" in metadata:
        return Call("finalizers", kind, name, ", ".join(metadata["finalizers"]) or "(none)", document)
    return Call("patch", kind, name, json.dumps(document), document)


def _status(name: str, text: str, sent: Any) -> Call:
    rows = [(entry.get("interface") or "?", entry["name"], ", ".join(entry.get("ips") or ["no address"])) for entry in json.loads(text)]
    return Call(STATUS, POD, name, "; ".join(f"{interface} {network} {ips}" for interface, network, ips in rows), sent)
