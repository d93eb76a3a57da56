"""The verbs that write: create, update and patch by the rules of a real API server."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from . import rules
from .kinds import BUILT_IN, CRD, NAMESPACE, Kind, kind_of_definition
from .names import generated, shape_problem
from .ownership import applied, updated
from .patches import json_patched, merge_patched, strategic_patched
from .refusals import AlreadyExists, BadRequest, Conflict, Forbidden, Invalid, NotFound, Refusal, UnsupportedMediaType
from .store import Entry, KindKey, Store

Obj = dict[str, Any]

# What only the server writes.
_SERVER_SET = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "namespace", "name", "generateName")


def timestamp(seconds_from_now: float = 0) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds_from_now))


class Registry:
    """Every object of the double, and the rules under which it changes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.kinds: dict[KindKey, Kind] = {kind.key: kind for kind in BUILT_IN}
        self.on_kind_gone: list[Callable[[Kind], None]] = []

    def kind(self, resource: str) -> Kind:
        """A served kind by its plural, singular, short name or kind name."""
        for kind in self.kinds.values():
            if resource in (kind.plural, kind.singular, kind.kind, *kind.short_names):
                return kind
        raise NotFound(f'the server doesn\'t have a resource type "{resource}"')

    def find(self, kind: Kind, namespace: str, name: str) -> Entry | None:
        return self.store.entries(kind.key).get((namespace, name))

    def read(self, kind: Kind, namespace: str, name: str) -> Entry:
        entry = self.find(kind, namespace, name)
        if entry is None:
            raise NotFound.named(kind.plural, kind.group, name)
        return entry

    def create(self, kind: Kind, namespace: str, body: Any, *, dry_run: bool = False) -> Entry:
        """Store a new object."""
        obj = _accepted(kind, namespace, body)
        self._check_namespace(kind, namespace, obj)
        metadata = obj["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = generated(metadata["generateName"])
        if metadata.get("resourceVersion"):
            raise Refusal("resourceVersion should not be set on objects to be created")
        _stamp(kind, metadata, namespace)
        if kind.status:
            obj.pop("status", None)
        rules.fill(kind, obj)
        obj = rules.prune(kind, obj)
        _refuse_problems(kind, obj, None)
        if self.find(kind, namespace, metadata["name"]):
            raise AlreadyExists.named(kind.plural, kind.group, metadata["name"])
        return self._stored(kind, obj, dry_run)

    def update(self, kind: Kind, namespace: str, name: str, body: Any, *, subresource: str = "", dry_run: bool = False, manager: str = "") -> tuple[Entry, bool]:
        """Replace an object; the flag tells whether it had to be created."""
        new = _accepted(kind, namespace, body)
        if new["metadata"].get("name") != name:
            raise BadRequest(f"the name of the object ({new['metadata'].get('name')}) does not match the name on the URL ({name})")
        if kind.create_on_update and not subresource and not self.find(kind, namespace, name) and not new["metadata"].get("resourceVersion"):
            return self.create(kind, namespace, body, dry_run=dry_run), True
        entry = self.read(kind, namespace, name)
        uid, own = new["metadata"].get("uid"), entry.obj["metadata"]["uid"]
        if uid and uid != own:
            raise Conflict.precondition(kind.plural, kind.group, name, f"UID in precondition: {uid}, UID in object meta: {own}")
        if not new["metadata"].get("resourceVersion") and not kind.unconditional_update:
            raise Invalid(_what(kind), name, [("metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update")])
        return self._replace(entry, new, subresource, dry_run, manager), False

    def patch(
        self, kind: Kind, namespace: str, name: str, media_type: str, patch: Any, *, subresource: str = "", dry_run: bool = False, manager: str = ""
    ) -> Entry:
        """Change an object by a merge, JSON or strategic merge patch."""
        entry = self.read(kind, namespace, name)
        new = _accepted(kind, namespace, _patched(entry, media_type, patch))
        own = entry.obj["metadata"]["uid"]
        if new["metadata"].get("uid", own) != own:
            raise Invalid(_what(kind), name, [("metadata.uid", f'Invalid value: "{new["metadata"]["uid"]}": field is immutable')])
        if new["metadata"].get("name") != name:
            raise BadRequest(f"the name of the object ({new['metadata'].get('name')}) does not match the name on the URL ({name})")
        return self._replace(entry, new, subresource, dry_run, manager)

    def apply(
        self, kind: Kind, namespace: str, name: str, config: Any, *, manager: str, force: bool, subresource: str = "", dry_run: bool = False
    ) -> tuple[Entry, bool]:
        """Server-side apply; the flag tells whether the object had to be created."""
        wanted = _accepted(kind, namespace, config)
        if wanted["metadata"].setdefault("name", name) != name:
            raise BadRequest(f"the name of the object ({wanted['metadata']['name']}) does not match the name on the URL ({name})")
        entry = self.find(kind, namespace, name)
        live = entry.obj if entry else None
        new = applied(live, wanted, manager, api_version=kind.api_version, force=force)
        # A revision or uid in the configuration is a precondition, not a field.
        new["metadata"].update({member: wanted["metadata"][member] for member in ("name", "resourceVersion", "uid") if wanted["metadata"].get(member)})
        if entry is None:
            return self.create(kind, namespace, new, dry_run=dry_run), True
        if new["metadata"]["uid"] != entry.obj["metadata"]["uid"]:
            raise Conflict.precondition(kind.plural, kind.group, name, "UID differs")
        return self._replace(entry, new, subresource, dry_run, ""), False

    def settle(self, entry: Entry) -> Entry:
        """Remove an object whose deletion was asked for once nothing holds it any more."""
        metadata = entry.obj["metadata"]
        if "deletionTimestamp" not in metadata or metadata.get("deletionGracePeriodSeconds") or self.holders(entry):
            return entry
        return self.remove(entry)

    def remove(self, entry: Entry) -> Entry:
        """Take an object out of the store, and with it what lived only by it."""
        last = self.store.remove(entry)
        if entry.kind.namespaced and (home := self.find(NAMESPACE, "", entry.key[0])):
            self.settle(home)
        if entry.kind.custom and (definition := self.find(CRD, "", f"{entry.kind.plural}.{entry.kind.group}")):
            self.settle(definition)
        if entry.kind.key == CRD.key and (gone := self.kinds.pop((entry.obj["spec"]["group"], entry.obj["spec"]["names"]["plural"]), None)):
            for listener in self.on_kind_gone:
                listener(gone)
        return last

    def holders(self, entry: Entry) -> bool:
        """Whether finalizers or contents keep an object from going."""
        return bool(entry.obj["metadata"].get("finalizers")) or any(True for _ in self.contents(entry))

    def contents(self, entry: Entry) -> list[Entry]:
        """The objects that go before a namespace or a definition can."""
        if entry.kind.key == NAMESPACE.key:
            name = entry.obj["metadata"]["name"]
            return [each for kind in self.kinds.values() if kind.namespaced for each in list(self.store.entries(kind.key).values()) if each.key[0] == name]
        if entry.kind.key == CRD.key:
            return list(self.store.entries((entry.obj["spec"]["group"], entry.obj["spec"]["names"]["plural"])).values())
        return []

    def _replace(self, entry: Entry, new: Obj, subresource: str, dry_run: bool, manager: str) -> Entry:
        kind, old, (_, name) = entry.kind, entry.obj, entry.key
        if new["metadata"].get("resourceVersion", old["metadata"]["resourceVersion"]) not in ("", None, old["metadata"]["resourceVersion"]):
            raise Conflict.stale(kind.plural, kind.group, name)
        new = rules.prune(kind, _scoped(kind, old, new, subresource))
        _refuse_problems(kind, new, old)
        if manager:
            updated(old, new, manager, kind.api_version)
        if _essence(new) == _essence(old):
            return entry
        if kind.generation and any(new.get(member) != old.get(member) for member in {*new, *old} - {"metadata", "status"}):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if dry_run:
            return Entry(kind, new, entry.number)
        return self.settle(self._stored(kind, new, False))

    def _stored(self, kind: Kind, obj: Obj, dry_run: bool) -> Entry:
        if dry_run:
            return Entry(kind, obj, self.store.number)
        entry = self.store.put(kind, obj)
        return self._established(entry) if kind.key == CRD.key else entry

    def _established(self, definition: Entry) -> Entry:
        """Serve what a definition defines, and say so in its status."""
        kind = kind_of_definition(definition.obj)
        self.kinds[kind.key] = kind
        names = definition.obj["spec"]["names"]
        if (definition.obj.get("status") or {}).get("acceptedNames") == names:
            return definition
        condition = {"status": "True", "lastTransitionTime": timestamp(), "message": "the initial names have been accepted"}
        conditions = [condition | {"type": "NamesAccepted", "reason": "NoConflicts"}, condition | {"type": "Established", "reason": "InitialNamesAccepted"}]
        status = {"conditions": conditions, "acceptedNames": names, "storedVersions": [kind.version]}
        return self.store.put(CRD, definition.obj | {"status": status})

    def _check_namespace(self, kind: Kind, namespace: str, obj: Obj) -> None:
        if not kind.namespaced:
            return
        home = self.find(NAMESPACE, "", namespace)
        if home is None:
            raise NotFound.named("namespaces", "", namespace)
        if "deletionTimestamp" in home.obj["metadata"]:
            name = obj["metadata"].get("name", "")
            message = f"unable to create new content in namespace {namespace} because it is being terminated"
            cause = {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated", "field": "metadata.namespace"}
            raise Forbidden(f'{kind.plural} "{name}" is forbidden: {message}', name=name, kind=kind.plural, causes=[cause])


def _what(kind: Kind) -> str:
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


def _accepted(kind: Kind, namespace: str, body: Any) -> Obj:
    """A request's object without kind and apiVersion, once these fit the address it was sent to."""
    if not isinstance(body, dict):
        raise BadRequest(f"the object provided is unrecognized (must be of type {kind.kind})")
    for member, expected in (("apiVersion", kind.api_version), ("kind", kind.kind)):
        if body.get(member, expected) != expected:
            raise BadRequest(f"the {member} in the data ({body[member]}) does not match the expected {member} ({expected})")
    metadata = body.get("metadata") or {}
    if problem := shape_problem(metadata):
        raise BadRequest(f"{kind.kind} in version \"{kind.version}\" cannot be handled as a {kind.kind}: {problem}")
    if (metadata.get("namespace") or namespace) != namespace:
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    return {"metadata": dict(metadata), **{member: value for member, value in body.items() if member not in ("kind", "apiVersion", "metadata")}}


def _stamp(kind: Kind, metadata: Obj, namespace: str) -> None:
    for member in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "uid", "resourceVersion"):
        metadata.pop(member, None)
    metadata |= {"uid": str(uuid4()), "creationTimestamp": timestamp()}
    if kind.namespaced:
        metadata["namespace"] = namespace
    if kind.generation:
        metadata["generation"] = 1


def _scoped(kind: Kind, old: Obj, new: Obj, subresource: str) -> Obj:
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
        scoped = {member: value for member, value in old.items() if member != "status"} | ({"status": new["status"]} if "status" in new else {})
    elif kind.status:
        scoped = {member: value for member, value in new.items() if member != "status"} | ({"status": old["status"]} if "status" in old else {})
    else:
        scoped = dict(new)
    return scoped | {"metadata": metadata}


def _refuse_new_finalizers(kind: Kind, old: Obj, new: Obj) -> None:
    added = set(new.get("finalizers") or ()) - set(old.get("finalizers") or ())
    if "deletionTimestamp" in old and added:
        message = f"Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers {sorted(added)}"
        raise Invalid(_what(kind), old["name"], [("metadata.finalizers", message)])


def _refuse_problems(kind: Kind, new: Obj, old: Obj | None) -> None:
    if found := rules.problems(kind, new, old):
        raise Invalid(_what(kind), new["metadata"].get("name", ""), found)


def _essence(obj: Obj) -> Obj:
    """What must differ for a write to count as one."""
    metadata = {member: value for member, value in obj["metadata"].items() if member not in ("resourceVersion", "managedFields") and value not in (None, {}, [])}
    owners = [{**entry, "time": ""} for entry in obj["metadata"].get("managedFields") or ()]
    return obj | {"metadata": metadata, "owners": owners}


def _patched(entry: Entry, media_type: str, patch: Any) -> Any:
    document = entry.document()
    if media_type == "application/json-patch+json":
        return json_patched(document, patch, _what(entry.kind), entry.key[1])
    if not isinstance(patch, dict):
        raise BadRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}")
    if media_type == "application/merge-patch+json":
        return merge_patched(document, patch)
    if media_type == "application/strategic-merge-patch+json" and entry.kind.strategic:
        return strategic_patched(document, patch)
    supported = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
    raise UnsupportedMediaType(f"the body of the request was in an unknown format - accepted media types include: {', '.join(supported)}")
