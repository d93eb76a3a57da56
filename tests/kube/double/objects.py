"""One object on its way through a write: accepted, stamped, scoped to what its path may change, checked."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from . import rules
from .kinds import Kind
from .names import shape_problem
from .patches import json_patched, merge_patched, strategic_patched
from .refusals import BadRequest, Invalid, UnsupportedMediaType
from .store import Entry

Obj = dict[str, Any]

# What only the server writes.
_SERVER_SET = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "namespace",
    "name",
    "generateName",
)


def timestamp(seconds_from_now: float = 0) -> str:
    """A moment as metadata writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds_from_now))


def what(kind: Kind) -> str:
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


def accepted(kind: Kind, namespace: str, body: Any) -> Obj:
    """A request's object without kind and apiVersion, once these fit the address it was sent to."""
    if not isinstance(body, dict):
        message = f"the object provided is unrecognized (must be of type {kind.kind})"
        raise BadRequest(message)
    for member, expected in (("apiVersion", kind.api_version), ("kind", kind.kind)):
        if body.get(member, expected) != expected:
            message = f"the {member} in the data ({body[member]}) does not match the expected {member} ({expected})"
            raise BadRequest(message)
    metadata = body.get("metadata") or {}
    if problem := shape_problem(metadata) or rules.decoding_problem(kind, body):
        message = f"{kind.kind} in version {kind.version} cannot be handled as a {kind.kind}: {problem}"
        raise BadRequest(message)
    if (metadata.get("namespace") or namespace) != namespace:
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    for member in () if kind.custom else ("spec", "status"):
        if not isinstance(body.get(member, {}), dict | None):
            message = f"json: cannot unmarshal into Go struct field {kind.kind}.{member}"
            raise BadRequest(message)
    return {
        "metadata": tidied(metadata),
        **{member: value for member, value in body.items() if member not in ("kind", "apiVersion", "metadata")},
    }


def tidied(metadata: Mapping[str, Any]) -> Obj:
    """Metadata in which an empty map or list is written as none."""
    return {member: value for member, value in metadata.items() if value or member not in ("labels", "annotations", "finalizers")}


def stamp(kind: Kind, metadata: Obj, namespace: str) -> None:
    for member in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "uid", "resourceVersion"):
        metadata.pop(member, None)
    metadata |= {"uid": str(uuid4()), "creationTimestamp": timestamp()}
    if kind.namespaced:
        metadata["namespace"] = namespace
    if kind.generation:
        metadata["generation"] = 1


def scoped(kind: Kind, old: Obj, new: Obj, subresource: str) -> Obj:
    """The new object with everything that this path may not write taken from the old one."""
    metadata = dict(new["metadata"]) if not subresource or kind.status_keeps_metadata else dict(old["metadata"])
    for member in _SERVER_SET:
        metadata.pop(member, None)
        if member in old["metadata"]:
            metadata[member] = old["metadata"][member]
    if old["metadata"].get("managedFields") and "managedFields" not in metadata:
        metadata["managedFields"] = old["metadata"]["managedFields"]
    _refuse_new_finalizers(kind, old["metadata"], metadata)
    if subresource == "status":
        scoped = {member: value for member, value in old.items() if member != "status"} | (
            {"status": new["status"]} if "status" in new else {}
        )
    elif kind.status:
        scoped = {member: value for member, value in new.items() if member != "status"} | (
            {"status": old["status"]} if "status" in old else {}
        )
    else:
        scoped = dict(new)
    return scoped | {"metadata": tidied(metadata)}


def _refuse_new_finalizers(kind: Kind, old: Obj, new: Obj) -> None:
    added = set(new.get("finalizers") or ()) - set(old.get("finalizers") or ())
    if "deletionTimestamp" in old and added:
        message = f"Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers {sorted(added)}"
        raise Invalid(what(kind), old["name"], [("metadata.finalizers", message)])


def refuse_problems(kind: Kind, new: Obj, old: Obj | None) -> None:
    if found := rules.problems(kind, new, old):
        raise Invalid(what(kind), new["metadata"].get("name", ""), found)


def essence(obj: Obj) -> Obj:
    """What must differ for a write to count as one."""
    metadata = {
        member: value
        for member, value in obj["metadata"].items()
        if member not in ("resourceVersion", "managedFields") and value not in (None, {}, [])
    }
    owners = [{**entry, "time": ""} for entry in obj["metadata"].get("managedFields") or ()]
    return obj | {"metadata": metadata, "owners": owners}


def patched(entry: Entry, media_type: str, patch: Any) -> Any:
    document = entry.document()
    if media_type == "application/json-patch+json":
        return json_patched(document, patch, what(entry.kind), entry.key[1])
    if not isinstance(patch, dict):
        raise BadRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}")
    if media_type == "application/merge-patch+json":
        return merge_patched(document, patch)
    if media_type == "application/strategic-merge-patch+json" and entry.kind.strategic:
        return strategic_patched(document, patch)
    supported = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(supported)}"
    raise UnsupportedMediaType(message)
