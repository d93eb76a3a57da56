"""A folder of manifests that a test follows."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from kube_sync.cluster.cache import Cache, Caches
from kube_sync.cluster.folder import Folder
from kube_sync.model.objects import POD, Definition, Key, Namespace, Pod
from tests.unit.kube_sync.fakes import FakeClock

POD_MANIFEST = """
kind: Pod
metadata:
  name: web-0
  annotations: {k8s.v1.cni.cncf.io/networks: blue}
"""
DEFINITION_MANIFEST = """
kind: NetworkAttachmentDefinition
metadata: {name: blue, annotations: {opencontrail.org/cidr: 10.1.1.0/24}}
spec: {config: '{"type": "contrail-k8s-cni"}'}
"""
WEB = Key(POD, "default", "web-0")


class Reading:
    """A folder that is being followed."""

    def __init__(self, path: Path, *, recursive: bool = False, known: Mapping[Key, str] | None = None) -> None:
        self.path = path
        self.clock = FakeClock()
        self.said: list[str] = []

        async def uids() -> Mapping[Key, str]:
            return known or {}

        self.folder = Folder(path, self.clock, self.said.append, recursive=recursive, known=uids)
        self.changes: list[Key] = []
        self.pods: Cache[Pod] = Cache(lambda key, _old, _new: self.changes.append(key))
        self.definitions: Cache[Definition] = Cache(lambda key, _old, _new: self.changes.append(key))
        self.namespaces: Cache[Namespace] = Cache(lambda key, _old, _new: self.changes.append(key))

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)

    async def __aenter__(self) -> "Reading":
        self._task = asyncio.create_task(self.folder.follow(Caches(self.pods, self.definitions, self.namespaces)))
        await self.pods.until_synced()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def pass_time(self) -> None:
        """Let the folder be looked at again; it is read on another thread."""
        looks = len(self.clock.slept)
        while len(self.clock.slept) < looks + 2:
            await self.clock.advance(1)
            await asyncio.sleep(0.005)
