"""The source that is a folder of manifests: for demonstrations, dry runs and the CI of a GitOps repository."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import msgspec

from kube_sync.clock import Clock
from kube_sync.cluster.cache import Caches
from kube_sync.cluster.manifests import STDIN, Files, Manifest, Placed
from kube_sync.cluster.source import Event
from kube_sync.cluster.watched import Watched
from kube_sync.cluster.workloads import COUNTS, pods_of
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

KINDS = {POD, DEFINITION, NAMESPACE}
NODE = "local"
PERIOD = 1.0
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")

Object = Pod | Definition | Namespace
Known = Callable[[], Awaitable[Mapping[Key, str]]]


async def _nobody() -> Mapping[Key, str]:
    return {}


class Folder:
    """
    Reads what `kubectl apply -f` would, and completes what an API server and its controllers would; writes nothing into the files.
    `known` tells uids of objects: one of that name is taken for it. All others have uids of their own.
    """

    watched: Mapping[str, Watched] = {}

    def __init__(self, path: Path, clock: Clock, say: Callable[[str], None], *, recursive: bool = False, known: Known = _nobody) -> None:
        self._files = Files(path, recursive=recursive)
        self._clock = clock
        self._say = say
        self._ask_known = known
        self._known: Mapping[Key, str] = {}
        # Whatever comes through stdin has no identity of its own: nothing is called gone because of it.
        self._vouches = path != STDIN
        self._space = uuid5(NAMESPACE_URL, path.resolve().as_uri() if self._vouches else "stdin")
        self._placed: dict[str, list[Placed]] = {}  # of each file, as last readable
        self._present: set[Key] = set()
        self._passed_over: dict[str, int] = {}
        self._statuses: dict[Key, str] = {}
        self._told: set[Event] = set()
        self.faults: dict[str, str] = {}

    async def follow(self, caches: Caches) -> None:
        """Read the folder now and whenever it changed."""
        stamp = None
        self._known = await self._ask_known()
        while True:
            now = await asyncio.to_thread(self._files.stamp)
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
        return self._vouches and not self.faults and uid == self._uid(key) and key not in self._present

    def is_whole(self) -> bool:
        """Whether every file could be read."""
        return not self.faults

    def _read(self) -> None:
        """A file that cannot be read keeps what it held before: a slip in an editor deletes no network."""
        before, self._placed, self.faults = self._placed, {}, {}
        for path in self._files:
            name = self._files.name(path)
            try:
                self._placed[name] = self._files.read(path)
            except (OSError, ValueError) as why:
                self._fault(name, str(why))
                self._placed[name] = before.get(name, [])

    def _tell_caches(self, caches: Caches) -> None:
        placed = [each for found in self._placed.values() for each in found]
        self._tell_passed_over(Counter(each.kind for each in placed if each.kind not in {*KINDS, *COUNTS}))
        objects = [found for each in placed for found in self._objects(each)]
        objects += self._implied(objects)
        self._present = {found.key for found in objects}
        caches.namespaces.replace(found for found in objects if isinstance(found, Namespace))
        caches.definitions.replace(found for found in objects if isinstance(found, Definition))
        caches.pods.replace(found for found in objects if isinstance(found, Pod))

    def _tell_passed_over(self, kinds: dict[str, int]) -> None:
        if kinds and kinds != self._passed_over:
            told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            self._say(f"passed over, since they make no pods and no networks: {told}")
        self._passed_over = kinds

    def _implied(self, objects: list[Object]) -> list[Object]:
        """The namespaces that no manifest makes, but that somebody must have made: `default`, and those that objects are in."""
        named = {"default": None} | {found.key.namespace: None for found in objects if found.key.namespace}
        missing = named.keys() - {found.key.name for found in objects if isinstance(found, Namespace)}
        return [Namespace(namespace_key(name), self._uid(namespace_key(name)), "") for name in sorted(missing)]

    def _objects(self, placed: Placed) -> Iterator[Object]:
        try:
            if placed.kind in KINDS:
                yield self._completed(placed.manifest)
            elif placed.kind in COUNTS:
                yield from [self._completed(pod) for pod in pods_of(placed.manifest)]
        except (ValueError, TypeError, AttributeError) as why:
            self._fault(placed.place, f"{placed.place}: {placed.kind} left out: {why}")

    def _completed(self, manifest: Manifest) -> Object:
        metadata = {"namespace": "default", **(manifest.get("metadata") or {})}
        if manifest["kind"] == NAMESPACE:
            metadata["namespace"] = ""
        if metadata.get("generateName") and not metadata.get("name"):
            raise Nameless(metadata["generateName"])
        key = Key(manifest["kind"], str(metadata["namespace"]), str(metadata.get("name")))
        if not NAME.fullmatch(key.name):
            raise NotAName(key.name)
        version = sha256(msgspec.json.encode(manifest)).hexdigest()
        manifest = {**manifest, "metadata": {**metadata, "uid": self._known.get(key) or self._uid(key), "resourceVersion": version}}
        if key.kind == NAMESPACE:
            return namespace_of(manifest)
        if key.kind == DEFINITION:
            return definition_of(manifest)
        manifest["spec"] = {"nodeName": NODE, **(manifest.get("spec") or {})}
        manifest["status"] = {"phase": "Running", **(manifest.get("status") or {})}
        return replace(pod_of(manifest), status=self._statuses.get(key, ""))

    def _uid(self, key: Key) -> str:
        return str(uuid5(self._space, "/".join(key)))

    def _fault(self, place: str, told: str) -> None:
        if self.faults.get(place) != told:
            self.faults[place] = told
            self._say(told)


class NotAName(ValueError):
    """What Kubernetes would refuse as a name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"metadata.name {name!r} is not a Kubernetes name (lower case letters, digits, '-' and '.')")


class Nameless(ValueError):
    """`kubectl apply` does not take it either: applied again, it would be another object."""

    def __init__(self, prefix: str) -> None:
        super().__init__(f"metadata.generateName {prefix!r} gives no name that stays, metadata.name is needed")
