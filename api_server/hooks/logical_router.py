"""A logical router: its ports, its external network, and with VXLAN routing a hidden network of its own (contract 3.4 logical-router)."""

from collections.abc import Iterator
from typing import Any

from typing_extensions import override

from api_server.errors import Conflict, Immutable, InvalidResource
from api_server.ipam.gateways import TYPE, gateways_of, network_of_ports
from api_server.ipam.ports import on_machine
from api_server.ipam.system import refuse_automatic
from api_server.model.resource import Identity, Ref, Resource, new_uuid
from api_server.model.route_target import RouteTarget, route_target_problems, route_targets_of
from api_server.transaction import Hooks, Transaction

KIND, VXLAN, TARGETS = "logical_router_type", "vxlan_network_identifier", "configured_route_target_list"
SNAT, ROUTING = "snat-routing", "vxlan-routing"
VMI, NETWORK = "virtual-machine-interface", "virtual-network"
INTERNAL = {TYPE: "InternalVirtualNetwork"}
LARGEST_VXLAN = (1 << 24) - 1


class LogicalRouter(Hooks):
    """Checks what a router is linked to, and keeps the hidden network of one that routes by VXLAN."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        await _check(tx, None, new)
        if _routes(new):
            await _make_network(tx, new)

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        # Null leaves the type (contract 2.7).
        if KIND in old.properties:
            new.properties.setdefault(KIND, old.properties[KIND])
        before, after = (one.properties.get(KIND) or SNAT for one in (old, new))
        if before != after:
            message = f"{KIND} can not be changed from {before} to {after}"
            raise Immutable(KIND, message)
        await _check(tx, old, new)
        if _routes(new):
            await _keep_network(tx, old, new)

    @override
    async def before_delete(self, tx: Transaction, old: Resource) -> None:
        if internal := _network_of(old):
            await tx.delete(await tx.hold(NETWORK, internal.uuid))


def _routes(one: Resource) -> bool:
    return one.properties.get(KIND) == ROUTING


# --- targets, ports, gateways ---


async def _check(tx: Transaction, old: Resource | None, new: Resource) -> None:
    problems = [*route_target_problems(new), *_vxlan_problems(new)]
    if problems:
        raise InvalidResource(new.kind.name, problems)
    known = {text for _, text in route_targets_of(old)} if old else set()
    targets = [target for _, text in route_targets_of(new) if text not in known and (target := RouteTarget.read(text))]
    await refuse_automatic(tx, new.kind.name, targets)
    ports, gateways = _ports(new), gateways_of(new.refs_to(NETWORK))
    added = ports - _ports(old) if old else ports
    if added or (old and gateways != gateways_of(old.refs_to(NETWORK))):
        await _check_ports(tx, new, ports, added, gateways)


def _vxlan_problems(new: Resource) -> Iterator[str]:
    text = new.properties.get(VXLAN)
    if text and not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_VXLAN)) and 1 <= int(text) <= LARGEST_VXLAN):
        yield f"{VXLAN}: {text!r} is not a number between 1 and {LARGEST_VXLAN}"


def _ports(one: Resource) -> set[str]:
    return {ref.uuid for ref in one.refs_to(VMI)}


async def _check_ports(tx: Transaction, new: Resource, ports: set[str], added: set[str], gateways: set[str]) -> None:
    # Held until the end: a port gets a machine or another network before this, or is told about the router.
    await tx.lock(ports)
    if found := await on_machine(tx, added):
        port, machine = found
        message = f"Port({port}) already in use by virtual-machine({machine})"
        raise Conflict(message, field="virtual_machine_interface_refs", uuid=port)
    if network := await network_of_ports(tx, ports, gateways):
        problem = f"virtual_network_refs: Logical router interface and gateway cannot be in VN({network})"
        raise InvalidResource(new.kind.name, [problem])


# --- the hidden network ---


def _network_name(router: Resource) -> str:
    return f"__contrail_lr_internal_vn_{router.uuid}__"


def _network_of(router: Resource) -> Ref | None:
    return next((ref for ref in router.refs_to(NETWORK) if ref.fq_name[-1] == _network_name(router)), None)


def _stated(router: Resource) -> dict[str, Any]:
    """What the network has of its router; the network's own rules check the VXLAN id and the route targets."""
    properties: dict[str, Any] = {"forwarding_mode": "l3"}
    if number := router.properties.get(VXLAN):
        properties[VXLAN] = int(number)
    stated = {"display_name": f"LR::{router.properties.get('display_name') or router.name}", "virtual_network_properties": properties}
    return stated | ({"route_target_list": router.properties[TARGETS]} if router.properties.get(TARGETS) else {})


async def _make_network(tx: Transaction, router: Resource) -> None:
    assert router.parent is not None
    network = Resource(
        kind=tx.catalog[NETWORK],
        uuid=new_uuid(),
        fq_name=(*router.parent.fq_name, _network_name(router)),
        parent=router.parent,
        properties={"virtual_network_category": "internal", **_stated(router)},
        identity=Identity(user_visible=False),
    )
    await tx.create(network)
    router.refer(network.link, INTERNAL)


async def _keep_network(tx: Transaction, old: Resource, new: Resource) -> None:
    """The link to it is the server's, whatever the body said; what the router states anew goes to the network."""
    internal = _network_of(old)
    if internal is None:
        return await _make_network(tx, new)
    kept = [ref for ref in new.refs_to(NETWORK) if ref.uuid != internal.uuid]
    new.refs["virtual_network_refs"] = [internal, *kept]
    if _stated(old) != _stated(new):
        network = await tx.hold(NETWORK, internal.uuid)
        changed = network.copy()
        changed.properties.pop("route_target_list", None)
        changed.properties |= _stated(new)
        changed.given = frozenset()
        await tx.update(network, changed)
    return None
