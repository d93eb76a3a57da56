"""The project of each namespace, made when something in the namespace first needs it."""

from contextlib import suppress

import netweave
from kube_sync.model import documents
from kube_sync.model.names import Names
from kube_sync.reconcile.config import ConfigApi


class Projects:
    """Projects that exist, whoever made them, are used as they are."""

    def __init__(self, api: ConfigApi, names: Names) -> None:
        self._api = api
        self._names = names
        self._known: set[str] = set()

    async def ensure(self, namespace: str) -> None:
        """Promise that the namespace's project exists; asks once."""
        if namespace not in self._known:
            try:
                await self._api.find("project", self._names.project(namespace))
            except netweave.NotFound:
                with suppress(netweave.AlreadyExists):
                    await self._api.create("project", documents.project(self._names, namespace))
            self._known.add(namespace)

    def forget(self, namespace: str) -> None:
        """Somebody removed it."""
        self._known.discard(namespace)
