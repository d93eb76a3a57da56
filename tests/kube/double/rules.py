"""What each kind adds to the generic write: defaults at creation, and what its validation refuses."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from .kinds import CRD, EVENT, LEASE, NAMESPACE, POD, Kind
from .names import Problem, metadata_problems, name_problems
from .schema import pruned, schema_problems, structure_problems

Obj = dict[str, Any]

# A Lease's times are read with exactly six digits of a second, and kept as they were written.
MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")


def fill(kind: Kind, obj: Obj) -> None:
    """Set what the server sets on a new object of its own accord."""
    if kind.key == POD.key:
        _fill_pod(obj)
    elif kind.key == NAMESPACE.key:
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
        obj["spec"], obj["status"] = {"finalizers": ["kubernetes"]}, {"phase": "Active"}
    elif kind.key == CRD.key and isinstance(obj.get("spec"), dict):
        names = obj["spec"].get("names") or {}
        names.setdefault("singular", str(names.get("kind", "")).lower())
        names.setdefault("listKind", f"{names.get('kind', '')}List")
        obj["spec"].setdefault("conversion", {"strategy": "None"})


def prune(kind: Kind, obj: Obj) -> Obj:
    """A custom object without members that its schema does not know."""
    if kind.schema is None:
        return obj
    known = pruned(kind.schema, {key: value for key, value in obj.items() if key != "metadata"})
    return {"metadata": obj["metadata"], **known}


def problems(kind: Kind, new: Obj, old: Obj | None) -> list[Problem]:
    """Everything for which a real server would answer 422."""
    found = [*name_problems(new["metadata"].get("name") or "", label=kind.key == NAMESPACE.key), *metadata_problems(new["metadata"])]
    if kind.schema is not None:
        found += schema_problems(kind.schema, {key: value for key, value in new.items() if key != "metadata"})
    if kind.key == POD.key:
        found += _pod_problems(new, old)
    elif kind.key == CRD.key:
        found += _definition_problems(new, old)
    elif kind.key == EVENT.key:
        found += _event_problems(new)
    elif kind.key == LEASE.key:
        found += _lease_problems(new.get("spec") or {})
    return found


def decoding_problem(kind: Kind, body: Obj) -> str | None:
    """The first value that a real server could not even read."""
    spec = body.get("spec")
    if kind.key != LEASE.key or not isinstance(spec, dict):
        return None
    for member in ("acquireTime", "renewTime"):
        value = spec.get(member)
        if value is not None and not (isinstance(value, str) and MICRO_TIME.fullmatch(value)):
            return f'parsing time "{value}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse spec.{member}'
    return None


def _fill_pod(pod: Obj) -> None:
    spec = pod["spec"] = dict(pod.get("spec") or {})
    for member, default in (
        ("restartPolicy", "Always"),
        ("terminationGracePeriodSeconds", 30),
        ("dnsPolicy", "ClusterFirst"),
        ("serviceAccountName", "default"),
        ("schedulerName", "default-scheduler"),
        ("enableServiceLinks", True),
    ):
        spec.setdefault(member, default)
    pod["status"] = {"phase": "Pending", "qosClass": "BestEffort"}


def _pod_problems(new: Obj, old: Obj | None) -> Iterator[Problem]:
    spec = new.get("spec") or {}
    containers = spec.get("containers")
    if not containers or not isinstance(containers, list) or not all(isinstance(each, dict) for each in containers):
        yield "spec.containers", "Required value"
        return
    for position, container in enumerate(containers):
        for member in ("name", "image"):
            if not container.get(member):
                yield f"spec.containers[{position}].{member}", "Required value"
    if old is not None and _fixed(spec) != _fixed(old["spec"]):
        yield "spec", "Forbidden: of a pod's spec only container images, activeDeadlineSeconds and tolerations may change"


def _fixed(spec: Obj) -> Obj:
    """The part of a pod's spec that may not change."""
    fixed = deepcopy(spec)
    for container in fixed.get("containers", []):
        container.pop("image", None)
    for member in ("activeDeadlineSeconds", "tolerations"):
        fixed.pop(member, None)
    return fixed


def _event_problems(event: Obj) -> Iterator[Problem]:
    involved = (event.get("involvedObject") or {}).get("namespace") or ""
    own = event["metadata"].get("namespace") or ""
    # Events about objects without a namespace live in `default`.
    if involved != own and not (involved == "" and own == "default"):
        yield "involvedObject.namespace", f'Invalid value: "{involved}": does not match event.namespace'


def _lease_problems(spec: Obj) -> Iterator[Problem]:
    for member, least in (("leaseDurationSeconds", 1), ("leaseTransitions", 0)):
        if spec.get(member) is not None and spec[member] < least:
            yield f"spec.{member}", f"Invalid value: {spec[member]}: must be greater than or equal to {least}"


def _definition_problems(new: Obj, old: Obj | None) -> Iterator[Problem]:
    spec = new.get("spec") or {}
    names = spec.get("names") or {}
    for field, value in (
        ("spec.group", spec.get("group")),
        ("spec.names.plural", names.get("plural")),
        ("spec.names.kind", names.get("kind")),
    ):
        if not value:
            yield field, "Required value"
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        yield "spec.scope", f'Unsupported value: "{spec.get("scope", "")}": supported values: "Cluster", "Namespaced"'
    if new["metadata"].get("name") != f"{names.get('plural')}.{spec.get('group')}":
        yield "metadata.name", f'Invalid value: "{new["metadata"].get("name")}": must be spec.names.plural+"."+spec.group'
    if old is not None and any(old["spec"][member] != spec.get(member) for member in ("group", "scope")):
        yield "spec", "Invalid value: field is immutable"
    yield from _version_problems(spec.get("versions") or [])


def _version_problems(versions: list[Obj]) -> Iterator[Problem]:
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield "spec.versions", "Invalid value: must have exactly one version marked as storage version"
    # A limit of the double: one served version a kind, so nothing needs conversion.
    if [version.get("name") for version in versions if version.get("served")] != [
        version.get("name") for version in versions if version.get("storage")
    ]:
        yield "spec.versions", "Invalid value: this test server serves the storage version and no other"
    for position, version in enumerate(versions):
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        yield from structure_problems(schema, f"spec.versions[{position}].schema.openAPIV3Schema")
