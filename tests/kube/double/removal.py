"""The verb that deletes: grace, finalizers, preconditions, and what goes with a namespace or a definition."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .kinds import NAMESPACE, POD
from .objects import timestamp
from .refusals import BadRequest, Conflict, Forbidden
from .registry import Registry
from .store import Entry

KEPT_NAMESPACES = ("default", "kube-system", "kube-public")


@dataclass(frozen=True)
class DeleteOptions:
    """What a DELETE asks for, in its body or its query."""

    grace: int | None = None
    uid: str = ""
    version: str = ""
    dry_run: bool = False

    @classmethod
    def parse(cls, body: Any, query: dict[str, str]) -> "DeleteOptions":
        if body is not None and not isinstance(body, dict):
            raise BadRequest("the body of a delete must be DeleteOptions")
        options = body or {}
        preconditions = options.get("preconditions") or {}
        grace = options.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
        if grace is not None and not str(grace).isdecimal():
            message = f"gracePeriodSeconds: invalid value {grace!r}"
            raise BadRequest(message)
        dry_run = "All" in (options.get("dryRun") or [query.get("dryRun")])
        return cls(None if grace is None else int(grace), preconditions.get("uid", ""), preconditions.get("resourceVersion", ""), dry_run)


class Removal:
    """Deletes objects; `on_graceful` is told of each pod that now waits for its kubelet."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.on_graceful: list[Callable[[Entry], None]] = []

    def delete(self, entry: Entry, options: DeleteOptions) -> tuple[Entry, bool]:
        """Delete an object, or mark it while something holds it; the flag tells whether it is gone."""
        self._check(entry, options)
        grace = _grace(entry, options)
        metadata = entry.obj["metadata"]
        if options.dry_run:
            return entry, False
        if not grace and not self._registry.is_held(entry):
            return self._registry.remove(entry), True
        if "deletionTimestamp" in metadata and grace >= (metadata.get("deletionGracePeriodSeconds") or 0):
            return entry, False
        marked = self._mark(entry, grace)
        for each in list(self._registry.contents(marked)):
            self.delete(each, DeleteOptions())
        left = self._registry.find(marked.kind, *marked.key)
        if left is None or left.obj["metadata"]["uid"] != metadata["uid"]:
            return marked, True
        settled = self._registry.settle(left)
        return settled, self._registry.find(marked.kind, *marked.key) is None

    def _mark(self, entry: Entry, grace: int) -> Entry:
        metadata = {**entry.obj["metadata"], "deletionTimestamp": timestamp(grace), "deletionGracePeriodSeconds": grace}
        if entry.kind.key == NAMESPACE.key:
            metadata.pop("deletionGracePeriodSeconds")
        if "generation" in metadata:
            metadata["generation"] += 1
        obj = entry.obj | {"metadata": metadata}
        if entry.kind.key == NAMESPACE.key:
            obj["status"] = obj.get("status", {}) | {"phase": "Terminating"}
        marked = self._registry.store.put(entry.kind, obj)
        if grace:
            for listener in self.on_graceful:
                listener(marked)
        return marked

    def _check(self, entry: Entry, options: DeleteOptions) -> None:
        kind, (_, name) = entry.kind, entry.key
        metadata = entry.obj["metadata"]
        if options.uid and options.uid != metadata["uid"]:
            raise Conflict.precondition(
                kind.plural, kind.group, name, f"UID in precondition: {options.uid}, UID in object meta: {metadata['uid']}"
            )
        if options.version and options.version != metadata["resourceVersion"]:
            failed = f"ResourceVersion in precondition: {options.version}, ResourceVersion in object meta: {metadata['resourceVersion']}"
            raise Conflict.precondition(kind.plural, kind.group, name, failed)
        if kind.key == NAMESPACE.key and name in KEPT_NAMESPACES:
            message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
            raise Forbidden(message, name=name, kind="namespaces")


def _grace(entry: Entry, options: DeleteOptions) -> int:
    """How long a pod's kubelet has: nothing for pods that run nowhere, and for all other kinds."""
    if entry.kind.key != POD.key:
        return 0
    spec, phase = entry.obj["spec"], entry.obj["status"].get("phase")
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    return int(spec["terminationGracePeriodSeconds"]) if options.grace is None else options.grace
