"""A pod's virtual-machine, interfaces and addresses as the configuration API has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import netweave
from kube_sync.model import documents
from kube_sync.model.names import FqName, Names, annotations_of
from kube_sync.model.plan import Action, Address, Create, Delete, Found, Interface, Machine
from kube_sync.model.refusals import NameCollision
from kube_sync.model.status import Row
from kube_sync.reconcile.config import ConfigApi

MACHINE, INTERFACE, ADDRESS = "virtual-machine", "virtual-machine-interface", "instance-ip"
MACS, IP = "virtual_machine_interface_mac_addresses", "instance_ip_address"


@dataclass(frozen=True)
class Root:
    """A virtual-machine that is there."""

    uuid: str
    marks: dict[str, str]
    routers: tuple[str, ...]  # uuids of the virtual-routers that refer to it


class Tree:
    """The interfaces and addresses of one virtual-machine."""

    def __init__(self, root: Root | None, interfaces: Iterable[dict[str, Any]] = (), addresses: Iterable[dict[str, Any]] = ()) -> None:
        self.root = root
        self._interfaces = {str(row["uuid"]): row for row in interfaces}
        self._addresses = {str(row["uuid"]): row for row in addresses}

    @property
    def found(self) -> Found:
        """The uuids, for the plan."""
        return Found(self.root.uuid if self.root else None, tuple(self._interfaces), tuple(self._addresses))

    @property
    def networks(self) -> list[str]:
        """The uuid of the network of each address: what its removal frees."""
        return [str(ref["uuid"]) for row in self._addresses.values() for ref in row.get("virtual_network_refs") or ()]

    def row(self, interface: Interface) -> Row:
        """MAC and addresses of an interface that is there."""
        macs = (self._interfaces[interface.uuid].get(MACS) or {}).get("mac_address") or [""]
        ips = tuple(str(self._addresses[address.uuid].get(IP, "")) for address in interface.addresses)
        return Row(macs[0], ips)


class Trees:
    """Reads and writes trees; every write may have happened before, by a run that was cut off (B36)."""

    def __init__(self, api: ConfigApi, names: Names) -> None:
        self._api = api
        self._names = names

    async def root(self, fq_name: FqName) -> Root | None:
        """The virtual-machine of that name; NameCollision if it is not this cluster's."""
        found = await self._api.list(MACHINE, fq_names=[fq_name], fields=["annotations", "virtual_router_back_refs"])
        if not found:
            return None
        if not self._names.owns(found[0]):
            raise NameCollision(fq_name[0], f"is a virtual-machine of somebody else ({found[0]['uuid']}), who must remove or rename it")
        return _root(found[0])

    async def owned(self) -> list[Root]:
        """All of this cluster."""
        return [_root(row) for row in await self._api.list(MACHINE, fields=["annotations"], page=1000) if self._names.owns(row)]

    async def read(self, root: Root | None) -> Tree:
        """All that hangs on the virtual-machine, in two calls."""
        if root is None:
            return Tree(None)
        interfaces = await self._api.list(INTERFACE, back_ref_id=root.uuid, fields=[MACS])
        uuids = [str(row["uuid"]) for row in interfaces]
        addresses = await self._api.list(ADDRESS, back_ref_id=uuids, fields=[IP, "virtual_network_refs"]) if uuids else []
        return Tree(root, interfaces, addresses)

    async def remove(self, root: Root) -> list[str]:
        """Leaves first; answers the networks in which addresses were freed."""
        tree = await self.read(root)
        for router in root.routers:
            await self._api.ref_update("virtual-router", router, MACHINE, root.uuid, operation="DELETE")
        found = tree.found
        for kind, uuids in ((ADDRESS, found.addresses), (INTERFACE, found.interfaces[::-1]), (MACHINE, (root.uuid,))):
            for uuid in uuids:
                await self.apply(Delete(kind, uuid), root.uuid)
        return tree.networks

    async def apply(self, action: Action, machine: str) -> None:
        """Do it; an object that is gone is deleted, and one that is there as wanted is created."""
        if isinstance(action, Delete):
            try:
                await self._api.delete(action.kind, action.uuid)
            except netweave.NotFound:
                return
        else:
            await self._create(action, machine)

    async def macs_in(self, network: str) -> dict[str, str]:
        """The MAC addresses of a network's interfaces, with the uuid of each."""
        rows = await self._api.list(INTERFACE, back_ref_id=network, fields=[MACS])
        return {mac.lower(): str(row["uuid"]) for row in rows for mac in (row.get(MACS) or {}).get("mac_address") or ()}

    async def _create(self, action: Create, machine: str) -> None:
        kind, document = _wire(action.what, machine)
        try:
            await self._api.create(kind, document)
        except netweave.AlreadyExists as why:
            if not await self._is_there(kind, document):
                raise NameCollision(":".join(document["fq_name"]), f"cannot be made: {why}") from why

    async def _is_there(self, kind: str, document: dict[str, Any]) -> bool:
        """Whether a cut off run of ours, or a twin of ours, was here before."""
        try:
            found = await self._api.read(kind, document["uuid"], ["annotations"])
        except netweave.NotFound:
            return False
        # An instance-ip has no marks; its name holds its uuid, which nobody else derives.
        return list(found["fq_name"]) == document["fq_name"] and (kind == ADDRESS or self._names.owns(found))


def _wire(what: Machine | Interface | Address, machine: str) -> tuple[str, dict[str, Any]]:
    match what:
        case Machine():
            return MACHINE, documents.machine(what)
        case Interface():
            return INTERFACE, documents.interface(what, machine)
        case Address():
            return ADDRESS, documents.address(what)


def _root(row: dict[str, Any]) -> Root:
    routers = tuple(str(ref["uuid"]) for ref in row.get("virtual_router_back_refs") or ())
    return Root(str(row["uuid"]), annotations_of(row), routers)
