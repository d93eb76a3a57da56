"""Whom the configuration API knows already: the uids of the objects that things of ours were made for."""

from kube_sync.model.names import Names, annotations_of
from kube_sync.model.objects import Key
from kube_sync.reconcile.config import ConfigApi


async def known_uids(api: ConfigApi, names: Names) -> dict[Key, str]:
    """Of pods and definitions; so that a repository of manifests can be compared with the cluster that it was applied to."""
    rows = [row for kind in ("virtual-machine", "virtual-network") for row in await api.list(kind, fields=["annotations"], page=1000)]
    marks = [annotations_of(row) for row in rows if names.owns(row)]
    return {Key(mark["kind"], mark["namespace"], mark["name"]): mark["k8s_uuid"] for mark in marks if "k8s_uuid" in mark}
