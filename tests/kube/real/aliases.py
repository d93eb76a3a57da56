"""Namespaces of a test's own in a cluster that is shared: what the test calls `default` has a name there that nobody else uses."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.kube.double.targets import Target

Obj = dict[str, Any]
NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Aliases:
    """Two directions: outward, into the cluster, and inward, what of the cluster the test sees."""

    prefix: str

    def outside(self, namespace: str) -> str:
        return f"{self.prefix}{namespace}"

    def inside(self, namespace: str) -> str:
        return namespace.removeprefix(self.prefix)

    def target(self, target: Target) -> Target:
        """The address in the cluster of what the test addresses."""
        namespace = self.outside(target.namespace) if target.namespace else ""
        name = self.outside(target.name) if target.resource == "namespaces" and target.name else target.name
        return replace(target, namespace=namespace, name=name)

    def outward(self, obj: Obj, resource: str) -> Obj:
        """An object, or a merge patch of one, as the cluster is to have it."""
        return _renamed(obj, resource, self.outside)

    def inward(self, obj: Obj, resource: str) -> Obj | None:
        """An object of the cluster as the test sees it: None if it is somebody else's."""
        return _renamed(obj, resource, self.inside) if all(name.startswith(self.prefix) for name in _homes(obj, resource)) else None


def _homes(obj: Obj, resource: str) -> Iterator[str]:
    """The namespaces that tell whose an object is; none for what belongs to the whole cluster."""
    metadata, about = obj.get("metadata") or {}, obj.get("involvedObject") or {}
    if resource == "namespaces":
        yield metadata["name"]
    elif about and not about.get("namespace"):
        # Events about what has no namespace live in the cluster's own `default`.
        yield about["name"]
    elif metadata.get("namespace"):
        yield metadata["namespace"]


def _renamed(obj: Obj, resource: str, rename: Callable[[str], str]) -> Obj:
    metadata, about = dict(obj.get("metadata") or {}), dict(obj.get("involvedObject") or {})
    for found, key in ((metadata, "namespace"), (about, "namespace"), *_names(metadata, about, resource)):
        if found.get(key):
            found[key] = rename(found[key])
    if resource == "namespaces" and NAME_LABEL in (metadata.get("labels") or {}):
        metadata["labels"] = metadata["labels"] | {NAME_LABEL: metadata["name"]}
    return obj | ({"metadata": metadata} if metadata else {}) | ({"involvedObject": about} if about else {})


def _names(metadata: Obj, about: Obj, resource: str) -> Iterator[tuple[Obj, str]]:
    """Where the name of a namespace stands as a name."""
    if resource == "namespaces":
        yield metadata, "name"
    if about.get("kind") == "Namespace":
        yield about, "name"


def path_of(target: Target) -> str:
    """The path of an address."""
    steps = [f"/apis/{target.group}/{target.version}" if target.group else f"/api/{target.version}"]
    steps += [f"namespaces/{target.namespace}"] if target.namespace else []
    return "/".join(step for step in (*steps, target.resource, target.name, target.subresource) if step)
