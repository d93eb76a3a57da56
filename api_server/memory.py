"""
What a process remembers of objects between requests, so that a create need not ask what it was told a moment ago.

An object is as it was remembered as long as its `modified` is the same: every write to it moves that, and a new object under an old name
or uuid has another. What rests on an object (the subnets of a network) is remembered with the `modified` of all that it rests on. Nothing
remembered is answered to anybody, and no refusal rests on it: it is only ever relied on by a statement that stores if it still holds, and
else stores nothing (decision 0015). That there is no such object is never remembered.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import starmap
from typing import Any, NamedTuple

from api_server.model.resource import FqName, Link, Perms
from api_server.store.assumptions import Assumption, nobody_within, unchanged

Name = tuple[str, FqName]
# The objects whose `modified` something rests on.
Grounds = Mapping[str, datetime]
# About 1 kB each.
SIZE = 8192


class End(NamedTuple):
    """An object as links need it: who it is, and who may use it; of a project also what it may have. Not stored yet, no `modified`."""

    kind: str
    uuid: str
    fq_name: FqName
    perms: Perms
    visible: bool
    quota: Any = None
    modified: datetime | None = None

    @property
    def link(self) -> Link:
        return Link(self.kind, self.uuid, self.fq_name)


class Fact(NamedTuple):
    """Something about an object, and what it rests on, the object itself among it."""

    value: Any
    grounds: Grounds


class _Entry:
    """An object, and what is known about it while it is so."""

    __slots__ = ("end", "facts")

    def __init__(self, end: End) -> None:
        self.end = end
        self.facts: dict[str, Fact] = {}


class Memory:
    """The objects of which a process heard last, one of these for each database; what was not used for longest is forgotten."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._uuids: dict[Name, str] = {}

    def by_uuid(self, uuid: str) -> End | None:
        entry = self._entries.get(uuid)
        if entry is None:
            return None
        self._entries.move_to_end(uuid)
        return entry.end

    def named(self, name: Name) -> End | None:
        uuid = self._uuids.get(name)
        return self.by_uuid(uuid) if uuid else None

    def fact(self, what: str, of: str) -> Fact | None:
        """What is known about an object."""
        entry = self._entries.get(of)
        return entry.facts.get(what) if entry else None

    def learn(self, ends: Iterable[End]) -> None:
        """These objects are stored so. What was known about one goes when it is another state of it."""
        for end in ends:
            entry = self._entries.get(end.uuid)
            if entry is None or entry.end.modified != end.modified:
                self.forget([end.uuid])
                self._entries[end.uuid] = _Entry(end)
                self._uuids[end.kind, end.fq_name] = end.uuid
        while len(self._entries) > self._size:
            self.forget([next(iter(self._entries))])

    def note(self, what: str, of: str, fact: Fact) -> None:
        """This is so of an object, if it is about the state that is remembered."""
        entry = self._entries.get(of)
        if entry and entry.end.modified == fact.grounds.get(of):
            entry.facts[what] = fact

    def forget(self, uuids: Iterable[str]) -> None:
        """They are no longer so, or may not be."""
        for uuid in uuids:
            entry = self._entries.pop(uuid, None)
            if entry and self._uuids.get(name := (entry.end.kind, entry.end.fq_name)) == uuid:
                del self._uuids[name]


class Recall:
    """
    What one transaction takes from the memory, until the statement that relies on it has proved it. It takes only for what it creates,
    since only that is stored under conditions, and only until it changes something: what it changed is no longer as remembered.
    """

    def __init__(self, memory: Memory | None = None, *, trusts: bool = False) -> None:
        self._memory = memory or Memory(0)
        self._trusts = trusts
        self._open = False
        self._learns = True
        # What must hold when the new objects are stored: that others are still as they were at these moments, and that no uuid lies in
        # these ranges.
        self._assumed: dict[str, datetime] = {}
        self._vacant: list[tuple[str, str]] = []
        self._ranges: set[tuple[str, str]] = set()
        # Whether anything was relied on or taken for granted, proved since or not: a refusal may then be a mistake.
        self.used = False
        self._relied: set[str] = set()
        self._changed: set[str] = set()
        self._made: list[End] = []

    # --- taking ---

    def open(self) -> None:
        """Something is about to be created."""
        self._open = self._trusts

    def close(self) -> None:
        """Something is about to change: from here on only the database is asked, and what it says is not yet so for others."""
        self._trusts = self._open = self._learns = False

    def find(self, names: Iterable[Name], uuids: Iterable[str]) -> list[End]:
        """Those of these objects that are remembered."""
        if not self._open:
            return []
        found = (*map(self._memory.named, names), *map(self._memory.by_uuid, uuids))
        return [end for end in found if end and end.modified and self._assumes({end.uuid: end.modified})]

    def fact(self, what: str, of: str) -> Fact | None:
        """What is remembered about an object."""
        found = self._memory.fact(what, of) if self._open else None
        return found if found and self._assumes(found.grounds) else None

    def presumes_new(self, names: Iterable[Name], uuids: Iterable[str]) -> bool:
        """Whether these may be taken for new without a look: constraints tell if they are not. If one is remembered, all is looked up."""
        if self._open and any((*map(self._memory.named, names), *map(self._memory.by_uuid, uuids))):
            self._trusts = self._open = False
        return self._open

    def presume_vacant(self, lowest: str, highest: str) -> bool:
        """Take for granted that nothing but the one that asks has a uuid in this range; False if that must be looked up."""
        if not self._open or (lowest, highest) in self._ranges:
            return False
        self.used = True
        self._vacant.append((lowest, highest))
        self._ranges.add((lowest, highest))
        return True

    def _assumes(self, grounds: Grounds) -> bool:
        """Note that this must hold; false if it can not together with what is assumed already."""
        self._relied |= grounds.keys()
        if any(self._assumed.get(uuid, moment) != moment for uuid, moment in grounds.items()):
            return False
        self.used = True
        self._assumed |= grounds
        return True

    # --- proving ---

    def assumptions(self) -> list[Assumption]:
        """All that must hold when the new objects are stored, and is not proved yet."""
        return [*starmap(unchanged, self._assumed.items()), *starmap(nobody_within, self._vacant)]

    def proved(self, made: Iterable[End]) -> None:
        """All that was assumed so far held when these were stored, which will be there for others once that is committed."""
        self._assumed, self._vacant = {}, []
        self._made += made

    def disown(self) -> None:
        """Something of it did not hold, or may not have."""
        self._memory.forget(self._relied)

    # --- learning ---

    def learn(self, ends: Iterable[End]) -> None:
        """The database says so."""
        if self._learns:
            self._memory.learn(ends)

    def note(self, what: str, of: str, fact: Fact) -> None:
        """The database says so of an object."""
        if self._learns:
            self._memory.note(what, of, fact)

    def changes(self, uuid: str, modified: datetime | None) -> None:
        """An object, whose row is locked in this state, becomes another for everybody once that is committed."""
        self._changed.add(uuid)
        if self._assumed.get(uuid) == modified:
            self._assumed.pop(uuid, None)

    def committed(self) -> None:
        """What was made and changed is so for everybody."""
        self._memory.learn(end for end in self._made if end.uuid not in self._changed)
        self._memory.forget(self._changed)
