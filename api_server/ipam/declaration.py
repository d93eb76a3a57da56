"""What a caller declares of a subnet (IpamSubnetType, contract 4.2): checked, completed, and read into a Subnet."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import uuid4

from api_server.ipam.subnet import Address, Network, Pool, Subnet, read_address, read_network
from api_server.model.resource import is_uuid

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Declaration:
    """One entry of `ipam_subnets` that was found in order. What the caller left open is None until the subnet is known."""

    document: Document
    path: str
    cidr: Network
    uuid: str | None
    gateway: Address | None
    service_address: Address | None
    pools: tuple[Pool, ...]
    addr_from_start: bool | None
    alloc_unit: int | None

    def states(self, field: str) -> bool:
        """Whether the caller gave this field a value: null and the empty text ask for the default."""
        return self.document.get(field) not in (None, "")

    def subnet(self, space: str, *, position: int, bare: bool = False) -> Subnet:
        """The new subnet that this declares; `bare` ones get no gateway and no service address unless they name them."""
        upward = bool(self.addr_from_start)
        return Subnet(
            uuid=self.uuid or str(uuid4()),
            space=space,
            cidr=self.cidr,
            gateway=self.gateway if self.states("default_gateway") or bare else host(self.cidr, 1, upward=upward),
            service_address=self.service_address if self.states("dns_server_address") or bare else host(self.cidr, 2, upward=upward),
            pools=self.pools,
            addr_from_start=upward,
            alloc_unit=self.alloc_unit or 1,
            position=position,
        )

    def completed(self, subnet: Subnet, *, with_uuid: bool = True, bare: bool = False) -> dict[str, Any]:
        """The document as it is stored: host bits cleared, and what was left open filled in from the subnet."""
        filled = {
            "default_gateway": str(subnet.gateway or unspecified(subnet.cidr)),
            "dns_server_address": str(subnet.service_address or unspecified(subnet.cidr)),
            "addr_from_start": subnet.addr_from_start,
            "alloc_unit": subnet.alloc_unit,
        }
        document = {key: value for key, value in self.document.items() if key not in filled or self.states(key)}
        document["subnet"] = {"ip_prefix": str(subnet.first), "ip_prefix_len": subnet.cidr.prefixlen}
        optional = {"default_gateway", "dns_server_address"} if bare else set()
        plain = {"addr_from_start": False, "alloc_unit": 1}
        missing = {key: value for key, value in filled.items() if key not in document and key not in optional and value != plain.get(key)}
        return document | missing | ({"subnet_uuid": subnet.uuid} if with_uuid else {})


def host(cidr: Network, distance: int, *, upward: bool) -> Address:
    """The host so far from the end that is scanned last: the place of the default gateway and service address."""
    return cidr.network_address + distance if upward else cidr.broadcast_address - distance


def unspecified(cidr: Network) -> str:
    """How the wire says "no gateway", "no service address"."""
    return "0.0.0.0" if cidr.version == 4 else "::"  # noqa: S104 (an absence, not a socket)


def read_declaration(document: object, path: str) -> tuple[Declaration | None, list[str]]:
    """The declaration of one subnet, or every fault in it as a sentence that names field and value."""
    if not isinstance(document, Mapping):
        return None, [f"{path}: {document!r} is not an object"]
    prefix = document.get("subnet")
    cidr = read_network(prefix.get("ip_prefix"), prefix.get("ip_prefix_len")) if isinstance(prefix, Mapping) else None
    if cidr is None:
        return None, [f"{path}.subnet: {prefix!r} is not a prefix with its length"]
    if cidr.max_prefixlen - cidr.prefixlen < 2:
        return None, [f"{path}.subnet: {cidr} leaves no host address, the longest prefix is /{cidr.max_prefixlen - 2}"]
    problems = [f"{path}.{problem}" for problem in _problems(document, cidr)]
    return (None, problems) if problems else (_declaration(document, path, cidr), [])


def _declaration(document: Document, path: str, cidr: Network) -> Declaration:
    return Declaration(
        document=document,
        path=path,
        cidr=cidr,
        uuid=document.get("subnet_uuid") or None,
        gateway=_stated(document.get("default_gateway")),
        service_address=_stated(document.get("dns_server_address")),
        pools=tuple(sorted(filter(None, map(read_pool, _pool_documents(document))))),
        addr_from_start=None if document.get("addr_from_start") in (None, "") else bool(document["addr_from_start"]),
        alloc_unit=document.get("alloc_unit") or None,
    )


def _problems(document: Document, cidr: Network) -> Iterator[str]:
    if document.get("subnet_uuid") and not is_uuid(document["subnet_uuid"]):
        yield f"subnet_uuid: {document['subnet_uuid']!r} is not a uuid"
    yield from _gateway_problems(document.get("default_gateway"), cidr)
    if (service := document.get("dns_server_address")) and read_address(service) is None:
        yield f"dns_server_address: {service!r} is not an address"
    if (unit := document.get("alloc_unit")) and (not isinstance(unit, int) or unit < 1 or unit & (unit - 1)):
        yield f"alloc_unit: {unit!r} is not a power of two"
    elif unit and unit > cidr.num_addresses:
        yield f"alloc_unit: {unit} is more than the {cidr.num_addresses} addresses of {cidr}"
    yield from _pool_problems(_pool_documents(document), cidr)


def _gateway_problems(text: object, cidr: Network) -> Iterator[str]:
    if not text:
        return
    gateway = read_address(text)
    if gateway is None:
        yield f"default_gateway: {text!r} is not an address"
    elif not gateway.is_unspecified and not (gateway in cidr and gateway not in (cidr.network_address, cidr.broadcast_address)):
        yield f"default_gateway: {gateway} is not a host of {cidr}"


def _pool_problems(documents: Iterable[Document], cidr: Network) -> Iterator[str]:
    pools: list[Pool] = []
    for index, document in enumerate(documents):
        path = f"allocation_pools[{index}]"
        if (pool := read_pool(document)) is None:
            yield f"{path}: {dict(document)!r} has no start and end of one family"
        elif pool.start not in cidr or pool.end not in cidr:
            yield f"{path}: {pool.start} - {pool.end} is not inside {cidr}"
        elif int(pool.start) > int(pool.end):
            yield f"{path}: start {pool.start} comes after end {pool.end}"
        else:
            pools.append(pool)
    pools.sort()
    for one, other in pairwise(pools):
        if one.covers(other.start):
            yield f"allocation_pools: {one.start} - {one.end} and {other.start} - {other.end} overlap"


def read_pool(document: Document) -> Pool | None:
    """The pool of an AllocationPoolType, if its two addresses can be read and are of one family."""
    start, end = read_address(document.get("start")), read_address(document.get("end"))
    if start is None or end is None or start.version != end.version:
        return None
    return Pool(start, end, bool(document.get("vrouter_specific_pool")))


def _pool_documents(document: Document) -> list[Document]:
    pools = document.get("allocation_pools")
    return [pool for pool in pools if isinstance(pool, Mapping)] if isinstance(pools, list) else []


def _stated(text: object) -> Address | None:
    address = read_address(text)
    return None if address is None or address.is_unspecified else address
