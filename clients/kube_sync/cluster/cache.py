"""The cluster's objects of one kind as last seen, and word of every key that changed."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kube_sync.model.objects import DEFINITION, NAMESPACE, POD, Definition, Kept, Key, Namespace, Pod

T = TypeVar("T", bound=Kept)

# A watch may tell what it told before, when it resumes or when the server behind it lags; so many changes back it is recognised.
REMEMBERED = 4096


def _nobody(_gone: object, _there: int) -> None:
    """Nobody wants to know."""


class Cache(Generic[T]):
    """
    Read by everybody, written by one list+watch. `on_change` hears a key with what was there and what is; before that, `on_list` hears of a
    complete list, which objects it left out, and how many it has.
    """

    def __init__(
        self, on_change: Callable[[Key, T | None, T | None], None], on_list: Callable[[dict[Key, T], int], None] = _nobody
    ) -> None:
        self._on_change = on_change
        self._on_list = on_list
        self._objects: dict[Key, T] = {}
        self._past: OrderedDict[tuple[str, str], None] = OrderedDict()  # uid and version of states that are over
        self._settled = asyncio.Event()
        self.synced = False  # whether a complete list was seen: before that, absence means nothing

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, key: Key) -> T | None:
        """The object, if it is there."""
        return self._objects.get(key)

    async def until_synced(self) -> None:
        """Return when a complete list was seen, or when it was given up."""
        await self._settled.wait()

    def give_up(self) -> None:
        """No list can be had: whoever waits for one goes on without, and nothing is known."""
        self._settled.set()

    def replace(self, objects: Iterable[T]) -> None:
        """What a complete list said: vanished objects are told as well as new and changed ones (B31)."""
        before, self._objects = self._objects, {found.key: found for found in objects}
        self._past.clear()  # a server that was restored from a backup tells old versions again
        self.synced = True
        self._on_list({key: gone for key, gone in before.items() if key not in self._objects}, len(self._objects))
        self._settled.set()
        for key in [*before, *(key for key in self._objects if key not in before)]:
            self._tell(key, before.get(key), self._objects.get(key))

    def put(self, new: T) -> None:
        """What an ADDED or MODIFIED event said; a state that was here before changes nothing (B32)."""
        old = self._objects.get(new.key)
        if self._is_over(new) or (old is not None and (old.uid, old.version) == (new.uid, new.version)):
            return
        self._end(old)
        self._objects[new.key] = new
        self._tell(new.key, old, new)

    def remove(self, gone: T) -> None:
        """What a DELETED event said; a namesake with another uid stays."""
        if self._is_over(gone):
            return
        old = self._objects.get(gone.key)
        self._end(gone)
        if old is not None and old.uid == gone.uid:
            self._end(old)
            del self._objects[gone.key]
            self._tell(gone.key, old, None)

    def _tell(self, key: Key, old: T | None, new: T | None) -> None:
        if old != new:
            self._on_change(key, old, new)

    def _is_over(self, found: T) -> bool:
        """Versions have no order, so an old state is known only by having been here."""
        return (found.uid, found.version) in self._past

    def _end(self, found: T | None) -> None:
        if found is not None:
            self._past[found.uid, found.version] = None
            if len(self._past) > REMEMBERED:
                self._past.popitem(last=False)


@dataclass(frozen=True)
class Caches:
    """All that the worker knows of the cluster."""

    pods: Cache[Pod]
    definitions: Cache[Definition]
    namespaces: Cache[Namespace]

    def of(self, kind: str) -> Cache[Any]:
        """The one of that kind."""
        caches: dict[str, Cache[Any]] = {POD: self.pods, DEFINITION: self.definitions, NAMESPACE: self.namespaces}
        return caches[kind]
