"""A port: its network and routing instance, its MAC address, its bindings, what it may be linked to (contract 3.4)."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from typing_extensions import override

from api_server.errors import BadRequest, Conflict, Immutable, InvalidResource
from api_server.ipam.gateways import gateway_of_routers
from api_server.ipam.ports import (
    bound_beside,
    derived_macs,
    health_checks_that_are_not_local,
    look_ahead,
    network_of_port,
    on_gateway,
    tags_of,
)
from api_server.model.bindings import BINDINGS, bindings_of, complete_bindings
from api_server.model.resource import Link, Resource
from api_server.transaction import Hooks, Transaction

MACS, PROPERTIES = "virtual_machine_interface_mac_addresses", "virtual_machine_interface_properties"
VMI, NETWORK, MACHINE, INSTANCE = "virtual-machine-interface", "virtual-network", "virtual-machine", "routing-instance"
MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
NO_MAC = "00:00:00:00:00:00"
FORWARDING: dict[str, Any] = {
    "direction": "both",
    "protocol": None,
    "ipv6_service_chain_address": None,
    "dst_mac": None,
    "mpls_label": None,
    "vlan_tag": None,
    "src_mac": None,
    "service_chain_address": None,
}


class VirtualMachineInterface(Hooks):
    """Completes a port and keeps its links consistent."""

    looks_at = frozenset({NETWORK})

    @override
    async def foresee(self, tx: Transaction, coming: Sequence[Resource]) -> None:
        ports = [one for one in coming if one.kind.name == VMI]
        networks = {end.uuid for one in ports for ref in one.refs_to(NETWORK)[:1] if (end := tx.known.target(ref))}
        await look_ahead(tx, networks, [one.uuid for one in ports])

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        if not new.refs_to(NETWORK):
            raise InvalidResource(new.kind.name, ["virtual_network_refs: a port needs a network"])
        complete_bindings(new)
        _normalise_macs(new)
        await _check(tx, new)
        await _check_sub_interface(tx, new)
        await _join_network(tx, new)

    @override
    async def after_create(self, tx: Transaction, new: Resource) -> None:
        await _follow_binding(tx, new.uuid, None, _hosted(new))

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        if BINDINGS in new.given:
            complete_bindings(new)
        _keep_macs(old, new)
        _check_binding_change(old, new)
        await _check(tx, new)
        await _check_sub_interface_change(tx, old, new)
        await _check_machine(tx, old, new)
        if _uuids(old, NETWORK) != _uuids(new, NETWORK):
            await _change_network(tx, old, new)

    @override
    async def after_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        await _follow_binding(tx, new.uuid, _hosted(old), _hosted(new))

    @override
    async def before_delete(self, tx: Transaction, old: Resource) -> None:
        peers = _uuids(old, VMI)
        if peers and not _tag(old) and any((await tags_of(tx, peers)).values()):
            message = f"{':'.join(old.fq_name)} has sub-interfaces, delete them first"
            raise Conflict(message, kind=old.kind.name, uuid=old.uuid)
        await _follow_binding(tx, old.uuid, _hosted(old), None)


# --- MAC addresses and bindings ---


def _normalise_macs(new: Resource) -> None:
    document = new.properties.get(MACS) or {}
    macs = [str(one).replace("-", ":") for one in document.get("mac_address") or [] if one]
    if bad := [one for one in macs if not MAC.fullmatch(one)]:
        raise InvalidResource(new.kind.name, [f"{MACS}: {one!r} is not a MAC address" for one in bad])
    if macs:
        new.properties[MACS] = {**document, "mac_address": macs}
    elif bindings_of(new).get("vnic_type") == "baremetal" and "local_link_information" not in bindings_of(new).get("profile", ""):
        new.properties[MACS] = {**document, "mac_address": [NO_MAC]}
    else:
        new.properties.pop(MACS, None)


def _keep_macs(old: Resource, new: Resource) -> None:
    """A change of MAC is the caller's; what was derived stays when it is taken away (contract 2.7)."""
    if old.properties.get(MACS) != new.properties.get(MACS):
        _normalise_macs(new)
        if MACS not in new.properties and MACS in old.properties:
            new.properties[MACS] = old.properties[MACS]


def _check_binding_change(old: Resource, new: Resource) -> None:
    before, after = bindings_of(old), bindings_of(new)
    # Who takes all bindings away changes none.
    if after and before.get("host_id") and before.get("vnic_type") != after.get("vnic_type"):
        message = f"vnic_type can not be changed to {after.get('vnic_type')!r} while the port is bound to {before['host_id']}"
        raise Conflict(message, field=BINDINGS)


# --- the host ---


class Hosted(NamedTuple):
    """On which host a port's machine runs."""

    host: str
    machine: Link


def _hosted(one: Resource) -> Hosted | None:
    host, refs = bindings_of(one).get("host_id"), one.refs_to(MACHINE)
    parent = one.parent if one.parent and one.parent.kind == MACHINE else None
    machine = Link(MACHINE, refs[0].uuid, refs[0].fq_name) if refs else parent
    return Hosted(host, machine) if host and machine else None


async def _follow_binding(tx: Transaction, port: str, before: Hosted | None, after: Hosted | None) -> None:
    """The virtual router of the host that a port is bound to refers to the port's machine, as long as a port of it is bound there."""
    if before == after:
        return
    if before and not await bound_beside(tx, port, before.machine.uuid, before.host):
        await _change_router(tx, before, present=False)
    if after:
        await _change_router(tx, after, present=True)


async def _change_router(tx: Transaction, hosted: Hosted, *, present: bool) -> None:
    found = await tx.named("virtual-router", ("default-global-system-config", hosted.host))
    if found is None:
        return
    router = await tx.hold("virtual-router", found.uuid)
    others = [ref for ref in router.refs_to(MACHINE) if ref.uuid != hosted.machine.uuid]
    if present == (len(others) < len(router.refs_to(MACHINE))):
        return
    changed = router.copy()
    changed.given = frozenset()
    if present:
        changed.refer(hosted.machine)
    else:
        changed.refs["virtual_machine_refs"] = others
    await tx.update(router, changed)


# --- the network ---


async def _join_network(tx: Transaction, new: Resource) -> None:
    """Give the port the default routing instance of its network and, if it has none, a MAC address."""
    wanted = [] if MACS in new.properties else derived_macs(new.uuid)
    instance, mac = await network_of_port(tx, new.refs_to(NETWORK)[0].uuid, new.uuid, wanted)
    if mac:
        new.properties[MACS] = {"mac_address": [mac]}
    if instance:
        new.refer(instance, dict(FORWARDING))


async def _change_network(tx: Transaction, old: Resource, new: Resource) -> None:
    if await tx.referrers(new.uuid, "instance-ip"):
        name = "virtual_network_refs"
        message = f"{name} can not be changed while instance-ips refer to the port"
        raise Immutable(name, message)
    if external := await gateway_of_routers(tx, new.uuid, _uuids(new, NETWORK)):
        problem = f"virtual_network_refs: Logical router interface and gateway cannot be in VN({external})"
        raise InvalidResource(new.kind.name, [problem])
    left = {one.uuid for ref in old.refs_to(NETWORK) for one in await tx.children(ref.uuid, INSTANCE)}
    kept = [ref for ref in new.refs_to(INSTANCE) if ref.uuid not in left]
    new.refs["routing_instance_refs"] = kept
    if new.refs_to(NETWORK):
        await _join_network(tx, new)


# --- what goes together ---


async def _check(tx: Transaction, new: Resource) -> None:
    pairs = (new.properties.get("virtual_machine_interface_allowed_address_pairs") or {}).get("allowed_address_pair")
    if pairs and new.properties.get("port_security_enabled") is False:
        raise InvalidResource(new.kind.name, ["virtual_machine_interface_allowed_address_pairs: they need port_security_enabled"])
    checks = _uuids(new, "service-health-check")
    if checks and not new.refs_to("port-tuple") and (found := await health_checks_that_are_not_local(tx, checks)):
        raise InvalidResource(new.kind.name, [f"service_health_check_refs: {found[0]} is not of type link-local"])


async def _check_machine(tx: Transaction, old: Resource, new: Resource) -> None:
    if not _uuids(new, MACHINE) - _uuids(old, MACHINE):
        return
    if await tx.referrers(new.uuid, "logical-router"):
        message = "Logical router interface cannot be used by VM"
        raise BadRequest(message, field="virtual_machine_refs")
    if await on_gateway(tx, new.uuid):
        message = "Gateway IP cannot be used by VM port"
        raise BadRequest(message, field="virtual_machine_refs")


def _uuids(one: Resource, kind: str) -> set[str]:
    return {ref.uuid for ref in one.refs_to(kind)}


# --- sub-interfaces ---


def _tag(one: Resource) -> int:
    return (one.properties.get(PROPERTIES) or {}).get("sub_interface_vlan_tag") or 0


async def _check_sub_interface(tx: Transaction, new: Resource) -> None:
    """A tagged port has one primary, which is no sub-interface itself and has no other with this tag."""
    problems = list(_tag_problems(new))
    if not problems and _tag(new):
        (primary,) = _uuids(new, VMI)
        # Held until the end: two sub-interfaces of one primary are checked one after the other.
        await tx.lock([primary])
        siblings = await tags_of(tx, [primary], around=primary)
        if siblings.pop(primary, 0):
            problems.append(f"{PROPERTIES}.sub_interface_vlan_tag: a sub-interface has no sub-interfaces")
        siblings.pop(new.uuid, None)
        if _tag(new) in siblings.values():
            problems.append(f"{PROPERTIES}.sub_interface_vlan_tag: another sub-interface of the same port has the tag {_tag(new)}")
    if problems:
        raise InvalidResource(new.kind.name, problems)


def _tag_problems(new: Resource) -> Iterator[str]:
    field = f"{PROPERTIES}.sub_interface_vlan_tag"
    if not 0 <= _tag(new) <= 4094:
        yield f"{field}: {_tag(new)} is not between 1 and 4094"
    elif _tag(new) and len(_uuids(new, VMI)) != 1:
        yield f"{field}: a sub-interface refers to one port, its primary; here are {len(_uuids(new, VMI))}"


async def _check_sub_interface_change(tx: Transaction, old: Resource, new: Resource) -> None:
    if _tag(old) != _tag(new) and _uuids(old, VMI):
        name = f"{PROPERTIES}.sub_interface_vlan_tag"
        message = f"{name} can not be changed while the port refers to another"
        raise Immutable(name, message)
    if (_tag(old), _uuids(old, VMI)) != (_tag(new), _uuids(new, VMI)):
        await _check_sub_interface(tx, new)
