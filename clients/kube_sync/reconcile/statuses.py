"""The pods' network-status: written when the text differs, and not once more while its echo is under way (B24)."""

from collections.abc import Iterable
from dataclasses import dataclass

from kube_sync.cluster.api import KubeError, RefusedError
from kube_sync.cluster.source import Source
from kube_sync.model.choices import Choice
from kube_sync.model.names import Names
from kube_sync.model.objects import Key, Pod
from kube_sync.model.refusals import StatusForbidden
from kube_sync.model.status import Row, StatusStyle, is_foreign, network_status


@dataclass
class Published:
    """A status that was written; until it has come back, the cache shows the one it replaced."""

    uid: str
    text: str
    replaced: str


class Statuses:
    """What was published of each pod."""

    def __init__(self, source: Source, names: Names, style: StatusStyle) -> None:
        self._source = source
        self._names = names
        self._style = style
        self._published: dict[Key, Published] = {}
        self.foreign: set[Key] = set()

    def due(self, pod: Pod, choices: Iterable[Choice], rows: list[Row]) -> str | None:
        """The text that the pod's status must become; None when nothing needs to be written."""
        (self.foreign.add if is_foreign(pod, list(rows[0].ips)) else self.foreign.discard)(pod.key)
        text = network_status(pod, choices, rows, self._names, self._style)
        return None if text == pod.status or self._is_under_way(pod, text) else text

    async def publish(self, pod: Pod, text: str) -> None:
        """Write it."""
        # Noted first: it may come back before the answer does.
        self._published[pod.key] = Published(pod.uid, text, pod.status)
        try:
            await self._source.publish(pod, text)
        except KubeError as why:
            self._published.pop(pod.key, None)
            if isinstance(why, RefusedError) and why.status == 403:
                raise StatusForbidden("network-status", f"cannot be written, the pod has its interfaces nevertheless: {why}") from why
            raise

    def is_echo(self, pod: Pod) -> bool:
        """Whether the pod's status is what was last written here, so that its coming back needs no look (B24)."""
        last = self._published.get(pod.key)
        if last is None or (last.uid, last.text) != (pod.uid, pod.status):
            return False
        del self._published[pod.key]
        return True

    def forget(self, key: Key) -> None:
        """The pod has no interfaces any more."""
        self._published.pop(key, None)
        self.foreign.discard(key)

    def _is_under_way(self, pod: Pod, text: str) -> bool:
        last = self._published.get(pod.key)
        return last is not None and (last.uid, last.text, last.replaced) == (pod.uid, text, pod.status)
