"""The Kubernetes side without its writes: of a cluster, and of a folder."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from kube_sync.clock import Clock
from kube_sync.cluster.api import RefusedError, WholeApi
from kube_sync.cluster.cache import Caches
from kube_sync.cluster.folder import Folder, Known
from kube_sync.cluster.live import LiveCluster
from kube_sync.cluster.source import Event
from kube_sync.model.objects import DEFINITION, NETWORK_STATUS, POD, Pod, definition_of, pod_of
from kube_sync.rehearsal.calls import EVENT, STATUS, WARNING, Call, Plan
from kube_sync.settings import CompletedPods

Document = dict[str, Any]

VERSIONS = count(1)
KINDS = {"pods": POD, "network-attachment-definitions": DEFINITION, "customresourcedefinitions": "CustomResourceDefinition"}


class RehearsedKube:
    """A Kubernetes API that reads and watches, and notes what it would have written; `on_patched` hears what that would have made."""

    def __init__(self, api: WholeApi, plan: Plan, on_patched: Callable[[Document], None]) -> None:
        self._api = api
        self._plan = plan
        self._on_patched = on_patched
        self._made: set[str] = set()
        self._installed: set[str] = set()
        self._patched: dict[str, Document] = {}

    async def read(self, path: str, **query: str) -> bytes:
        """As it is; a collection whose definition would have been installed is empty."""
        try:
            return await self._api.read(path, **query)
        except RefusedError as why:
            if why.status != 404 or path not in self._installed:
                raise
            return b'{"metadata": {"resourceVersion": "planned"}, "items": []}'

    @asynccontextmanager
    async def watch(self, path: str, **query: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """As it happens."""
        if path in self._installed:
            yield _silence()
            return
        async with self._api.watch(path, **query) as lines:
            yield lines

    async def get(self, path: str, **query: str) -> Any:
        """As it is, or as a patch would have left it."""
        return self._patched.get(path) or await self._api.get(path, **query)

    async def create(self, path: str, document: Any) -> Any:
        """Noted; the answer is what was given."""
        name = str(document["metadata"]["name"])
        if f"{path}/{name}" in self._made:
            raise RefusedError(f"{name} already exists", status=409, reason="AlreadyExists")
        self._made.add(f"{path}/{name}")
        collection = path.rpartition("/")[2]
        self._plan.note(Call("install", KINDS.get(collection, collection), name, sent=document))
        if collection == "customresourcedefinitions":
            spec = document["spec"]
            self._installed |= {f"/apis/{spec['group']}/{version['name']}/{spec['names']['plural']}" for version in spec["versions"]}
        return document

    async def patch(self, path: str, document: Any) -> Any:
        """Noted; the answer is what would have been stored."""
        self._plan.note(_patch_of(path, document))
        path = path.removesuffix("/status")
        found = _merged(await self.get(path), document)
        found["metadata"]["resourceVersion"] = f"planned-{next(VERSIONS)}"
        self._patched[path] = found
        self._on_patched(found)
        return found


class RehearsedCluster(LiveCluster):
    """A cluster on a rehearsed API. Its caches hear of planned patches, as they would from a watch; what is told is noted at once."""

    def __init__(self, api: WholeApi, clock: Clock, completed: CompletedPods, plan: Plan) -> None:
        super().__init__(RehearsedKube(api, plan, self._hear), clock, completed)
        self._plan = plan
        self._caches: Caches | None = None

    async def follow(self, caches: Caches) -> None:
        """As a cluster is followed."""
        self._caches = caches
        await super().follow(caches)

    async def tell(self, event: Event) -> None:
        """Noted."""
        _tell(self._plan, event)

    def _hear(self, document: Document) -> None:
        assert self._caches is not None
        if document["kind"] == POD:
            self._caches.pods.put(pod_of(document))
        elif document["metadata"].get("deletionTimestamp") and not document["metadata"].get("finalizers"):
            self._caches.definitions.remove(definition_of(document))
        else:
            self._caches.definitions.put(definition_of(document))


class RehearsedFolder(Folder):
    """A folder; nothing of it is written anywhere, so only warnings are noted."""

    def __init__(self, folder: Path, clock: Clock, say: Callable[[str], None], plan: Plan, *, recursive: bool, known: Known) -> None:
        super().__init__(folder, clock, say, recursive=recursive, known=known)
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


def _patch_of(path: str, document: Any) -> Call:
    *_, namespace, collection, name = path.removesuffix("/status").split("/")
    kind, name, metadata = KINDS.get(collection, collection), f"{namespace}/{name}", document.get("metadata") or {}
    if path.endswith("/status") and NETWORK_STATUS in metadata.get("annotations", {}):
        return _status(name, metadata["annotations"][NETWORK_STATUS], document)
    if "finalizers" in metadata:
        return Call("finalizers", kind, name, ", ".join(metadata["finalizers"]) or "(none)", document)
    marks = ", ".join(f"{key} {json.dumps(value)}" for key, value in (metadata.get("annotations") or {}).items())
    return Call("annotate", kind, name, marks, document) if marks else Call("patch", kind, name, json.dumps(document), document)


async def _silence() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


def _merged(found: Any, patch: Document) -> Document:
    """RFC 7396: null removes, objects merge, everything else replaces."""
    merged = dict(found) if isinstance(found, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value) if isinstance(value, dict) else value
    return merged


def _status(name: str, text: str, sent: Any) -> Call:
    rows = [(entry.get("interface") or "?", entry["name"], ", ".join(entry.get("ips") or ["no address"])) for entry in json.loads(text)]
    return Call(STATUS, POD, name, "; ".join(f"{interface} {network} {ips}" for interface, network, ips in rows), sent)
