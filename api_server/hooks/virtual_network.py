"""A virtual network: its number, whom it is shared with, its subnets, its default routing instance (contract 3.4, 4.6)."""

from collections.abc import Iterator, Sequence
from typing import Any

from typing_extensions import override

from api_server.errors import BadRequest, Conflict, Forbidden, Immutable, InvalidResource, Overlap
from api_server.ipam.links import Links, look_ahead, read_links
from api_server.ipam.numbers import NETWORK_IDS, VXLAN_IDS, claim_number, draw_ahead, draw_number, release_numbers
from api_server.ipam.plan import Plan, plan
from api_server.ipam.ports import has_machines
from api_server.ipam.subnet import first_overlap, read_address
from api_server.ipam.subnets import OF_OTHER_NETWORKS, read_space, read_spaces
from api_server.ipam.system import refuse_automatic
from api_server.ipam.usage import carry_out, leave_spaces, refuse_holders, release_reserved
from api_server.model.resource import Resource
from api_server.model.route_target import RouteTarget, route_target_problems, route_targets_of
from api_server.model.sharing import share_changed, share_new
from api_server.transaction import Hooks, Transaction

KIND = "virtual-network"
NUMBER, IPAMS, PROPERTIES = "virtual_network_network_id", "network_ipam_refs", "virtual_network_properties"
UNDELETABLE = {("default-domain", "default-project", name) for name in ("ip-fabric", "__link_local__")}


class VirtualNetwork(Hooks):
    """Gives a network its number and its routing instance, and keeps its subnets."""

    looks_at = frozenset({"network-ipam"})

    @override
    async def foresee(self, tx: Transaction, coming: Sequence[Resource]) -> None:
        networks = [one for one in coming if one.kind.name == KIND]
        await look_ahead(tx, {end.uuid for one in networks for ref in one.refs.get(IPAMS, []) if (end := tx.known.target(ref))})
        await draw_ahead(tx, NETWORK_IDS, [one.uuid for one in networks])

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if NUMBER in new.given:
            message = "Cannot set the virtual network ID"
            raise Forbidden(message, field=NUMBER)
        await _check(tx, None, new)
        share_new(new)
        new.properties[NUMBER] = await draw_number(tx, NETWORK_IDS, new.uuid)
        await _claim_vxlan(tx, None, new)
        await _settle_subnets(tx, None, new)

    @override
    async def after_create(self, tx: Transaction, new: Resource) -> None:
        await tx.create(new.child(tx.catalog["routing-instance"], new.name, routing_instance_is_default=True))

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        # Null leaves the number (contract 2.7).
        number = new.properties.setdefault(NUMBER, old.properties.get(NUMBER))
        if number != old.properties.get(NUMBER):
            message = "Cannot change the virtual network ID"
            raise Forbidden(message, field=NUMBER)
        await _check(tx, old, new)
        await _check_provider_change(tx, old, new)
        share_changed(new)
        await _claim_vxlan(tx, old, new)
        await _settle_subnets(tx, old, new)

    @override
    async def before_delete(self, tx: Transaction, old: Resource) -> None:
        if old.fq_name in UNDELETABLE and not tx.privileged:
            message = f"Can not delete system created default virtual-network {old.uuid}"
            raise Conflict(message, uuid=old.uuid)
        if ipams := [ref.uuid for ref in old.refs.get(IPAMS, [])]:
            await release_reserved(tx, old.uuid, ipams)
            await refuse_holders(tx, old.uuid)


# --- what needs no other row ---


async def _check(tx: Transaction, old: Resource | None, new: Resource) -> None:
    problems = [*_provider_problems(new), *route_target_problems(new)]
    if problems:
        raise InvalidResource(new.kind.name, problems)
    targets = [(name, target) for name, text in route_targets_of(new) if (target := RouteTarget.read(text))]
    known = {text for _, text in route_targets_of(old)} if old else set()
    await refuse_automatic(tx, new.kind.name, [target for _, target in targets if str(target) not in known])
    imported, exported = ({target for name, target in targets if name.startswith(way)} for way in ("import", "export"))
    if new.properties.get("multi_policy_service_chains_enabled") and (both := imported & exported):
        message = f"Multi policy service chains are enabled, so {min(both)} can not be imported and exported"
        raise Conflict(message, field="multi_policy_service_chains_enabled")
    if peers := new.refs_to("virtual-network"):
        await _check_peers(tx, new, [ref.uuid for ref in peers], {ref.uuid for ref in old.refs_to(old.kind.name)} if old else set())
    for ref in new.refs_to("bgpvpn"):
        await _check_bgpvpn(tx, new, ref.uuid)


def _provider_problems(new: Resource) -> Iterator[str]:
    details = new.properties.get("provider_properties")
    if details:
        for name in ("segmentation_id", "physical_network"):
            if details.get(name) in (None, ""):
                yield f"provider_properties.{name}: it is missing, both fields are needed"


# --- numbers, route targets, peers ---


async def _claim_vxlan(tx: Transaction, old: Resource | None, new: Resource) -> None:
    before, after = (_vxlan(one) for one in (old, new))
    if before == after:
        return
    if before:
        await release_numbers(tx, new.uuid, VXLAN_IDS)
    if after and not await claim_number(tx, VXLAN_IDS, after, new.uuid):
        message = f"Cannot set VXLAN_ID: {after}, it has already been set"
        raise BadRequest(message, field=f"{PROPERTIES}.vxlan_network_identifier")


def _vxlan(one: Resource | None) -> int | None:
    properties: dict[str, Any] = (one.properties.get(PROPERTIES) if one else None) or {}
    return properties.get("vxlan_network_identifier") or None


async def _check_peers(tx: Transaction, new: Resource, peers: list[str], known: set[str]) -> None:
    """A network that is no provider network refers to one provider network, from whichever side the ref is made: it is on both."""
    if new.properties.get("is_provider_network"):
        added = set(peers) - known
        await tx.lock(added)
        for uuid in sorted(added):
            peer = await tx.get(new.kind.name, uuid)
            others = {ref.uuid for ref in peer.refs_to(peer.kind.name)} - {new.uuid}
            if others and not peer.properties.get("is_provider_network"):
                raise _too_many_peers(new, f"{':'.join(peer.fq_name)} refers to another already: ")
    else:
        peer = await tx.get(new.kind.name, peers[0])
        if len(peers) > 1 or not peer.properties.get("is_provider_network"):
            raise _too_many_peers(new)


def _too_many_peers(new: Resource, why: str = "") -> InvalidResource:
    problem = f"virtual_network_refs: {why}a network that is no provider network may refer to one provider network only"
    return InvalidResource(new.kind.name, [problem])


async def _check_bgpvpn(tx: Transaction, new: Resource, uuid: str) -> None:
    """A network that forwards in one layer only goes with BGPVPNs of that layer; one that says nothing forwards in both."""
    layer = (await tx.get("bgpvpn", uuid)).properties.get("bgpvpn_type") or "l3"
    mode = _forwarding_mode(new) or "l2_l3"
    if layer not in mode.split("_"):
        problem = f"bgpvpn_refs: {uuid} is of type {layer}, which does not go with {PROPERTIES}.forwarding_mode {mode}"
        raise InvalidResource(new.kind.name, [problem])


async def _check_provider_change(tx: Transaction, old: Resource, new: Resource) -> None:
    if old.properties.get("is_provider_network") and not new.properties.get("is_provider_network"):
        name = "is_provider_network"
        message = f"{name} can not be changed from true to false"
        raise Immutable(name, message)
    before, after = (one.properties.get("provider_properties") for one in (old, new))
    if before != after and await has_machines(tx, new.uuid):
        message = "provider_properties can not be changed while virtual machines are attached to the network"
        raise Conflict(message, field="provider_properties")


# --- subnets ---


async def _settle_subnets(tx: Transaction, old: Resource | None, new: Resource) -> None:
    """Check and write what the links to ipams say, where they or what they depend on changed."""
    if old is not None and _address_plan(old) == _address_plan(new):
        return
    before = old.refs.get(IPAMS, []) if old else []
    links = await read_links(tx, new.refs.get(IPAMS, []))
    if links.flat and _forwarding_mode(new) != "l3":
        links.problems.append(f"{PROPERTIES}.forwarding_mode: {_forwarding_mode(new)!r} does not go with a flat ipam, l3 does")
    known = await read_space(tx, new.uuid) if old else []
    bare = new.properties.get("virtual_network_category") == "routed"
    planned = plan(new.uuid, known, links.declared, bare=bare)
    problems = [*links.problems, *planned.problems]
    if problems:
        raise InvalidResource(new.kind.name, problems)
    await _refuse_overlap(tx, links, planned)
    _check_routed(new, planned)
    left = {ref.uuid for ref in before} - {ref.uuid for ref in links.flat}
    if left:
        await leave_spaces(tx, new.uuid, await read_spaces(tx, left))
    await carry_out(tx, new.kind.name, new.uuid, planned, [new.uuid])
    links.complete(planned, before, bare=bare)
    await tx.quotas.charge_parts(new, "subnet", len(known), len(planned.wanted), OF_OTHER_NETWORKS)


def _address_plan(one: Resource) -> list[Any]:
    links = [(ref.uuid, ref.attr) for ref in one.refs.get(IPAMS, [])]
    names = ("virtual_network_category", "virtual_network_routed_properties")
    return [links, _forwarding_mode(one), *(one.properties.get(name) for name in names)]


def _forwarding_mode(one: Resource) -> str | None:
    mode: str | None = (one.properties.get(PROPERTIES) or {}).get("forwarding_mode")
    return mode


async def _refuse_overlap(tx: Transaction, links: Links, planned: Plan) -> None:
    flat = [ref.uuid for ref in links.flat]
    if flat:
        # Held until the end: the ipam may not grow into this network's subnets meanwhile.
        await tx.lock(flat)
    cidrs = [*(one.cidr for one in planned.wanted), *(one.cidr for one in await read_spaces(tx, flat))]
    if found := first_overlap(cidrs):
        raise Overlap(*found)


def _check_routed(new: Resource, planned: Plan) -> None:
    """A routed network says which routers reach it, and with which of its addresses (contract 3.4 virtual-network)."""
    if new.properties.get("virtual_network_category") != "routed":
        return
    problems = []
    for index, one in enumerate((new.properties.get("virtual_network_routed_properties") or {}).get("routed_properties") or []):
        path = f"virtual_network_routed_properties.routed_properties[{index}]"
        problems += [f"{path}.{name}: it is missing" for name in ("physical_router_uuid", "logical_router_uuid") if not one.get(name)]
        text = one.get("routed_interface_ip_address")
        address = read_address(text)
        if text and not (address and any(subnet.contains(address) for subnet in planned.wanted)):
            problems.append(f"{path}.routed_interface_ip_address: {text!r} is in no subnet of the network")
    if problems:
        raise InvalidResource(new.kind.name, problems)
