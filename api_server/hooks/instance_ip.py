"""An instance-ip holds an address of its network while it lives (contract 4.4, 4.5)."""

from collections.abc import Sequence
from contextlib import suppress

from typing_extensions import override

from api_server.errors import AddressOutside, ApiError, BadRequest, Immutable, InvalidResource, SubnetExhausted, UnknownReference
from api_server.ipam.addresses import Held, allocate
from api_server.ipam.choice import Wish, choose, choose_ahead, claim_in, first_choice
from api_server.ipam.links import keep_ahead
from api_server.ipam.ports import on_machine
from api_server.ipam.routers import read_router
from api_server.ipam.subnet import read_address
from api_server.ipam.subnets import read_ahead, read_network, read_space
from api_server.ipam.taking import Taking
from api_server.model.resource import Ref, Resource
from api_server.transaction import Hooks, Transaction

# Networks whose addresses are someone else's business (contract 4.6).
UNMANAGED = {("default-domain", "default-project", name) for name in ("ip-fabric", "__link_local__")}
ADDRESS, SUBNET, FAMILY = "instance_ip_address", "subnet_uuid", "instance_ip_family"
KIND, NETWORK, PORT = "instance-ip", "virtual-network", "virtual-machine-interface"
# Who asks for one of these may come before one who asks for none.
OTHERS_ADDRESSES = ("floating_ip_address", "alias_ip_address")


class InstanceIp(Hooks):
    """Takes an address on create, keeps it, and gives it back on delete."""

    looks_at = frozenset({NETWORK})
    holds_address = True

    @override
    async def foresee(self, tx: Transaction, coming: Sequence[Resource]) -> None:
        if any(one.properties.get(name) for one in coming for name in OTHERS_ADDRESSES):
            return
        wishes: list[tuple[str, Wish, str]] = []
        for one in coming:
            target = tx.known.target(one.refs_to(NETWORK)[0]) if one.kind.name == KIND and one.refs_to(NETWORK) else None
            if target and target.fq_name not in UNMANAGED and not one.refs_to("virtual-router"):
                with suppress(ApiError):
                    wishes.append((target.uuid, _wish(one), one.uuid))
        networks = {uuid: await read_ahead(tx, uuid) for uuid in dict.fromkeys(uuid for uuid, _, _ in wishes)}
        for uuid, network in networks.items():
            if network and network.flat:
                await keep_ahead(tx, uuid, {one.space for one in network.flat})
        await choose_ahead(tx, [(network, wish, owner) for uuid, wish, owner in wishes if (network := networks[uuid])])

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        networks, ipams, routers = (new.refs_to(kind) for kind in ("virtual-network", "network-ipam", "virtual-router"))
        if routers:
            await _allocate_for_router(tx, new, routers)
        elif networks:
            await _take_from_network(tx, new, networks[0])
        elif ipams:
            await _take_from_ipam(tx, new, ipams[0])
        else:
            raise InvalidResource(new.kind.name, ["virtual_network_refs: an instance-ip needs a network, a flat ipam or a virtual router"])

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        for name in (ADDRESS, SUBNET, FAMILY):
            # Null leaves what the server drew (contract 2.7).
            if name in old.properties and name not in new.properties:
                new.properties[name] = old.properties[name]
            if old.properties.get(name) != new.properties.get(name):
                raise Immutable(name, _CANNOT_CHANGE[name])
        for kind in ("virtual-network", "network-ipam", "virtual-router"):
            if {ref.uuid for ref in old.refs_to(kind)} != {ref.uuid for ref in new.refs_to(kind)}:
                name = f"{kind.replace('-', '_')}_refs"
                message = f"{name} of an instance-ip can not be changed"
                raise Immutable(name, message)
        ports = {ref.uuid for ref in new.refs_to(PORT)} - {ref.uuid for ref in old.refs_to(PORT)}
        if ports and (networks := new.refs_to("virtual-network")):
            await _refuse_gateway_of_machine(tx, new, networks[0], ports)


_CANNOT_CHANGE = {
    ADDRESS: "Instance IP Address can not be changed",
    SUBNET: "subnet_uuid of an instance-ip can not be changed",
    FAMILY: "instance_ip_family of an instance-ip can not be changed",
}


async def _take_from_network(tx: Transaction, new: Resource, link: Ref) -> None:
    wish = _wish(new)
    if link.fq_name in UNMANAGED:
        return
    network = await read_network(tx, link.uuid)
    if network is None:
        name = "virtual_network_refs"
        raise UnknownReference(name, link.uuid)

    async def take() -> None:
        held = await choose(tx, network, wish, new.uuid)
        if held.address == held.subnet.gateway:
            await _refuse_on_machines(tx, {ref.uuid for ref in new.refs_to(PORT)})
        _show(new, held, network.shown_uuid(held.subnet))

    first = first_choice(network, wish) if tx.may_put_off(new) else None
    if first is None:
        await take()
        return
    new.properties[SUBNET] = first.uuid
    if wish.address is not None:
        new.properties[ADDRESS] = str(wish.address)
    tx.take_when_stored(new, Taking(first, wish.address, ADDRESS, take))


async def _take_from_ipam(tx: Transaction, new: Resource, link: Ref) -> None:
    """An address of a flat ipam, whichever network it is for; a certain one can only be asked of a network."""
    wish = _wish(new)
    if wish.address is not None or wish.subnet is not None:
        name = ADDRESS if wish.address is not None else SUBNET
        raise InvalidResource(new.kind.name, [f"{name}: {new.properties[name]} can be asked of a network, not of a network-ipam"])
    subnets = [one for one in await read_space(tx, link.uuid) if wish.family in (None, f"v{one.cidr.version}")]
    held = await allocate(tx, subnets, new.uuid)
    if not held:
        kind = "Network-Ipam"
        raise SubnetExhausted(link.fq_name, [one.cidr for one in subnets], kind)
    _show(new, held[0], None)


def _wish(new: Resource) -> Wish:
    text = new.properties.get(ADDRESS)
    address = read_address(text)
    if text and address is None:
        raise InvalidResource(new.kind.name, [f"{ADDRESS}: {text!r} is not an address"])
    return Wish(address=address, subnet=new.properties.get(SUBNET) or None, family=new.properties.get(FAMILY) or None)


def _show(new: Resource, held: Held, subnet_uuid: str | None) -> None:
    new.properties[ADDRESS] = str(held.address)
    if subnet_uuid:
        new.properties[SUBNET] = subnet_uuid


async def _refuse_gateway_of_machine(tx: Transaction, new: Resource, link: Ref, ports: set[str]) -> None:
    network = await read_network(tx, link.uuid)
    address = read_address(new.properties.get(ADDRESS))
    if network and address in {one.gateway for one in (*network.own, *network.flat)}:
        await _refuse_on_machines(tx, ports)


async def _refuse_on_machines(tx: Transaction, ports: set[str]) -> None:
    # Held until the end: a port that a machine is about to get is asked once that is settled.
    await tx.lock(ports)
    if await on_machine(tx, ports):
        message = "Gateway IP cannot be used by VM port"
        raise BadRequest(message, field=ADDRESS)


async def _allocate_for_router(tx: Transaction, new: Resource, routers: list[Ref]) -> None:
    """An address out of the pools that one virtual router has of its flat ipams (contract 4.5)."""
    problems = []
    if new.refs_to("virtual-network") or new.refs_to("network-ipam"):
        problems.append("router_refs and network_refs are not allowed")
    if len(routers) > 1:
        problems.append(f"virtual_router_refs: {len(routers)} routers are given, one is allowed")
    wish = _wish(new)
    if wish.subnet is not None:
        problems.append(f"{SUBNET}: {wish.subnet} can not be asked of a virtual router")
    if problems:
        raise InvalidResource(new.kind.name, problems)
    router = routers[0]
    subnets = [one for one in await read_router(tx, router.uuid) if wish.family in (None, f"v{one.cidr.version}")]
    if wish.address is not None:
        home = next((one for one in subnets if one.gives(one.block(wish.address))), None)
        if home is None:
            raise AddressOutside(wish.address, router.fq_name, [one.cidr for one in subnets])
        await claim_in(tx, home, wish.address, new.uuid)
        return _show(new, Held(home, wish.address), None)
    held = await allocate(tx, subnets, new.uuid)
    if not held:
        kind = "Virtual-Router"
        raise SubnetExhausted(router.fq_name, [one.cidr for one in subnets], kind)
    return _show(new, held[0], None)
