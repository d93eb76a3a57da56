"""The double's etcd: every object, the revision they share, and the changes that watches replay."""

from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import orjson

from .kinds import Kind
from .refusals import Expired
from .revisions import Revisions

Key = tuple[str, str]  # namespace, name
KindKey = tuple[str, str]  # group, plural


@dataclass(slots=True, eq=False)
class Entry:
    """One object as it was at one revision; nobody changes it afterwards, so its bytes are made once."""

    kind: Kind
    obj: dict[str, Any]  # without kind and apiVersion, as lists of built-in kinds show it
    number: int
    _item: bytes | None = None

    @property
    def key(self) -> Key:
        metadata = self.obj["metadata"]
        return metadata.get("namespace", ""), metadata["name"]

    def document(self) -> dict[str, Any]:
        """A copy that the caller may change."""
        return {"kind": self.kind.kind, "apiVersion": self.kind.api_version, **deepcopy(self.obj)}

    def item(self) -> bytes:
        if self._item is None:
            self._item = orjson.dumps(self.obj)
        return self._item

    def full(self) -> bytes:
        head = orjson.dumps({"kind": self.kind.kind, "apiVersion": self.kind.api_version})
        return head[:-1] + b"," + self.item()[1:]

    def at(self, number: int, version: str) -> "Entry":
        """The same state under another revision: what a watch shows of an object that left its selection."""
        return Entry(self.kind, {**self.obj, "metadata": {**self.obj["metadata"], "resourceVersion": version}}, number)


@dataclass(frozen=True, slots=True)
class Change:
    """One write: what was, what is; a removal has no `new`."""

    number: int
    old: Entry | None
    new: Entry | None
    last: Entry  # the state to tell: `new`, or the removed object under the removal's revision

    @property
    def version(self) -> str:
        return str(self.last.obj["metadata"]["resourceVersion"])


@dataclass
class Log:
    """The latest changes of one kind; `since` is the revision before which nothing is known."""

    since: int
    changes: deque[Change] = field(default_factory=deque)


@dataclass(frozen=True)
class Snapshot:
    """The whole state at one moment, to go back to."""

    number: int
    entries: dict[KindKey, dict[Key, Entry]]


class Store:
    """Objects by kind and key under one revision; every write is told to the listeners."""

    def __init__(self, revisions: Revisions, first: int, log_size: int) -> None:
        self.revisions = revisions
        self.number = first
        self.log_size = log_size
        self.listeners: list[Callable[[Change], None]] = []
        self._entries: dict[KindKey, dict[Key, Entry]] = {}
        self._logs: dict[KindKey, Log] = {}
        self._compacted = first
        # The latest answer of entries_at: the pages of one list ask for the same moment.
        self._sorted: tuple[KindKey, int, list[Entry]] | None = None

    @property
    def version(self) -> str:
        return self.revisions.text(self.number)

    def entries(self, kind: KindKey) -> dict[Key, Entry]:
        return self._entries.setdefault(kind, {})

    def put(self, kind: Kind, obj: dict[str, Any]) -> Entry:
        """Store an object under the next revision."""
        entry = self.stamped(kind, obj, self.number + 1)
        entries = self.entries(kind.key)
        self._record(Change(entry.number, entries.get(entry.key), entry, entry))
        entries[entry.key] = entry
        self._tell(kind.key)
        return entry

    def remove(self, entry: Entry) -> Entry:
        """Take an object away; its last state carries the removal's revision."""
        number = self.number + 1
        last = entry.at(number, self.revisions.text(number))
        self._record(Change(number, entry, None, last))
        del self.entries(entry.kind.key)[entry.key]
        self._tell(entry.kind.key)
        return last

    def stamped(self, kind: Kind, obj: dict[str, Any], number: int) -> Entry:
        """The object as it would be stored at a revision (a dry run goes no further)."""
        return Entry(kind, {**obj, "metadata": {**obj["metadata"], "resourceVersion": self.revisions.text(number)}}, number)

    def changes_after(self, kind: KindKey, number: int) -> list[Change]:
        """Every change of a kind after a revision, or Expired when some of them are forgotten."""
        log = self._log(kind)
        if number < log.since:
            message = f"too old resource version: {self.revisions.text(number)} ({self.revisions.text(log.since)})"
            raise Expired(message)
        return [change for change in log.changes if change.number > number]

    def entries_at(self, kind: KindKey, number: int) -> list[Entry]:
        """The objects of a kind, in order of their keys, as they were at a revision; Expired when that is forgotten."""
        if self._sorted is None or self._sorted[:2] != (kind, number):
            found = dict(self.entries(kind))
            for change in reversed(self.changes_after(kind, number)):
                if change.old is None:
                    del found[change.last.key]
                else:
                    found[change.old.key] = change.old
            self._sorted = kind, number, [entry for _, entry in sorted(found.items(), key=lambda pair: pair[0])]
        return self._sorted[2]

    def compact(self) -> None:
        """Forget every change: from now on older revisions are answered 410."""
        self._compacted = self.number
        self._logs.clear()
        self._sorted = None

    def snapshot(self) -> Snapshot:
        return Snapshot(self.number, {kind: dict(entries) for kind, entries in self._entries.items()})

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot, revision and all, as an etcd restored from a backup does."""
        self.number = snapshot.number
        self._entries = {kind: dict(entries) for kind, entries in snapshot.entries.items()}
        self.compact()

    def _log(self, kind: KindKey) -> Log:
        return self._logs.setdefault(kind, Log(self._compacted))

    def _record(self, change: Change) -> None:
        self.number = change.number
        log = self._log(change.last.kind.key)
        log.changes.append(change)
        while len(log.changes) > self.log_size:
            log.since = log.changes.popleft().number

    def _tell(self, kind: KindKey) -> None:
        change = self._log(kind).changes[-1]
        for listener in self.listeners:
            listener(change)
