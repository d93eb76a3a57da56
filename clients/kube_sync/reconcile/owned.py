"""What of the configuration API was made for objects of this cluster, by its marks; read a page at a time, however much there is."""

from collections.abc import AsyncIterator, Callable, Mapping

from kube_sync.model.names import annotations_of
from kube_sync.model.objects import NAMESPACE, Key
from kube_sync.reconcile.config import ConfigApi

PAGE = 500


class Owned:
    """Only what names the uid of its owner counts: the cluster's own objects have no owner to outlive."""

    def __init__(self, api: ConfigApi, claims: Callable[[Mapping[str, str], str], bool]) -> None:
        self._api = api
        self._claims = claims

    async def of(self, kind: str, owner: str) -> AsyncIterator[tuple[Key, str]]:
        """The owners of one Kubernetes kind that have objects of a kind of the configuration API, each with the uid it had."""
        async for row in self._api.iterate(kind, page=PAGE, fields=["annotations"]):
            marks = annotations_of(row)
            if self._claims(marks, str(row["uuid"])) and marks.get("kind") == owner and {"namespace", "name", "k8s_uuid"} <= marks.keys():
                namespace = "" if owner == NAMESPACE else marks["namespace"]
                yield Key(owner, namespace, marks["name"]), marks["k8s_uuid"]
