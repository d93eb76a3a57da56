"""Whom to look at again when something becomes known: who waits for it, and who is not as he was."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from kube_sync.cluster.cache import Cache
from kube_sync.model.attachments import attachments_of
from kube_sync.model.objects import DEFINITION, POD, Definition, Key, Pod
from kube_sync.model.refusals import InvalidAnnotation, Refusal
from kube_sync.reconcile.pods import is_due
from kube_sync.reconcile.queue import WorkQueue
from kube_sync.reconcile.waiting import References, WaitingRoom


class Wakes:
    """Knows which pods select which definitions, and hears what happens to what they rest on."""

    def __init__(
        self,
        queue: WorkQueue,
        waiting: WaitingRoom,
        pods: Cache[Pod],
        definitions: Cache[Definition],
        reconsider: Callable[[Key], None],
    ) -> None:
        self._queue = queue
        self._waiting = waiting
        self._pods = pods
        self._definitions = definitions
        self._reconsider = reconsider
        self._selecting = References()

    def selects(self, key: Key, pod: Pod | None) -> None:
        """The pod selects these definitions now, or none."""
        self._selecting.set(key, _definitions(pod.selection, pod.key.namespace) if pod else ())

    def made(self, definition: Key, waiting_for: type[Refusal] = Refusal) -> None:
        """The pods that wait for the definition, for that reason, or may be about to."""
        running = self._queue.running
        for pod in self._selecting.of(definition):
            if isinstance(self._waiting.why(pod), waiting_for) or pod in running:
                self._look_anew(pod)

    def members_of(self, namespace: Key) -> None:
        """What waits in the namespace, or may be about to."""
        for key in (*self._waiting, *self._queue.running):
            if key.namespace == namespace.name:
                self._look_anew(key)

    def freed(self, networks: Iterable[str]) -> None:
        """For each address, the pod that has waited longest for one there; and the definitions that wait for network or name."""
        for key in self._waiting.woken_by(networks):
            self._queue.add(key)

    def named(self, name: str) -> None:
        """All who were refused because an object of that name was not there (B04), or was (B11): a refusal tells the name."""
        for key in self._waiting:
            if name in str(self._waiting.why(key)):
                self._look_anew(key)

    def repair(self, key: Key) -> None:
        """The object, if it is one that has something in the configuration API."""
        if is_due(self._pods.get(key)) if key.kind == POD else self._definitions.get(key):
            self._look_anew(key)

    def missed(self) -> None:
        """All that wait."""
        for key in self._waiting:
            self._look_anew(key)

    def _look_anew(self, key: Key) -> None:
        """Not only for what it was refused last: anything may be other now."""
        self._reconsider(key)
        self._queue.add(key)


@lru_cache(maxsize=4096)
def _definitions(selection: str, namespace: str) -> tuple[Key, ...]:
    """What replicas select alike is read, and kept, once."""
    try:
        attachments = attachments_of(selection, namespace)
    except InvalidAnnotation:
        return ()
    return tuple(Key(DEFINITION, attachment.namespace, attachment.name) for attachment in attachments)
