"""What this worker itself removed or changed, so that word of it wakes nobody (B14, B24)."""

from collections import OrderedDict
from collections.abc import Iterable

# Word comes within a second; where none comes, because nobody listens, the oldest are forgotten.
REMEMBERED = 100_000


class Own:
    """Noted before a write is sent, since word of it may be faster than its answer."""

    def __init__(self) -> None:
        self._uuids: OrderedDict[str, None] = OrderedDict()

    def note(self, uuids: Iterable[str]) -> None:
        """These are about to be written."""
        self._uuids.update(dict.fromkeys(uuids))
        while len(self._uuids) > REMEMBERED:
            self._uuids.popitem(last=False)

    def take(self, uuid: str) -> bool:
        """Whether a write that is told of was one of these; each is told once."""
        return self._uuids.pop(uuid, self) is None
