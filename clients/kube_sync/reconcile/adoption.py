"""Takes over what the old kube-manager made for this cluster, where `--adopt` says so: as it is, with marks of ours (section 8)."""

from collections.abc import Mapping
from typing import Any

import structlog

from kube_sync.model import documents
from kube_sync.model.adoption import choices_kept
from kube_sync.model.choices import frozen
from kube_sync.model.entries import ADDRESS, INTERFACE, MACHINE, Entry, deletion
from kube_sync.model.names import CHOICES, FqName, Names, annotations_of
from kube_sync.model.networks import Made
from kube_sync.model.objects import Definition, Key, Pod
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.trees import NETWORKS, OF_INTERFACES, OF_MACHINES, Tree

NETWORK, IPAM = "virtual-network", "network-ipam"

Row = dict[str, Any]
log = structlog.get_logger()


class Adoption:
    """
    The old manager's marks are ours without the word `manager`. With `on`, what has them is taken over; `networks` are those that it made
    for definitions, which have no marks at all (D6), and are therefore told by name.
    """

    def __init__(self, api: ConfigApi, names: Names, networks: frozenset[str], *, on: bool) -> None:
        self._api = api
        self._names = names
        self._networks = networks
        self._on = on

    def claims(self, marks: Mapping[str, str], uuid: str) -> bool:
        """Whether the object with these annotations and this uuid is this cluster's, or is to be."""
        return self._names.is_ours(marks, uuid) or (self._on and self._names.is_old(marks, uuid))

    async def of_trees(self, trees: Mapping[Key, Tree], pods: Mapping[Key, Pod]) -> bool:
        """Whether some were taken over, and must be read again; a machine without interfaces is worth nothing, and goes."""
        old = {tree.root.uuid: key for key, tree in trees.items() if self._on and self._names.is_old(tree.root.marks, tree.root.uuid)}
        if not old:
            return False
        interfaces = await self._api.list(INTERFACE, back_ref_id=old, fields=["annotations", NETWORKS, OF_MACHINES])
        uuids = [str(row["uuid"]) for row in interfaces]
        addresses = await self._api.list(ADDRESS, back_ref_id=uuids, fields=[OF_INTERFACES]) if uuids else []
        for machine, key in old.items():
            hanging = [row for row in interfaces if row.get(NETWORKS) and any(ref["uuid"] == machine for ref in row.get(OF_MACHINES) or ())]
            await self._api.bulk(self._entries(key, trees[key], pods.get(key), hanging, addresses))
            log.info("adopted", key=str(key), uid=machine, interfaces=len(hanging))
        return True

    async def of_object(self, kind: str, fq_name: FqName, marks: Mapping[str, str]) -> None:
        """The object of that name, if it is there and the old manager's."""
        if self._on and (found := await self._find(kind, fq_name)) and self._is_old(found):
            await self._mark(kind, found, marks)

    async def of_cluster_wide(self, ipam: Row, network: Row) -> None:
        """The network of all pods, and with it the IPAM that it draws from, which the old manager may not have marked; as documents."""
        found = await self._find(NETWORK, network["fq_name"]) if self._on else None
        if found is None or not self._is_old(found):
            return
        pool = await self._find(IPAM, ipam["fq_name"])
        if pool and not self._names.owns(pool) and ipam["fq_name"] in [ref["to"] for ref in found.get("network_ipam_refs") or ()]:
            await self._mark(IPAM, pool, annotations_of(ipam))
        await self._mark(NETWORK, found, annotations_of(network))

    async def of_definition(self, definition: Definition, wanted: Made) -> None:
        """The network of its name, if it was told to be taken over and is nobody's, and its IPAM."""
        if ":".join(wanted.fq_name) not in self._networks:
            return
        marks = self._names.marks(definition.key.kind, definition.key.namespace, definition.key.name, k8s_uuid=definition.uid)
        # The network last: as long as it is nobody's, this was not done.
        for kind, name in ((IPAM, wanted.ipam), (NETWORK, wanted.fq_name)):
            if (found := await self._find(kind, name)) and "owner" not in annotations_of(found):
                await self._mark(kind, found, marks)

    def _entries(self, key: Key, tree: Tree, pod: Pod | None, interfaces: list[Row], addresses: list[Row]) -> list[Entry]:
        if not interfaces:
            return [deletion(MACHINE, tree.root.uuid)]
        choices = choices_kept(key.namespace, pod, interfaces, addresses)
        marks = self._names.marks(key.kind, key.namespace, key.name, k8s_uuid=tree.root.marks.get("k8s_uuid", tree.root.uuid))
        entries = [_marking(MACHINE, tree.root.uuid, {**tree.root.marks, **marks, CHOICES: frozen(choices)})]
        # What the CNI plug-in reads of an interface stays as it is.
        own = self._names.marks(key.kind, key.namespace, key.name)
        return [*entries, *(_marking(INTERFACE, str(row["uuid"]), {**annotations_of(row), **own}) for row in interfaces)]

    def _is_old(self, found: Row) -> bool:
        return self._names.is_old(annotations_of(found), str(found["uuid"]))

    async def _find(self, kind: str, fq_name: FqName) -> Row | None:
        fields = ["annotations", "network_ipam_refs"] if kind == NETWORK else ["annotations"]
        return next(iter(await self._api.list(kind, fq_names=[fq_name], fields=fields)), None)

    async def _mark(self, kind: str, found: Row, marks: Mapping[str, str]) -> None:
        log.info("adopted", kind=kind, fq_name=":".join(found["fq_name"]))
        await self._api.update(kind, str(found["uuid"]), {"annotations": documents.annotations({**annotations_of(found), **marks})})


def _marking(kind: str, uuid: str, marks: Mapping[str, str]) -> Entry:
    return {"kind": kind, "operation": "update", "data": {"uuid": uuid, "annotations": documents.annotations(marks)}}
