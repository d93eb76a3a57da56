"""The pods that controllers would make of workloads: what a repository of manifests holds in place of pods."""

from collections.abc import Iterator
from typing import Any

from kube_sync.model.objects import POD

# Where each kind says how many pods it wants; a DaemonSet has one here, for a folder is a cluster with one node.
COUNTS = {"Deployment": "replicas", "ReplicaSet": "replicas", "StatefulSet": "replicas", "DaemonSet": "", "Job": "parallelism"}
MOST = 10_000

Manifest = dict[str, Any]


def pods_of(workload: Manifest) -> Iterator[Manifest]:
    """Its pods, numbered as those of a StatefulSet are; a ValueError says what is wrong with the workload."""
    spec, metadata = workload.get("spec") or {}, workload.get("metadata") or {}
    template = spec.get("template") or {}
    first = int((spec.get("ordinals") or {}).get("start") or 0)
    for number in range(first, first + _count(workload["kind"], spec)):
        yield {
            "apiVersion": "v1",
            "kind": POD,
            "metadata": {**(template.get("metadata") or {}), **_place(metadata), "name": f"{metadata.get('name')}-{number}"},
            "spec": template.get("spec") or {},
        }


def _count(kind: str, spec: Manifest) -> int:
    field = COUNTS[kind]
    wanted = spec.get(field, 1) if field else 1
    count = 1 if wanted is None else wanted
    if not isinstance(count, int) or not 0 <= count <= MOST:
        raise ValueError(f"spec.{field} {wanted!r}: a number from 0 to {MOST} is needed")
    completions = spec.get("completions") if kind == "Job" else None
    return min(count, completions) if isinstance(completions, int) else count


def _place(metadata: Manifest) -> Manifest:
    return {"namespace": metadata["namespace"]} if metadata.get("namespace") else {}
