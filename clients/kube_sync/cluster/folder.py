"""The source that is a folder of manifests: for demonstrations, dry runs and the CI of a GitOps repository."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
import yaml

from kube_sync.clock import Clock
from kube_sync.cluster.cache import Caches
from kube_sync.cluster.source import Event
from kube_sync.cluster.watched import Watched
from kube_sync.model.objects import (
    DEFINITION,
    NAMESPACE,
    POD,
    Definition,
    Key,
    Namespace,
    Pod,
    definition_of,
    namespace_key,
    namespace_of,
    pod_of,
)

SUFFIXES = {".yaml", ".yml", ".json"}
NODE = "local"
PERIOD = 1.0
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")

Manifest = dict[str, Any]
Object = Pod | Definition | Namespace
Stamp = tuple[tuple[str, int, int], ...]


class Folder:
    """Reads what `kubectl apply -f` would, and completes what an API server would; writes nothing into the files."""

    watched: Mapping[str, Watched] = {}

    def __init__(self, folder: Path, clock: Clock, say: Callable[[str], None]) -> None:
        self._folder = folder.resolve()
        self._clock = clock
        self._say = say
        self._space = uuid5(NAMESPACE_URL, self._folder.as_uri())
        self._manifests: dict[str, list[Manifest]] = {}  # of each file, as last readable
        self._present: set[Key] = set()
        self._statuses: dict[Key, str] = {}
        self._told: set[Event] = set()
        self.faults: dict[str, str] = {}

    async def follow(self, caches: Caches) -> None:
        """Read the folder now and whenever it changed."""
        stamp: Stamp | None = None
        while True:
            now = await asyncio.to_thread(self._stamp)
            if now != stamp:
                stamp = now
                await asyncio.to_thread(self._read)
                self._tell_caches(caches)
            await self._clock.sleep(PERIOD)

    async def publish(self, pod: Pod, status: str) -> None:
        """Say which interfaces the pod got."""
        self._statuses[pod.key] = status
        for entry in msgspec.json.decode(status):
            addresses = ", ".join(entry["ips"]) or "no address"
            self._say(f"{pod.key}: {entry['interface']} on {entry['name']}: {addresses}, {entry.get('mac', 'no MAC')}")

    async def hold(self, definition: Definition) -> None:
        """A file cannot be held; what it leaves behind is found by its marks."""

    async def tell_users(self, definition: Definition, users: str) -> None:
        """The Event says so."""

    async def release(self, definition: Definition) -> None:
        """Nothing was held."""

    async def tell(self, event: Event) -> None:
        """Say what is wrong, once; what went well is said by `publish`."""
        if event.warning and event not in self._told:
            self._told.add(event)
            self._say(f"{event.about}: {event.reason}: {event.message}")

    async def is_gone(self, key: Key, uid: str) -> bool:
        """Only of what this very folder once held, and only while every file of it can be read."""
        return not self.faults and uid == self._uid(key) and key not in self._present

    def is_whole(self) -> bool:
        """Whether every file could be read."""
        return not self.faults

    def _stamp(self) -> Stamp:
        stats = [(path.name, path.stat()) for path in self._files()]
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if path.suffix in SUFFIXES and path.is_file())

    def _read(self) -> None:
        """A file that cannot be read keeps what it held before: a slip in an editor deletes no network."""
        before, self._manifests, self.faults = self._manifests, {}, {}
        for path in self._files():
            try:
                self._manifests[path.name] = list(_flat(yaml.safe_load_all(path.read_text())))
            except (OSError, ValueError, yaml.YAMLError) as why:
                self._fault(path.name, str(why))
                self._manifests[path.name] = before.get(path.name, [])

    def _tell_caches(self, caches: Caches) -> None:
        objects = [found for name, manifests in self._manifests.items() for found in self._objects(name, manifests)]
        objects += self._implied(objects)
        self._present = {found.key for found in objects}
        caches.namespaces.replace(found for found in objects if isinstance(found, Namespace))
        caches.definitions.replace(found for found in objects if isinstance(found, Definition))
        caches.pods.replace(found for found in objects if isinstance(found, Pod))

    def _implied(self, objects: list[Object]) -> list[Object]:
        """The namespaces that no manifest makes, but that somebody must have made: `default`, and those that objects are in."""
        named = {"default": None} | {found.key.namespace: None for found in objects if found.key.namespace}
        missing = named.keys() - {found.key.name for found in objects if isinstance(found, Namespace)}
        return [Namespace(namespace_key(name), self._uid(namespace_key(name)), "") for name in sorted(missing)]

    def _objects(self, file: str, manifests: list[Manifest]) -> Iterator[Object]:
        for manifest in manifests:
            if manifest.get("kind") in {POD, DEFINITION, NAMESPACE}:
                try:
                    yield self._completed(manifest)
                except (ValueError, TypeError, AttributeError) as why:
                    self._fault(file, f"{manifest['kind']} left out: {why}")

    def _completed(self, manifest: Manifest) -> Object:
        metadata = {"namespace": "default", **(manifest.get("metadata") or {})}
        if manifest["kind"] == NAMESPACE:
            metadata["namespace"] = ""
        key = Key(manifest["kind"], str(metadata["namespace"]), str(metadata.get("name")))
        if not NAME.fullmatch(key.name):
            raise NotAName(key.name)
        version = sha256(msgspec.json.encode(manifest)).hexdigest()
        manifest = {**manifest, "metadata": {**metadata, "uid": self._uid(key), "resourceVersion": version}}
        if key.kind == NAMESPACE:
            return namespace_of(manifest)
        if key.kind == DEFINITION:
            return definition_of(manifest)
        manifest["spec"] = {"nodeName": NODE, **(manifest.get("spec") or {})}
        manifest["status"] = {"phase": "Running", **(manifest.get("status") or {})}
        return replace(pod_of(manifest), status=self._statuses.get(key, ""))

    def _uid(self, key: Key) -> str:
        return str(uuid5(self._space, "/".join(key)))

    def _fault(self, file: str, why: str) -> None:
        if self.faults.get(file) != why:
            self.faults[file] = why
            self._say(f"{file}: {why}")


class NotAName(ValueError):
    """What Kubernetes would refuse as a name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"metadata.name {name!r} is not a Kubernetes name (lower case letters, digits, '-' and '.')")


def _flat(documents: Iterator[Any]) -> Iterator[Manifest]:
    """The objects of a file, those of a List one by one."""
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise NotAManifest(document)
        if document.get("kind") == "List":
            yield from _flat(iter(document.get("items") or ()))
        else:
            yield document


class NotAManifest(ValueError):
    """A document that is no object."""

    def __init__(self, document: object) -> None:
        super().__init__(f"not a Kubernetes object: {document!r:.60}")
