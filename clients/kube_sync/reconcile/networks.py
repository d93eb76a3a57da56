"""The network that a definition makes, and the IPAM beside it, as the configuration API has them (B02, B11, B12)."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import netweave
from kube_sync.model import documents
from kube_sync.model.names import FABRIC, FqName, Names, annotations_of
from kube_sync.model.networks import Made
from kube_sync.model.objects import DEFINITION, Definition, Key
from kube_sync.model.prefixes import IpNetwork
from kube_sync.model.refusals import CIDRImmutable, NetworkInUse, NetworkRefused
from kube_sync.reconcile.collisions import collision
from kube_sync.reconcile.config import ConfigApi
from kube_sync.reconcile.own import Own
from kube_sync.reconcile.projects import Projects

NETWORK, IPAM, INTERFACE = "virtual-network", "network-ipam", "virtual-machine-interface"
TARGETS = ["route_target_list", "import_route_target_list", "export_route_target_list"]
FIELDS = ["annotations", "network_ipam_refs", "virtual_network_refs", "fabric_snat", *TARGETS]
USERS = ["virtual_machine_interface_back_refs", "instance_ip_back_refs"]
PARTS = {NETWORK: "network", IPAM: "ipam"}  # of the words that a uuid is made of
NAMED = 10  # of the pods that use a network, so many are told by name

Row = dict[str, Any]


class Networks:
    """Makes, corrects and removes them; an object that is not ours is left as it is, whatever its name."""

    def __init__(self, api: ConfigApi, names: Names, projects: Projects, own: Own) -> None:
        self._api = api
        self._names = names
        self._projects = projects
        self._own = own

    async def bring(self, definition: Definition, wanted: Made) -> bool:
        """The network is as wanted when this returns; whether anything had to be written for it."""
        await self._projects.ensure(definition.key.namespace)
        found = await self._made_for(NETWORK, definition.key, wanted.fq_name, FIELDS)
        try:
            if found is None:
                await self._make(definition, wanted)
                return True
            return await self._correct(definition, wanted, found)
        except (netweave.BadRequest, netweave.OverQuota) as why:
            raise NetworkRefused(":".join(wanted.fq_name), f"is refused by the configuration API: {why}") from why

    async def remove(self, key: Key) -> None:
        """The network first, its IPAM then; NetworkInUse while somebody uses it (B40)."""
        found = await self._made_for(NETWORK, key, self._names.network(key.namespace, key.name), ["annotations", *USERS])
        if found is not None:
            if any(found.get(link) for link in USERS):
                users = await self._users(found)
                raise NetworkInUse(":".join(found["fq_name"]), f"is used by {users}", networks=[str(found["uuid"])], users=users)
            await self._delete(NETWORK, str(found["uuid"]))
        if ipam := await self._made_for(IPAM, key, self._names.ipam(key.namespace, key.name), ["annotations"]):
            await self._delete(IPAM, str(ipam["uuid"]))

    async def is_there(self, key: Key) -> bool:
        """Whether the definition has a network of ours."""
        return await self._made_for(NETWORK, key, self._names.network(key.namespace, key.name), ["annotations"]) is not None

    async def owned(self, fields: Iterable[str] = ()) -> list[Row]:
        """All networks of this cluster's definitions."""
        rows = await self._api.list(NETWORK, fields=["annotations", *fields], page=1000)
        return [row for row in rows if self._names.owns(row) and annotations_of(row)["kind"] == DEFINITION]

    async def _make(self, definition: Definition, wanted: Made) -> None:
        marks = self._marks(definition)
        try:
            await self._create(IPAM, documents.ipam(wanted, self._uuid("ipam", definition.key), marks))
            await self._create(NETWORK, documents.network(wanted, self._uuid("network", definition.key), marks))
        except netweave.ParentNotFound:
            self._projects.forget(definition.key.namespace)
            raise

    async def _create(self, kind: str, document: Row) -> None:
        try:
            await self._api.create(kind, document)
        except netweave.AlreadyExists as why:
            found = await self._find(kind, document["uuid"], ["annotations"])
            if found is None or list(found["fq_name"]) != document["fq_name"] or not self._names.owns(found):
                raise await collision(self._api, self._names, kind, tuple(document["fq_name"])) from why

    async def _correct(self, definition: Definition, wanted: Made, found: Row) -> bool:
        there = documents.gateways_of(found)
        changes = _changes(wanted, self._marks(definition), found)
        # A subnet more harms nobody; one less, or one that moves, would take away addresses.
        moves = "network_ipam_refs" in changes and not all(
            any(subnet.suits(prefix, gateway) for subnet in wanted.subnets) for prefix, gateway in there.items()
        )
        refs = {"network_ipam_refs": changes.pop("network_ipam_refs")} if moves else {}
        if changes:
            await self._update(str(found["uuid"]), changes)
        if refs:
            await self._replace(str(found["uuid"]), wanted, there, refs)
        return bool(changes or refs)

    async def _replace(self, uuid: str, wanted: Made, there: Iterable[IpNetwork], refs: Row) -> None:
        """Other subnets, once nobody has an address of them (B12)."""
        prefixes = {subnet.prefix for subnet in wanted.subnets}
        users = await self._find(NETWORK, uuid, USERS) or {}
        try:
            if users.get("instance_ip_back_refs"):
                raise _immutable(uuid, wanted, there, f"while {await self._users(users)} hold addresses of it")
            if prefixes & set(there):
                # The gateway of a subnet that stays cannot change, so it goes and comes back; a pod that looks meanwhile waits.
                await self._update(uuid, {"network_ipam_refs": []})
            await self._update(uuid, refs)
        except netweave.SubnetInUse as why:
            raise _immutable(uuid, wanted, there, f": {why}") from why

    async def _users(self, network: Mapping[str, Any]) -> str:
        """Who uses a network, as namespace/pod where an interface is a pod's; of many only some, and how many more."""
        refs = network.get(USERS[0]) or ()
        if not refs:
            return "addresses that no interface has"
        rows = await self._api.list(INTERFACE, obj_uuids=[str(ref["uuid"]) for ref in refs[:NAMED]], fields=["annotations"])
        told = ", ".join(sorted({self._user(row) for row in rows}))
        return f"{told} and {len(refs) - NAMED} more" if len(refs) > NAMED else told

    def _user(self, interface: Row) -> str:
        marks = annotations_of(interface)
        return f"{marks['namespace']}/{marks['name']}" if self._names.owns(interface) else ":".join(interface["fq_name"])

    async def _update(self, uuid: str, changes: Row) -> None:
        self._own.note([uuid])
        await self._api.update(NETWORK, uuid, changes)

    async def _delete(self, kind: str, uuid: str) -> None:
        with suppress(netweave.NotFound):
            try:
                self._own.note([uuid])
                await self._api.delete(kind, uuid)
            except (netweave.StillReferenced, netweave.ChildrenPresent) as why:
                raise NetworkInUse(f"{kind} {uuid}", f"cannot be removed: {why}", networks=[uuid]) from why

    def _marks(self, definition: Definition) -> dict[str, str]:
        return self._names.marks(definition.key.kind, definition.key.namespace, definition.key.name, k8s_uuid=definition.uid)

    def _uuid(self, what: str, key: Key) -> str:
        return self._names.uuid(what, key.namespace, key.name)

    async def _made_for(self, kind: str, key: Key, fq_name: FqName, fields: list[str]) -> Row | None:
        """The definition's object: by the uuid that it was made with or, if it was adopted, by its name. A stranger's is none."""
        found = await self._find(kind, self._uuid(PARTS[kind], key), fields)
        if found is None:
            found = next(iter(await self._api.list(kind, fq_names=[fq_name], fields=fields)), None)
        return found if found is not None and self._names.made_for(key, found) else None

    async def _find(self, kind: str, uuid: str, fields: list[str]) -> Row | None:
        try:
            return await self._api.read(kind, uuid, fields)
        except netweave.NotFound:
            return None


def _changes(wanted: Made, marks: Mapping[str, str], found: Row) -> Row:
    """The part of the document that differs; nothing when the network is as wanted (B14)."""
    there = documents.gateways_of(found)
    document = documents.changeable(wanted, marks, there)
    suited = len(there) == len(wanted.subnets) and all(
        subnet.prefix in there and subnet.suits(subnet.prefix, there[subnet.prefix]) for subnet in wanted.subnets
    )
    same = {
        "network_ipam_refs": suited,
        "virtual_network_refs": (list(FABRIC) in [ref["to"] for ref in found.get("virtual_network_refs") or ()]) == wanted.forwarding,
        "fabric_snat": bool(found.get("fabric_snat")) == wanted.snat,
        "annotations": annotations_of(found) == marks,
        **{name: _listed(found, name) == _listed(document, name) for name in TARGETS},
    }
    return {field: value for field, value in document.items() if not same[field]}


def _listed(document: Row, name: str) -> list[str]:
    return sorted((document.get(name) or {}).get("route_target") or ())


def _immutable(uuid: str, wanted: Made, there: Iterable[IpNetwork], why: str) -> CIDRImmutable:
    now, then = ", ".join(map(str, there)), ", ".join(f"{subnet.prefix} with gateway {subnet.gateway}" for subnet in wanted.subnets)
    return CIDRImmutable(now, f"cannot become {then} {why}", networks=[uuid])
