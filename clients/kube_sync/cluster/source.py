"""Where the cluster's objects come from, and what is told back about them; a live cluster or a folder of manifests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from kube_sync.cluster.cache import Caches
from kube_sync.cluster.watched import Watched
from kube_sync.model.objects import Definition, Key, Pod


@dataclass(frozen=True)
class Event:
    """Something its owner should know of an object."""

    about: Key
    uid: str
    reason: str
    message: str
    warning: bool = True
    aside: bool = False  # of a namespace that holds nothing new any more


class Source(Protocol):
    """Seven verbs and a doubt; what the API server refuses or does not answer is a KubeError, and will be tried again."""

    @property
    def watched(self) -> Mapping[str, Watched]:
        """What there is to see of each list+watch, by resource; nothing where nothing is watched."""
        ...

    async def follow(self, caches: Caches) -> None:
        """Keep the caches equal to what is there, until cancelled."""
        ...

    async def publish(self, pod: Pod, status: str) -> None:
        """Write the pod's network-status; a pod that is gone or replaced needs none."""
        ...

    async def hold(self, definition: Definition) -> None:
        """Keep the definition from vanishing before its network has gone."""
        ...

    async def tell_users(self, definition: Definition, users: str) -> None:
        """Write beside a definition that waits who still uses its network."""
        ...

    async def release(self, definition: Definition) -> None:
        """Let it go."""
        ...

    async def tell(self, event: Event) -> None:
        """Tell the object's owner; never fails for that."""
        ...

    async def is_gone(self, key: Key, uid: str) -> bool:
        """Whether this source, asked now, vouches that the object with this uid is no more (4.1)."""
        ...

    def is_whole(self) -> bool:
        """Whether all that there is could be read."""
        ...
