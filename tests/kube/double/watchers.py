"""Open watches: which changes each one sees, as what type of event, in which order."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import orjson

from .kinds import Kind
from .refusals import StatusError
from .selectors import Selection
from .store import Change, Entry, Store

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


@dataclass
class Watcher:
    """One client's watch: the lines it has not been sent yet."""

    kind: Kind
    selection: Selection
    after: int  # changes up to this revision are known to the client
    bookmarks: bool = False
    lines: deque[bytes] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False
    aborting: bool = False

    def push(self, line: bytes) -> None:
        self.lines.append(line)
        self.wake.set()

    def close(self, *, abort: bool = False) -> None:
        """End the stream: cleanly, or by a reset."""
        self.closing, self.aborting = True, abort
        self.wake.set()

    def offer(self, change: Change) -> None:
        """Queue the event that this change is to this watch, if it is one."""
        if change.number <= self.after:
            return
        was = change.old is not None and self.selection.matches(change.old.obj)
        now = change.new is not None and self.selection.matches(change.new.obj)
        if now:
            self.push(event_line("MODIFIED" if was else "ADDED", change.last))
        elif was and change.old is not None:
            # An object that leaves the selection is told by its last selected state, under the revision at which it left.
            self.push(event_line("DELETED", change.old.at(change.number, change.version)))


class Watchers:
    """All open watches of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.open: list[Watcher] = []
        store.listeners.append(self._publish)

    def start(self, watcher: Watcher, *, initial: bool) -> None:
        """Queue what the watch begins with (the present objects, or the changes since its revision) and keep it fed."""
        if initial:
            entries = sorted(self._store.entries(watcher.kind.key).items())
            for _, entry in entries:
                if watcher.selection.matches(entry.obj):
                    watcher.push(event_line("ADDED", entry))
            watcher.after = self._store.number
        else:
            for change in self._store.changes_after(watcher.kind.key, watcher.after):
                watcher.offer(change)
        self.open.append(watcher)

    def stop(self, watcher: Watcher) -> None:
        if watcher in self.open:
            self.open.remove(watcher)

    def bookmark(self, watcher: Watcher, *, initial_events_end: bool = False) -> None:
        """Queue a bookmark, unless the client knows a later revision than ours (we were restored from a backup)."""
        if watcher.after <= self._store.number:
            watcher.push(bookmark_line(watcher.kind, self._store.version, initial_events_end))

    def bookmark_all(self) -> None:
        """Queue a bookmark wherever they were asked for."""
        for watcher in self.open:
            if watcher.bookmarks:
                self.bookmark(watcher)

    def close(self, kind: tuple[str, str] | None = None, *, abort: bool = False) -> int:
        """End the watches of one kind, or all; how many there were."""
        ended = [watcher for watcher in self.open if kind in (None, watcher.kind.key)]
        for watcher in ended:
            watcher.close(abort=abort)
        return len(ended)

    def fail(self, refusal: StatusError, kind: tuple[str, str] | None = None) -> int:
        """End watches by an ERROR event; how many there were."""
        for watcher in self.open:
            if kind in (None, watcher.kind.key):
                watcher.push(error_line(refusal))
        return self.close(kind)

    def _publish(self, change: Change) -> None:
        for watcher in self.open:
            if watcher.kind.key == change.last.kind.key:
                watcher.offer(change)


def event_line(event: str, entry: Entry) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (event.encode(), entry.full())


def bookmark_line(kind: Kind, version: str, initial_events_end: bool) -> bytes:
    metadata: dict[str, object] = {"resourceVersion": version}
    if initial_events_end:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    obj = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
    return orjson.dumps({"type": "BOOKMARK", "object": obj}) + b"\n"


def error_line(refusal: StatusError) -> bytes:
    return orjson.dumps({"type": "ERROR", "object": refusal.document()}) + b"\n"
