"""Who waits for what, and who selects which definition: whom to wake when something changes."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator

from kube_sync.model.objects import POD, Key
from kube_sync.model.refusals import Refusal


class WaitingRoom:
    """The keys that were refused, and for each network those that an address of it may help."""

    def __init__(self) -> None:
        self._refused: dict[Key, Refusal] = {}
        self._lines: dict[str, Line] = defaultdict(Line)
        self._woken: set[Key] = set()
        self._frees = 0
        self._freed: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._refused)

    def __contains__(self, key: Key) -> bool:
        return key in self._refused

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._refused))

    def why(self, key: Key) -> Refusal | None:
        """What the key was refused for."""
        return self._refused.get(key)

    @property
    def frees(self) -> int:
        """A mark in time, for `freed_since`."""
        return self._frees

    def enter(self, key: Key, why: Refusal) -> bool:
        """The key waits, and where it waited already it keeps its place; whether that is news."""
        before = self._refused.get(key)
        self._withdraw(key, before.networks - why.networks if before else ())
        self._refused[key] = _bare(why)
        for network in why.networks:
            self._lines[network].join(key, again=key in self._woken)
        self._woken.discard(key)
        return before is None or str(before) != str(why)

    def leave(self, key: Key) -> None:
        """The key has what it asked for, or asks no more."""
        if why := self._refused.pop(key, None):
            self._withdraw(key, why.networks)
        self._woken.discard(key)

    def reasons(self) -> dict[str, int]:
        """How many wait, by reason."""
        counts: dict[str, int] = defaultdict(int)
        for why in self._refused.values():
            counts[why.reason] += 1
        return dict(counts)

    def woken_by(self, freed: Iterable[str]) -> list[Key]:
        """For every address freed in a network, the pod that has waited longest there; and whatever waits for it to empty."""
        self._frees += 1
        woken: dict[Key, None] = {}
        for network in freed:
            self._freed[network] = self._frees
            if line := self._lines.get(network):
                woken |= dict.fromkeys(line.call())
        self._woken |= woken.keys()
        return list(woken)

    def freed_since(self, mark: int, networks: Iterable[str]) -> bool:
        """Whether an address was freed in one of the networks after the mark: who was not waiting then was not woken."""
        return any(self._freed.get(network, 0) > mark for network in networks)

    def _withdraw(self, key: Key, networks: Iterable[str]) -> None:
        for network in networks:
            self._lines[network].leave(key)
            if not self._lines[network]:
                del self._lines[network]


def _bare(why: Refusal) -> Refusal:
    """Without what it was raised through: that would keep alive whatever a pass over many keys knew."""
    why.__cause__ = why.__context__ = None
    return why.with_traceback(None)


class Line:
    """Those who wait for addresses of one network; a pod is called once, until it comes again and is then before all others."""

    def __init__(self) -> None:
        self._again: OrderedDict[Key, None] = OrderedDict()
        self._first: OrderedDict[Key, None] = OrderedDict()
        self._others: dict[Key, None] = {}

    def __bool__(self) -> bool:
        return bool(self._again or self._first or self._others)

    def join(self, key: Key, *, again: bool) -> None:
        """Wait at the end, or with those that were called before."""
        if key.kind != POD:
            self._others[key] = None
        elif key not in self._first:
            (self._again if again else self._first).setdefault(key)

    def leave(self, key: Key) -> None:
        """Wait no more."""
        for keys in (self._again, self._first, self._others):
            keys.pop(key, None)

    def call(self) -> list[Key]:
        """The next pod, and everything else."""
        pods = next((keys for keys in (self._again, self._first) if keys), None)
        return [*([pods.popitem(last=False)[0]] if pods else []), *self._others]


class References:
    """Which pods select which definition, also one that does not exist (yet)."""

    def __init__(self) -> None:
        self._pods: dict[Key, dict[Key, None]] = defaultdict(dict)
        self._definitions: dict[Key, tuple[Key, ...]] = {}

    def set(self, pod: Key, definitions: Iterable[Key]) -> None:
        """The pod selects these and no others."""
        for definition in self._definitions.pop(pod, ()):
            self._pods[definition].pop(pod, None)
            if not self._pods[definition]:
                del self._pods[definition]
        if chosen := tuple(dict.fromkeys(definitions)):
            self._definitions[pod] = chosen
            for definition in chosen:
                self._pods[definition][pod] = None

    def of(self, definition: Key) -> list[Key]:
        """The pods that select the definition."""
        return list(self._pods.get(definition, ()))
