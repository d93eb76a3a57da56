"""What a document of subnets changes: which are new, which stay under their uuid, which go (contract 4.6). Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api_server.ipam.declaration import Declaration, host, unspecified
from api_server.ipam.subnet import Network, Subnet


@dataclass
class Plan:
    """The difference between the subnets that are and those wanted; a prefix that stays keeps its uuid, gateway and service address."""

    new: list[Subnet] = field(default_factory=list)
    kept: list[tuple[Subnet, Subnet]] = field(default_factory=list)
    gone: list[Subnet] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    # The uuids of new subnets that the caller chose: only these may be another's.
    chosen: list[str] = field(default_factory=list)

    @property
    def wanted(self) -> list[Subnet]:
        """The subnets as they will be, in stored order."""
        return sorted([*self.new, *(after for _, after in self.kept)], key=lambda one: one.position)


def plan(space: str, known: Sequence[Subnet], declared: Sequence[Declaration], *, bare: bool = False) -> Plan:
    """What to do so that the known subnets become the declared ones; a list of problems if that may not be."""
    by_cidr: dict[Network, Subnet] = {one.cidr: one for one in known}
    planned = Plan()
    for position, one in enumerate(declared):
        old = by_cidr.pop(one.cidr, None)
        if old is None:
            planned.new.append(one.subnet(space, position=position, bare=bare))
            planned.chosen += [one.uuid] if one.uuid else []
        else:
            planned.problems += [f"{one.path}.{problem}" for problem in _forbidden(one, old)]
            planned.kept.append((old, _kept(one, old, position)))
    planned.gone = list(by_cidr.values())
    planned.problems += _twins(planned.wanted)
    return planned


def complete(declared: Sequence[Declaration], planned: Plan, *, with_uuid: bool = True, bare: bool = False) -> list[dict[str, Any]]:
    """The documents to store for what was declared, in its order."""
    kept = {after.cidr for _, after in planned.kept}
    documents = []
    for one, subnet in zip(declared, planned.wanted, strict=True):
        document = one.completed(subnet, with_uuid=with_uuid, bare=bare)
        if one.cidr in kept and "default_gateway" in document:
            # The derived default is taken for "unchanged", whatever the gateway is.
            document["default_gateway"] = str(subnet.gateway or unspecified(subnet.cidr))
        documents.append(document)
    return documents


def _kept(one: Declaration, old: Subnet, position: int) -> Subnet:
    service = one.service_address if one.states("dns_server_address") else old.service_address
    return replace(old, service_address=service, pools=one.pools or old.pools, position=position)


def _forbidden(one: Declaration, old: Subnet) -> Iterator[str]:
    if one.uuid not in (None, old.uuid):
        yield f"subnet_uuid: {old.cidr} has {old.uuid}, which can not be changed to {one.uuid}"
    default = host(old.cidr, 1, upward=old.addr_from_start)
    if one.states("default_gateway") and one.gateway not in (old.gateway, default):
        yield f"default_gateway: default gateway change is not allowed orig:{old.gateway}, new: {one.gateway}"
    if one.addr_from_start not in (None, old.addr_from_start):
        yield f"addr_from_start: it can not be changed from {old.addr_from_start} to {one.addr_from_start}"
    if one.alloc_unit not in (None, old.alloc_unit):
        yield f"alloc_unit: it can not be changed from {old.alloc_unit} to {one.alloc_unit}"
    if lost := [pool for pool in old.pools if pool not in one.pools]:
        yield f"allocation_pools: allocation pool delete is not allowed, {lost[0].start} - {lost[0].end} is missing"
    if one.pools and not old.pools:
        yield f"allocation_pools: {old.cidr} was made without pools, none can be added"


def _twins(wanted: Sequence[Subnet]) -> Iterator[str]:
    seen: set[str] = set()
    for one in wanted:
        if one.uuid in seen:
            yield f"subnet_uuid: {one.uuid} is given to more than one subnet"
        seen.add(one.uuid)
