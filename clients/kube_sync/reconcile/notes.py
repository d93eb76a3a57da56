"""What an owner should know of a network that is had all the same (G1, B08)."""

from kube_sync.cluster.source import Event, Source
from kube_sync.model.networks import Note
from kube_sync.model.objects import Key


class Notes:
    """Each is said when it becomes true; a worker that starts and finds all in step says nothing again."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._said: dict[Key, tuple[str, tuple[Note, ...]]] = {}

    async def say(self, key: Key, uid: str, notes: tuple[Note, ...], *, changed: bool) -> None:
        """These are true of the object now, of which something was `changed` or was not."""
        before, now = self._said.get(key), (uid, notes)
        self._said[key] = now
        if before != now and (changed or before is not None):
            for note in notes:
                await self._source.tell(Event(key, uid, note.reason, note.text, note.warning))

    def forget(self, key: Key) -> None:
        """The object has gone."""
        self._said.pop(key, None)
