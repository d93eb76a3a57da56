"""A network-ipam: DHCP and DNS settings, and with the flat method an address space that its networks share (contract 4.1, 4.6)."""

from collections.abc import Iterator, Sequence
from typing import Any

from typing_extensions import override

from api_server.errors import Immutable, InvalidResource, Overlap
from api_server.ipam.declaration import Declaration, read_declaration
from api_server.ipam.links import FLAT, flat_beside
from api_server.ipam.plan import Plan, complete, plan
from api_server.ipam.ports import use_ipam
from api_server.ipam.subnet import Subnet, first_overlap
from api_server.ipam.subnets import read_space, read_spaces
from api_server.ipam.usage import carry_out, forget_space
from api_server.model.resource import Resource
from api_server.transaction import Hooks, Transaction

METHOD, SUBNETS, SUBNETTING, DNS = "ipam_subnet_method", "ipam_subnets", "ipam_subnetting", "ipam_dns_method"


class NetworkIpam(Hooks):
    """Keeps the flat subnets of an ipam, and what its networks rely on."""

    @override
    async def before_create(self, tx: Transaction, new: Resource) -> None:
        _check(new)
        if new.properties.get(METHOD) == FLAT:
            await _settle(tx, new, [], [])

    @override
    async def before_update(self, tx: Transaction, old: Resource, new: Resource) -> None:
        # The method and the cut into blocks are what networks were made with: null leaves them too (contract 2.7).
        for name in (METHOD, SUBNETTING):
            if name in old.properties and name not in new.properties:
                new.properties[name] = old.properties[name]
            if old.properties.get(name, _DEFAULTS[name]) != new.properties.get(name, _DEFAULTS[name]):
                message = f"{name} can not be changed from {old.properties.get(name)} to {new.properties.get(name)}"
                raise Immutable(name, message)
        _check(new)
        await _check_dns_method(tx, old, new)
        if new.properties.get(METHOD) == FLAT and old.properties.get(SUBNETS) != new.properties.get(SUBNETS):
            networks = [one.uuid for one in await tx.referrers(new.uuid, "virtual-network")]
            await _settle(tx, new, await read_space(tx, new.uuid), networks)

    @override
    async def before_delete(self, tx: Transaction, old: Resource) -> None:
        if old.properties.get(METHOD) == FLAT:
            await forget_space(tx, old.uuid)


_DEFAULTS: dict[str, Any] = {METHOD: "user-defined-subnet", SUBNETTING: False}


def _check(new: Resource) -> None:
    if new.properties.get(METHOD) == FLAT:
        return
    problems = [f"{name}: it goes only with {METHOD} {FLAT}" for name in (SUBNETS, SUBNETTING) if new.properties.get(name)]
    if problems:
        raise InvalidResource(new.kind.name, problems)


async def _settle(tx: Transaction, new: Resource, known: Sequence[Subnet], networks: Sequence[str]) -> None:
    """Check the flat subnets against themselves and the networks that use them, and write them."""
    declared = list(_declared(new))
    planned = plan(new.uuid, known, declared)
    if planned.problems:
        raise InvalidResource(new.kind.name, planned.problems)
    await _refuse_overlap(tx, new, planned, networks)
    await carry_out(tx, new.kind.name, new.uuid, planned, networks)
    if declared:
        documents = complete(declared, planned, with_uuid=False)
        new.properties[SUBNETS] = {**new.properties[SUBNETS], "subnets": documents}


def _declared(new: Resource) -> Iterator[Declaration]:
    problems: list[str] = []
    for index, document in enumerate((new.properties.get(SUBNETS) or {}).get("subnets") or []):
        declaration, wrong = read_declaration(document, f"{SUBNETS}.subnets[{index}]")
        problems += wrong
        if declaration:
            yield declaration
    if problems:
        raise InvalidResource(new.kind.name, problems)


async def _refuse_overlap(tx: Transaction, new: Resource, planned: Plan, networks: Sequence[str]) -> None:
    mine = [one.cidr for one in planned.wanted]
    if found := first_overlap(mine):
        raise Overlap(*found)
    beside = await flat_beside(tx, new.uuid) if networks else {}
    # Held until the end: of two ipams of one network the second sees what the first has grown by.
    await tx.lock(network for users in beside.values() for network in users)
    for one in await read_spaces(tx, [*networks, *beside]):
        for cidr in mine:
            if cidr.version == one.cidr.version and first_overlap([cidr, one.cidr]):
                raise Overlap(cidr, one.cidr)


async def _check_dns_method(tx: Transaction, old: Resource, new: Resource) -> None:
    """Ports were told where their DNS is when they started (contract 3.4 network-ipam)."""
    before, after = (_dns_method(one) for one in (old, new))
    if before == after:
        return
    refused = before in (None, "tenant-dns-server") or after in (None, "tenant-dns-server")
    if refused and before != "none" and await use_ipam(tx, new.uuid):
        message = f"{DNS} can not be changed from {before} to {after} while ports use the ipam"
        raise Immutable(DNS, message)


def _dns_method(one: Resource) -> str | None:
    method: str | None = (one.properties.get("network_ipam_mgmt") or {}).get(DNS) or None
    return method
