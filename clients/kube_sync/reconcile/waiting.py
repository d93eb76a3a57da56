"""Who waits for what, and who selects which definition: whom to wake when something changes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from kube_sync.model.objects import DEFINITION, POD, Key
from kube_sync.model.refusals import Refusal


class WaitingRoom:
    """The keys that were refused, in order of arrival."""

    def __init__(self) -> None:
        self._refused: dict[Key, Refusal] = {}

    def __len__(self) -> int:
        return len(self._refused)

    def __contains__(self, key: Key) -> bool:
        return key in self._refused

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._refused))

    def why(self, key: Key) -> Refusal | None:
        """What the key was refused for."""
        return self._refused.get(key)

    def enter(self, key: Key, why: Refusal) -> bool:
        """The key waits, and if it waited already it keeps its place; whether that is news."""
        before = self._refused.get(key)
        self._refused[key] = why
        return before is None or str(before) != str(why)

    def leave(self, key: Key) -> None:
        """The key has what it asked for, or asks no more."""
        self._refused.pop(key, None)

    def reasons(self) -> dict[str, int]:
        """How many wait, by reason."""
        counts: dict[str, int] = defaultdict(int)
        for why in self._refused.values():
            counts[why.reason] += 1
        return dict(counts)

    def woken_by(self, freed: Iterable[str]) -> list[Key]:
        """For every address freed in a network, the pod that has waited longest there; and the definitions waiting for it to empty."""
        woken: dict[Key, None] = {}
        for network in freed:
            pods = (key for key, why in self._refused.items() if key.kind == POD and network in why.networks and key not in woken)
            woken |= dict.fromkeys(key for key in [next(pods, None)] if key)
            woken |= dict.fromkeys(key for key, why in self._refused.items() if key.kind == DEFINITION and network in why.networks)
        return list(woken)


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
