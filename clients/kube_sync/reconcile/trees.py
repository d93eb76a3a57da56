"""Pods' virtual-machines with their interfaces and addresses, as the configuration API has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kube_sync.model.entries import ADDRESS, INTERFACE, MACHINE, ROUTER, Entry, deletion, link
from kube_sync.model.names import FqName, Names, annotations_of
from kube_sync.model.plan import Found, Interface
from kube_sync.model.refusals import NameCollision
from kube_sync.model.status import Row
from kube_sync.reconcile.config import ConfigApi

MACS, IP = "virtual_machine_interface_mac_addresses", "instance_ip_address"
OF_MACHINES, OF_INTERFACES = "virtual_machine_refs", "virtual_machine_interface_refs"
NETWORKS, ROUTERS = "virtual_network_refs", "virtual_router_back_refs"

Document = dict[str, Any]


@dataclass(frozen=True)
class Root:
    """A virtual-machine that is there."""

    uuid: str
    marks: dict[str, str]
    routers: tuple[str, ...] = ()  # uuids of the virtual-routers that refer to it


class Tree:
    """One virtual-machine and all that hangs on it, whoever made that."""

    def __init__(self, root: Root, names: Names) -> None:
        self.root = root
        self._names = names
        self._interfaces: dict[str, Document] = {}
        self._addresses: dict[str, Document] = {}

    def check(self, fq_name: FqName) -> None:
        """NameCollision if the virtual-machine of that name is not this cluster's."""
        if not self._names.is_ours(self.root.marks, self.root.uuid):
            raise NameCollision(fq_name[0], f"is a virtual-machine of somebody else ({self.root.uuid}), who must remove or rename it")

    @property
    def found(self) -> Found:
        """The uuids of what this cluster made, for the plan."""
        interfaces = [uuid for uuid, row in self._interfaces.items() if self._names.owns(row)]
        # An instance-ip has no marks; its name holds its uuid, which nobody else derives.
        addresses = [uuid for uuid, row in self._addresses.items() if row["fq_name"][-1].endswith(f"__{uuid}")]
        return Found(self.root.uuid, tuple(interfaces), tuple(addresses))

    @property
    def networks(self) -> list[str]:
        """The uuid of the network of each address: what the removal of the tree frees."""
        return [str(ref["uuid"]) for row in self._addresses.values() for ref in row.get(NETWORKS) or ()]

    def row(self, interface: Interface) -> Row:
        """MAC and addresses of an interface that is there."""
        macs = (self._interfaces[interface.uuid].get(MACS) or {}).get("mac_address") or [""]
        ips = tuple(str(self._addresses[address.uuid].get(IP, "")) for address in interface.addresses)
        return Row(macs[0], ips)

    def grow(self, kind: str, row: Document) -> None:
        """Know of another object that hangs here."""
        if kind != MACHINE:
            (self._interfaces if kind == INTERFACE else self._addresses)[str(row["uuid"])] = row

    def removal(self) -> list[Entry]:
        """All entries that remove it, leaves first; what is not ours, or shared with others, is let go of and stays."""
        root = self.root.uuid
        entries = [link(ROUTER, router, MACHINE, root, operation="DELETE") for router in self.root.routers]
        for uuid, row in self._addresses.items():
            ours = [each for each in _targets(row, OF_INTERFACES) if each in self._interfaces]
            shared = len(ours) < len(row.get(OF_INTERFACES) or ())
            entries += [link(ADDRESS, uuid, INTERFACE, each, operation="DELETE") for each in ours] if shared else [deletion(ADDRESS, uuid)]
        for uuid, row in reversed(self._interfaces.items()):
            entries.append(deletion(INTERFACE, uuid) if self._names.owns(row) else link(INTERFACE, uuid, MACHINE, root, operation="DELETE"))
        return [*entries, deletion(MACHINE, root)]


class Trees:
    """Reads the trees of many pods in three calls."""

    def __init__(self, api: ConfigApi, names: Names) -> None:
        self._api = api
        self._names = names

    async def read(self, fq_names: Iterable[FqName]) -> dict[FqName, Tree]:
        """Those of the virtual-machines of these names that are there, with all that hangs on them."""
        rows = await self._api.list(MACHINE, fq_names=fq_names, fields=["annotations", ROUTERS])
        trees = {str(row["uuid"]): Tree(_root(row), self._names) for row in rows}
        owners: dict[str, Tree] = {}
        if trees:
            for row in await self._api.list(INTERFACE, back_ref_id=trees, fields=["annotations", MACS, OF_MACHINES]):
                for uuid in _targets(row, OF_MACHINES):
                    if uuid in trees:
                        owners[str(row["uuid"])] = trees[uuid]
                        trees[uuid].grow(INTERFACE, row)
        if owners:
            for row in await self._api.list(ADDRESS, back_ref_id=owners, fields=[IP, NETWORKS, OF_INTERFACES]):
                for tree in {id(tree): tree for uuid in _targets(row, OF_INTERFACES) if (tree := owners.get(uuid))}.values():
                    tree.grow(ADDRESS, row)
        return {tuple(row["fq_name"]): trees[str(row["uuid"])] for row in rows}


def _targets(row: Document, refs: str) -> list[str]:
    return [str(ref["uuid"]) for ref in row.get(refs) or ()]


def _root(row: Document) -> Root:
    return Root(str(row["uuid"]), annotations_of(row), tuple(_targets(row, ROUTERS)))
