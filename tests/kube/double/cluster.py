"""What happens in a cluster beside the worker under test: users with kubectl, schedulers, kubelets."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import yaml

from .kinds import POD, Kind
from .refusals import NotFound
from .registry import Registry, Write
from .removal import DeleteOptions, Removal
from .store import Entry

Obj = dict[str, Any]
Objs = list[Obj]
Manifests = Obj | str | Path | Iterable[Obj]
T = TypeVar("T")
Run = Callable[[Callable[[], T]], T]


def manifests_of(source: Manifests) -> list[Obj]:
    """One object, several, YAML text of several documents, or a file or folder of such text."""
    if isinstance(source, Path):
        files = sorted(source.glob("*.y*ml")) if source.is_dir() else [source]
        return [each for file in files for each in manifests_of(file.read_text())]
    if isinstance(source, str):
        return [each for each in yaml.safe_load_all(source) if each]
    found = [source] if isinstance(source, dict) else list(source)
    return [item for each in found for item in (each["items"] if str(each.get("kind", "")).endswith("List") else [each])]


class Kubectl:
    """A user: reads and writes objects directly, past the recorder, the faults and the credentials."""

    def __init__(self, registry: Registry, removal: Removal, run: Run[Any]) -> None:
        self._registry = registry
        self._removal = removal
        self._run = run

    def create(self, source: Manifests, namespace: str = "default") -> Objs:
        """Create objects; one that exists is refused with AlreadyExists."""
        return self._each(source, namespace, self._registry.create)

    def apply(self, source: Manifests, namespace: str = "default") -> Objs:
        """Create objects or bring them to what the manifests say; what an earlier apply said and this one does not goes."""

        def apply(kind: Kind, home: str, obj: Obj) -> Entry:
            return self._registry.apply(kind, home, obj["metadata"]["name"], obj, Write(manager="kubectl", force=True))[0]

        return self._each(source, namespace, apply)

    def get(self, resource: str, name: str, namespace: str = "default") -> Obj | None:
        """An object, or None."""

        def get() -> Obj | None:
            kind = self._registry.kind(resource)
            entry = self._registry.find(kind, namespace if kind.namespaced else "", name)
            return entry.document() if entry else None

        return self._or_none(get)

    def list(self, resource: str, namespace: str = "") -> Objs:
        """The objects of a kind in one namespace or, without one, in all; none of a kind that is not served."""

        def entries() -> Objs:
            found = self._registry.store.entries(self._registry.kind(resource).key)
            return [entry.document() for _, entry in sorted(found.items(), key=lambda pair: pair[0]) if namespace in ("", entry.key[0])]

        return self._or_none(entries) or []

    def patch(self, resource: str, name: str, patch: Obj, namespace: str = "default", subresource: str = "") -> Obj:
        """Change an object by a merge patch."""

        def change() -> Obj:
            kind = self._registry.kind(resource)
            entry = self._registry.read(kind, namespace if kind.namespaced else "", name)
            return self._registry.patch(entry, "application/merge-patch+json", patch, Write(subresource)).document()

        return self._done(change)

    def annotate(self, resource: str, name: str, annotations: dict[str, str | None], namespace: str = "default") -> Obj:
        """Set annotations; None removes one."""
        return self.patch(resource, name, {"metadata": {"annotations": annotations}}, namespace)

    def delete(self, resource: str, name: str, namespace: str = "default", *, grace: int | None = None) -> None:
        """Delete an object the way a client would: finalizers and grace are respected."""

        def delete() -> None:
            kind = self._registry.kind(resource)
            entry = self._registry.read(kind, namespace if kind.namespaced else "", name)
            self._removal.delete(entry, DeleteOptions(grace=grace))

        self._done(delete)

    def events(self, reason: str = "", name: str = "") -> Objs:
        """The Events of a reason and about an object of a name; without them, all."""
        return [
            each for each in self.list("events") if reason in ("", each.get("reason")) and name in ("", each["involvedObject"].get("name"))
        ]

    def _each(self, source: Manifests, namespace: str, write: Callable[[Kind, str, Obj], Entry]) -> Objs:
        def every() -> Objs:
            written = []
            for obj in map(deepcopy, manifests_of(source)):
                kind = self._registry.kind(obj["kind"])
                home = (obj["metadata"].get("namespace") or namespace) if kind.namespaced else ""
                written.append(write(kind, home, obj).document())
            return written

        return self._done(every)

    def _done(self, action: Callable[[], T]) -> T:
        done: T = self._run(action)
        return done

    def _or_none(self, action: Callable[[], T]) -> T | None:
        try:
            return self._done(action)
        except NotFound:
            return None


class Kubelet:
    """Scheduler and kubelets: pods get nodes, run, end, and go when their deletion was asked for.

    `terminate_after` is how long (in seconds) a pod takes to go after a graceful deletion; None leaves it until `finish`.
    """

    def __init__(self, registry: Registry, removal: Removal, run: Run[Any]) -> None:
        self._registry = registry
        self._removal = removal
        self._run = run
        self._addresses = 0
        self.terminate_after: float | None = 0.05

    def bind(self, name: str, namespace: str = "default", node: str = "node-1") -> Obj:
        """Give a pod its node, as a scheduler does."""
        return self._write(name, namespace, lambda pod: pod["spec"].update(nodeName=node))

    def set_phase(self, phase: str, name: str, namespace: str = "default", pod_ip: str = "") -> Obj:
        """Report a pod's phase and, if given, its address."""

        def report(pod: Obj) -> None:
            pod["status"] |= {"phase": phase} | ({"podIP": pod_ip, "podIPs": [{"ip": pod_ip}], "hostIP": "192.168.0.1"} if pod_ip else {})

        return self._write(name, namespace, report)

    def run(self, name: str, namespace: str = "default", node: str = "node-1") -> Obj:
        """Bind a pod and report it Running with an address."""
        self.bind(name, namespace, node)
        self._addresses += 1
        return self.set_phase("Running", name, namespace, f"10.200.{self._addresses // 250 % 250}.{self._addresses % 250 + 1}")

    def place(self, pods: Iterable[Obj]) -> None:
        """Put pods in as they are, running and with their uids: how a test of many gets them, whose making is not what it tests."""

        def place() -> None:
            for pod in pods:
                self._registry.store.put(POD, pod)

        self._run(place)

    def finish(self, name: str, namespace: str = "default") -> None:
        """Let a pod go at once, as a kubelet does when its containers have stopped."""

        def finish() -> None:
            self._removal.delete(self._registry.read(POD, namespace, name), DeleteOptions(grace=0))

        self._run(finish)

    def replace(self, name: str, namespace: str = "default") -> Obj:
        """Replace a pod by one of the same name and spec and another uid, as a StatefulSet does."""

        def replace() -> Obj:
            old = self._registry.read(POD, namespace, name)
            metadata = {member: value for member, value in old.obj["metadata"].items() if member in ("name", "labels", "annotations")}
            self._removal.delete(old, DeleteOptions(grace=0))
            return self._registry.create(POD, namespace, deepcopy({"metadata": metadata, "spec": old.obj["spec"]})).document()

        replaced: Obj = self._run(replace)
        return replaced

    def _write(self, name: str, namespace: str, change: Callable[[Obj], None]) -> Obj:
        """Change a pod as only the system may: spec and status at once."""

        def write() -> Obj:
            obj = deepcopy(self._registry.read(POD, namespace, name).obj)
            change(obj)
            return self._registry.store.put(POD, obj).document()

        written: Obj = self._run(write)
        return written
