"""Brings the network of one network-attachment-definition in step with it (B02 to B14, B40)."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import netweave
from kube_sync.cluster.cache import Cache
from kube_sync.cluster.source import Source
from kube_sync.model import documents
from kube_sync.model.names import FABRIC, FqName, Names, annotations_of
from kube_sync.model.networks import IpNetwork, Made, Mapped, is_ours, network_of
from kube_sync.model.objects import Definition, Key
from kube_sync.model.refusals import CIDRImmutable, NameCollision, NetworkInUse, TargetNotFound
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.projects import Projects

NETWORK, IPAM = "virtual-network", "network-ipam"
FIELDS = ["annotations", "network_ipam_refs", "virtual_network_refs", "fabric_snat"]
USERS = ["virtual_machine_interface_back_refs", "instance_ip_back_refs"]


class Definitions:
    """Looks at one definition; what it cannot have is a Refusal."""

    def __init__(
        self,
        api: ConfigApi,
        names: Names,
        source: Source,
        cache: Cache[Definition],
        projects: Projects,
        ranges: tuple[IpNetwork, ...],
    ) -> None:
        self._api = api
        self._names = names
        self._source = source
        self._cache = cache
        self._projects = projects
        self._ranges = ranges

    async def reconcile(self, key: Key) -> None:
        """Once it returns, the network is as the definition wants it."""
        definition = self._cache.get(key)
        if definition is None or definition.deleting:
            await self._remove(key, definition)
        elif is_ours(definition):
            await self._bring_about(definition)

    async def owned(self) -> list[tuple[Key, str]]:
        """The definitions that have networks, each with the uid it had."""
        rows = await self._api.list(NETWORK, fields=["annotations"], page=1000)
        marks = [annotations_of(row) for row in rows if self._names.owns(row)]
        return [(Key(mark["kind"], mark["namespace"], mark["name"]), mark["k8s_uuid"]) for mark in marks if "k8s_uuid" in mark]

    async def _bring_about(self, definition: Definition) -> None:
        network = network_of(definition, self._names, self._ranges)
        if isinstance(network, Mapped):
            await self._check_target(network)
            return
        if not definition.held:
            await self._source.hold(definition)
        await self._projects.ensure(definition.key.namespace)
        found = await self._read(definition.key, FIELDS)
        if found is None:
            await self._make(definition, network)
        else:
            await self._correct(definition, network, found)

    async def _check_target(self, network: Mapped) -> None:
        try:
            await self._api.find(NETWORK, network.fq_name)
        except netweave.NotFound as why:
            raise TargetNotFound(":".join(network.fq_name), "does not exist in the configuration API") from why

    async def _make(self, definition: Definition, network: Made) -> None:
        marks, ipam = self._marks(definition), self._uuid("ipam", definition.key)
        try:
            await self._create(IPAM, documents.ipam(network, ipam, marks))
            await self._create(NETWORK, documents.network(network, self._uuid("network", definition.key), marks))
        except netweave.ParentNotFound:
            self._projects.forget(definition.key.namespace)
            raise

    async def _create(self, kind: str, document: dict[str, Any]) -> None:
        try:
            await self._api.create(kind, document)
        except netweave.AlreadyExists as why:
            found = await self._find(kind, document["uuid"], ["annotations"])
            if found is None or list(found["fq_name"]) != document["fq_name"] or not self._names.owns(found):
                raise NameCollision(":".join(document["fq_name"]), f"is a {kind} of somebody else: it is neither used nor changed") from why

    async def _correct(self, definition: Definition, network: Made, found: Mapping[str, Any]) -> None:
        changes = _changes(network, self._marks(definition), found)
        if "network_ipam_refs" in changes:
            await self._check_unused(definition.key, network, found)
        if changes:
            await self._api.update(NETWORK, found["uuid"], changes)

    async def _check_unused(self, key: Key, network: Made, found: Mapping[str, Any]) -> None:
        uuid = str(found["uuid"])
        users = await self._read(key, USERS) or {}
        if users.get("instance_ip_back_refs"):
            there, wanted = (", ".join(map(str, subnets)) for subnets in (documents.subnets_of(found)[0], network.subnets))
            raise CIDRImmutable(f"{there}", f"cannot become {wanted} while {self._pods(users)} hold addresses of it", networks=[uuid])

    async def _remove(self, key: Key, definition: Definition | None) -> None:
        """The network first, its IPAM then, the definition last; nothing that is not ours (B03, B40)."""
        found = await self._read(key, ["annotations", *USERS])
        if found is not None and self._names.owns(found):
            uuid = str(found["uuid"])
            if any(found.get(link) for link in USERS):
                raise NetworkInUse(":".join(found["fq_name"]), f"is used by {self._pods(found)}", networks=[uuid])
            await self._delete(NETWORK, uuid)
        if found is None or self._names.owns(found):
            await self._delete(IPAM, self._uuid("ipam", key))
        if definition is not None and definition.held:
            await self._source.release(definition)

    async def _delete(self, kind: str, uuid: str) -> None:
        with suppress(netweave.NotFound):
            try:
                await self._api.delete(kind, uuid)
            except (netweave.StillReferenced, netweave.ChildrenPresent) as why:
                raise NetworkInUse(f"{kind} {uuid}", f"cannot be removed: {why}", networks=[uuid]) from why

    def _pods(self, network: Mapping[str, Any]) -> str:
        """Who uses a network, told as namespace/pod where an interface has the name that pods' interfaces have."""
        links: list[FqName] = [tuple(ref["to"]) for ref in network.get(USERS[0]) or ()]
        pods = {f"{self._names.namespace(to[1])}/{to[2].rpartition('__')[0]}" for to in links if len(to) == 3 and "__" in to[2]}
        return ", ".join(sorted(pods)) or "interfaces or addresses that no pod has"

    def _marks(self, definition: Definition) -> dict[str, str]:
        return self._names.marks(definition.key.kind, definition.key.namespace, definition.key.name, k8s_uuid=definition.uid)

    def _uuid(self, what: str, key: Key) -> str:
        return self._names.uuid(what, key.namespace, key.name)

    async def _read(self, key: Key, fields: list[str]) -> dict[str, Any] | None:
        return await self._find(NETWORK, self._uuid("network", key), fields)

    async def _find(self, kind: str, uuid: str, fields: list[str]) -> dict[str, Any] | None:
        try:
            return await self._api.read(kind, uuid, fields)
        except netweave.NotFound:
            return None


def _changes(wanted: Made, marks: Mapping[str, str], found: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the document that differs; nothing when the network is as wanted (B14)."""
    document = documents.changeable(wanted, marks)
    same = {
        "network_ipam_refs": sorted(map(str, documents.subnets_of(found)[0])) == sorted(map(str, wanted.subnets)),
        "virtual_network_refs": (list(FABRIC) in [ref["to"] for ref in found.get("virtual_network_refs") or ()]) == wanted.forwarding,
        "fabric_snat": bool(found.get("fabric_snat")) == wanted.snat,
        "annotations": annotations_of(found) == marks,
    }
    return {field: value for field, value in document.items() if not same[field]}
