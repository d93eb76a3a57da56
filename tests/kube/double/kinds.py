"""What the double knows of a kind: where it is served and by which rules it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EVENT_FIELDS = (
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
)
POD_FIELDS = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)


@dataclass(frozen=True)
class Kind:
    """One served kind; the flags name where kinds of a real server differ."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    status: bool = False  # has /status, and then the main path ignores `status`
    status_keeps_metadata: bool = False  # a write through /status may change labels and annotations
    generation: bool = False
    create_on_update: bool = False
    unconditional_update: bool = True
    returns_deleted: bool = False
    strategic: bool = True
    selectable: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None  # a custom kind's openAPIV3Schema
    custom: bool = False
    singular_name: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.group, self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def singular(self) -> str:
        return self.singular_name or self.kind.lower()

    def discovery(self) -> list[dict[str, Any]]:
        """The entries of this kind in its group's APIResourceList."""
        verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        entry: dict[str, Any] = {
            "name": self.plural,
            "singularName": self.singular,
            "namespaced": self.namespaced,
            "kind": self.kind,
            "verbs": verbs,
        }
        if self.short_names:
            entry["shortNames"] = list(self.short_names)
        subresource = entry | {"name": f"{self.plural}/status", "singularName": "", "verbs": ["get", "patch", "update"]}
        subresource.pop("shortNames", None)
        return [entry, subresource] if self.status else [entry]


NAMESPACE = Kind(
    "",
    "v1",
    "Namespace",
    "namespaces",
    False,
    ("ns",),
    status=True,
    status_keeps_metadata=True,
    returns_deleted=True,
    selectable=("status.phase",),
)
POD = Kind(
    "",
    "v1",
    "Pod",
    "pods",
    True,
    ("po",),
    status=True,
    status_keeps_metadata=True,
    generation=True,
    returns_deleted=True,
    selectable=POD_FIELDS,
)
NODE = Kind("", "v1", "Node", "nodes", False, ("no",), status=True, status_keeps_metadata=True)
ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts", True, ("sa",), returns_deleted=True)
EVENT = Kind("", "v1", "Event", "events", True, ("ev",), create_on_update=True, selectable=EVENT_FIELDS)
LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases", create_on_update=True, unconditional_update=False)
CRD = Kind(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    False,
    ("crd", "crds"),
    status=True,
    generation=True,
    unconditional_update=False,
)
BUILT_IN = (NAMESPACE, NODE, ACCOUNT, POD, EVENT, LEASE, CRD)


def kind_of_definition(definition: Mapping[str, Any]) -> Kind:
    """The kind that a CustomResourceDefinition of apiextensions.k8s.io/v1 makes the server serve."""
    spec = definition["spec"]
    names = spec["names"]
    version = next(each for each in spec["versions"] if each.get("storage"))
    return Kind(
        spec["group"],
        version["name"],
        names["kind"],
        names["plural"],
        spec["scope"] == "Namespaced",
        tuple(names.get("shortNames", ())),
        status="status" in version.get("subresources", {}),
        generation=True,
        unconditional_update=False,
        strategic=False,
        schema=version["schema"]["openAPIV3Schema"],
        custom=True,
        singular_name=names.get("singular", ""),
    )
