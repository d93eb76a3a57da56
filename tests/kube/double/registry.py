"""The verbs that write: create, update, patch and apply by the rules of a real API server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import rules
from .kinds import ACCOUNT, BUILT_IN, CRD, NAMESPACE, Kind, kind_of_definition
from .names import generated
from .objects import Obj, accepted, essence, patched, refuse_problems, scoped, stamp, timestamp, what
from .ownership import applied, updated
from .refusals import AlreadyExists, BadRequest, Conflict, Forbidden, Invalid, NotFound, StatusError
from .store import Entry, KindKey, Snapshot, Store


@dataclass(frozen=True)
class Write:
    """How a request wants its change made."""

    subresource: str = ""
    dry_run: bool = False
    manager: str = ""
    force: bool = False


PLAIN = Write()


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
        message = f'the server doesn\'t have a resource type "{resource}"'
        raise NotFound(message)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot; what is served goes back with it."""
        self.store.restore(snapshot)
        defined = [kind_of_definition(definition.obj) for definition in self.store.entries(CRD.key).values()]
        self.kinds = {kind.key: kind for kind in (*BUILT_IN, *defined)}

    def find(self, kind: Kind, namespace: str, name: str) -> Entry | None:
        return self.store.entries(kind.key).get((namespace, name))

    def read(self, kind: Kind, namespace: str, name: str) -> Entry:
        entry = self.find(kind, namespace, name)
        if entry is None:
            raise NotFound.named(kind.plural, kind.group, name)
        return entry

    def create(self, kind: Kind, namespace: str, body: Any, how: Write = PLAIN) -> Entry:
        """Store a new object."""
        obj = accepted(kind, namespace, body)
        metadata = obj["metadata"]
        self._check_namespace(kind, namespace, metadata.get("name", ""))
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = generated(metadata["generateName"])
        if metadata.get("resourceVersion"):
            raise StatusError("resourceVersion should not be set on objects to be created")
        stamp(kind, metadata, namespace)
        if kind.status:
            obj.pop("status", None)
        rules.fill(kind, obj)
        obj = rules.prune(kind, obj)
        refuse_problems(kind, obj, None)
        if self.find(kind, namespace, metadata["name"]):
            raise AlreadyExists.named(kind.plural, kind.group, metadata["name"])
        entry = self._stored(kind, obj, how)
        if kind.key == NAMESPACE.key and not how.dry_run:
            # A controller's work: pods of the namespace run under it.
            self.create(ACCOUNT, entry.key[1], {"metadata": {"name": "default"}})
        return entry

    def update(self, kind: Kind, namespace: str, name: str, body: Any, how: Write = PLAIN) -> tuple[Entry, bool]:
        """Replace an object; the flag tells whether it had to be created."""
        new = accepted(kind, namespace, body)
        metadata = new["metadata"]
        _refuse_other_name(metadata, name)
        entry = self.find(kind, namespace, name)
        if entry is None and kind.create_on_update and not how.subresource and not metadata.get("resourceVersion"):
            return self.create(kind, namespace, body, how), True
        entry = entry or self.read(kind, namespace, name)
        own = entry.obj["metadata"]["uid"]
        if metadata.get("uid", own) not in ("", own):
            failed = f"UID in precondition: {metadata['uid']}, UID in object meta: {own}"
            raise Conflict.precondition(kind.plural, kind.group, name, failed)
        if not metadata.get("resourceVersion") and not kind.unconditional_update:
            raise Invalid(what(kind), name, [("metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update")])
        return self._replace(entry, new, how), False

    def patch(self, entry: Entry, media_type: str, patch: Any, how: Write = PLAIN) -> Entry:
        """Change an object by a merge, JSON or strategic merge patch."""
        kind, (namespace, name) = entry.kind, entry.key
        new = accepted(kind, namespace, patched(entry, media_type, patch))
        own = entry.obj["metadata"]["uid"]
        if new["metadata"].get("uid", own) != own:
            raise Invalid(what(kind), name, [("metadata.uid", f'Invalid value: "{new["metadata"]["uid"]}": field is immutable')])
        _refuse_other_name(new["metadata"], name)
        return self._replace(entry, new, how)

    def apply(self, kind: Kind, namespace: str, name: str, config: Any, how: Write) -> tuple[Entry, bool]:
        """Server-side apply; the flag tells whether the object had to be created."""
        wanted = accepted(kind, namespace, config)
        wanted["metadata"].setdefault("name", name)
        _refuse_other_name(wanted["metadata"], name)
        entry = self.find(kind, namespace, name)
        new = applied(entry.obj if entry else None, wanted, how.manager, api_version=kind.api_version, force=how.force)
        # A revision or uid in the configuration is a precondition, not a field.
        for member in ("name", "resourceVersion", "uid"):
            if wanted["metadata"].get(member):
                new["metadata"][member] = wanted["metadata"][member]
        if entry is None:
            return self.create(kind, namespace, new, how), True
        own = entry.obj["metadata"]["uid"]
        if new["metadata"]["uid"] != own:
            failed = f"UID in precondition: {new['metadata']['uid']}, UID in object meta: {own}"
            raise Conflict.precondition(kind.plural, kind.group, name, failed)
        return self._replace(entry, new, Write(how.subresource, how.dry_run)), False

    def settle(self, entry: Entry) -> Entry:
        """Remove an object whose deletion was asked for once nothing holds it any more."""
        return self.remove(entry) if self.is_doomed(entry) else entry

    def remove(self, entry: Entry) -> Entry:
        """Take an object out of the store, and with it what lived only by it."""
        last = self.store.remove(entry)
        if entry.kind.namespaced and (home := self.find(NAMESPACE, "", entry.key[0])):
            self.settle(home)
        if entry.kind.custom and (definition := self.find(CRD, "", f"{entry.kind.plural}.{entry.kind.group}")):
            self.settle(definition)
        if entry.kind.key == CRD.key and (gone := self.kinds.pop(_defined(entry), None)):
            for listener in self.on_kind_gone:
                listener(gone)
        return last

    def is_doomed(self, entry: Entry) -> bool:
        """Whether deletion was asked for and nothing stands in its way."""
        metadata = entry.obj["metadata"]
        return "deletionTimestamp" in metadata and not metadata.get("deletionGracePeriodSeconds") and not self.is_held(entry)

    def is_held(self, entry: Entry) -> bool:
        """Whether finalizers or contents keep an object from going."""
        return bool(entry.obj["metadata"].get("finalizers")) or next(self.contents(entry), None) is not None

    def contents(self, entry: Entry) -> Iterator[Entry]:
        """The objects that go before a namespace or a definition can."""
        if entry.kind.key == NAMESPACE.key:
            stores = (self.store.entries(kind.key) for kind in self.kinds.values() if kind.namespaced)
            yield from (each for entries in stores for (namespace, _), each in entries.items() if namespace == entry.key[1])
        elif entry.kind.key == CRD.key:
            yield from self.store.entries(_defined(entry)).values()

    def _replace(self, entry: Entry, new: Obj, how: Write) -> Entry:
        # The definition may have changed since the entry was stored.
        kind, old = self.kinds[entry.kind.key], entry.obj
        current = old["metadata"]["resourceVersion"]
        if new["metadata"].get("resourceVersion") not in ("", None, current):
            raise Conflict.stale(kind.plural, kind.group, entry.key[1])
        new = rules.prune(kind, scoped(kind, old, new, how.subresource))
        refuse_problems(kind, new, old)
        if how.manager:
            updated(old, new, how.manager, kind.api_version)
        # A write that changes nothing is none: no new revision, no event.
        if essence(new) == essence(old):
            return entry
        if kind.generation and any(new.get(member) != old.get(member) for member in {*new, *old} - {"metadata", "status"}):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        changed = Entry(kind, new, entry.number)
        if self.is_doomed(changed) and not how.dry_run:
            # Taking the last finalizer off is the removal: watches hear of nothing else.
            self.remove(entry)
            return changed
        return self._stored(kind, new, how)

    def _stored(self, kind: Kind, obj: Obj, how: Write) -> Entry:
        if how.dry_run:
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
        shared = {"status": "True", "lastTransitionTime": timestamp(), "message": "accepted"}
        conditions = [
            shared | {"type": "NamesAccepted", "reason": "NoConflicts"},
            shared | {"type": "Established", "reason": "InitialNamesAccepted"},
        ]
        status = {"conditions": conditions, "acceptedNames": names, "storedVersions": [kind.version]}
        return self.store.put(CRD, definition.obj | {"status": status})

    def _check_namespace(self, kind: Kind, namespace: str, name: str) -> None:
        if not kind.namespaced:
            return
        home = self.find(NAMESPACE, "", namespace)
        if home is None:
            raise NotFound.named("namespaces", "", namespace)
        if "deletionTimestamp" in home.obj["metadata"]:
            raise Forbidden.terminating(kind.plural, name, namespace)


def _refuse_other_name(metadata: Obj, name: str) -> None:
    if metadata.get("name") != name:
        message = f"the name of the object ({metadata.get('name')}) does not match the name on the URL ({name})"
        raise BadRequest(message)


def _defined(definition: Entry) -> KindKey:
    return definition.obj["spec"]["group"], definition.obj["spec"]["names"]["plural"]
