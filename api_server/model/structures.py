"""What a structure must hold beyond the types of its fields: prefixes that exist, address pairs that fit (contract 2.5)."""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from api_server.model.scalars import shown

# A virtual address moves between ports only inside a prefix this narrow (contract 2.5, aap_prefix_len_limit).
_NARROWEST_STANDBY = {4: 24, 6: 120}

_Value = Mapping[str, Any]


def faults(structure: str, value: _Value) -> list[str]:
    """What is wrong with a value whose fields are fine one by one, as `field: sentence`."""
    check = _CHECKS.get(structure)
    return list(check(value)) if check else []


def without_host_bits(subnet: _Value) -> dict[str, Any]:
    """A sound SubnetType with its host bits cleared: 10.0.0.7/24 is 10.0.0.0/24."""
    if not subnet.get("ip_prefix") or subnet.get("ip_prefix_len") is None:
        return dict(subnet)
    network = ip_network(f"{subnet['ip_prefix']}/{subnet['ip_prefix_len']}", strict=False)
    return {**subnet, "ip_prefix": str(network.network_address)}


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A zone (fe80::1%eth0) means something on one machine only.
    return None if "%" in text else address


def _check_subnet(value: _Value) -> Iterator[str]:
    prefix, length = value.get("ip_prefix"), value.get("ip_prefix_len")
    address = _address(prefix) if prefix else None
    if prefix and address is None:
        yield f"ip_prefix: {shown(prefix)} is not an IP address"
    longest = address.max_prefixlen if address else 128
    if isinstance(length, int) and not 0 <= length <= longest:
        yield f"ip_prefix_len: {length} is not between 0 and {longest}"


def _check_address_pair(value: _Value) -> Iterator[str]:
    subnet, mode = value.get("ip"), value.get("address_mode")
    if subnet and not mode:
        yield "address_mode: must be given together with ip"
    if mode != "active-standby" or not isinstance(subnet, Mapping):
        return
    address, length = _address(subnet.get("ip_prefix") or ""), subnet.get("ip_prefix_len")
    if address and isinstance(length, int) and length < (narrowest := _NARROWEST_STANDBY[address.version]):
        yield f"ip.ip_prefix_len: {length} is shorter than {narrowest}, the least of an active-standby IPv{address.version} pair"


_CHECKS: dict[str, Callable[[_Value], Iterator[str]]] = {
    "SubnetType": _check_subnet,
    "AllowedAddressPair": _check_address_pair,
}
