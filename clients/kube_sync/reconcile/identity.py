"""Whether this cluster already has objects under another name: two names would be two sets of objects for the same pods (10)."""

from itertools import islice

from kube_sync.cluster.cache import Caches
from kube_sync.model.entries import MACHINE
from kube_sync.model.names import OWNER, Names, annotations_of
from kube_sync.model.objects import namespace_key
from kube_sync.model.refusals import NameCollision
from kube_sync.reconcile.config import ConfigApi

PROJECT = "project"
SOME = 100  # pods; of a cluster that was filled under another name each has its machine
PAGE = 500


async def check_cluster_name(api: ConfigApi, names: Names, caches: Caches) -> None:
    """
    NameCollision if an object of another cluster name was made for a pod of this cluster, or for its namespace `default`: a virtual-machine
    has its pod's uid, and a project keeps that of its namespace, which no other cluster can have.
    """
    pods = {names.machine_uuid(pod.uid): str(pod.key) for pod in islice(caches.pods, SOME)}
    for row in await api.list(MACHINE, obj_uuids=pods, fields=["annotations"]) if pods else ():
        _check(names, annotations_of(row), pods[str(row["uuid"])])
    if default := caches.namespaces.get(namespace_key("default")):
        async for row in api.iterate(PROJECT, page=PAGE, fields=["annotations"]):
            if (marks := annotations_of(row)).get("k8s_uuid") == default.uid:
                _check(names, marks, str(default.key))


def _check(names: Names, marks: dict[str, str], made_for: str) -> None:
    other = marks.get("cluster", "")
    if marks.get("owner") == OWNER and other != names.cluster:
        fault = (
            f"this cluster has objects under the name {other}, as for {made_for}; start with --cluster-name {other}, or remove them first"
        )
        raise NameCollision(f"--cluster-name {names.cluster}:", fault)
