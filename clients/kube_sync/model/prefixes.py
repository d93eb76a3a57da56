"""The prefixes and gateways of a network as annotations write them (S17, G1 to G4)."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_interface

from kube_sync.model.refusals import InvalidAnnotation, InvalidCIDR

IpNetwork = IPv4Network | IPv6Network
IpAddress = IPv4Address | IPv6Address

FORM = re.compile(r"[0-9a-fA-F:.]+/[0-9]{1,3}")
# The last prefix that leaves an address to hand out beside gateway and service address (contract 4.2).
LONGEST = {4: 29, 6: 125}


class GatewayPlace(StrEnum):
    """Where the gateway of a prefix is, when nothing says so (G4)."""

    LAST = "last"
    FIRST = "first"


@dataclass(frozen=True)
class Subnet:
    """A prefix of a network. Only a gateway that was asked for moves the one of a subnet that is there."""

    prefix: IpNetwork
    gateway: IpAddress
    asked: bool = False

    @property
    def last(self) -> IpAddress:
        """The host with the highest address."""
        return self.prefix[-2]

    def suits(self, prefix: IpNetwork, gateway: IpAddress | None) -> bool:
        """Whether a subnet that is there need not change."""
        return prefix == self.prefix and (gateway == self.gateway or not self.asked)


def prefixes_of(text: str, annotation: str) -> tuple[IpNetwork, ...]:
    """One prefix, or one of each family; an address inside the prefix stands for it (S17)."""
    prefixes = tuple(_prefix(part.strip(), text, annotation) for part in text.split(","))
    if len({prefix.version for prefix in prefixes}) < len(prefixes):
        raise InvalidCIDR(annotation, f"{json.dumps(text)}: at most one IPv4 and one IPv6 prefix")
    return prefixes


def rewritten(text: str, prefixes: Iterable[IpNetwork]) -> str:
    """What of the text was understood as something else than it says; empty when nothing was (G1)."""
    written = zip((ip_interface(part.strip()) for part in text.split(",")), prefixes, strict=True)
    return ", ".join(f"{one} is the prefix {prefix}" for one, prefix in written if one.ip != prefix.network_address)


def subnets_with(prefixes: Iterable[IpNetwork], place: GatewayPlace) -> tuple[Subnet, ...]:
    """The prefixes with the gateways that they have when none are asked for."""
    return tuple(Subnet(prefix, prefix[1] if place is GatewayPlace.FIRST else prefix[-2]) for prefix in prefixes)


def asked_gateways(text: str, subnets: Sequence[Subnet], annotation: str) -> tuple[Subnet, ...]:
    """The subnets with the gateways that the text asks for: at most one of each family, each a host of its prefix."""
    asked = [_gateway(part.strip(), subnets, annotation) for part in text.split(",")]
    if len({gateway.version for gateway in asked}) < len(asked):
        raise InvalidAnnotation(annotation, f"{json.dumps(text)}: at most one IPv4 and one IPv6 address")
    by_version = {gateway.version: gateway for gateway in asked}
    return tuple(
        replace(subnet, gateway=by_version[subnet.prefix.version], asked=True) if subnet.prefix.version in by_version else subnet
        for subnet in subnets
    )


def _prefix(part: str, text: str, annotation: str) -> IpNetwork:
    if not FORM.fullmatch(part):
        raise InvalidCIDR(annotation, f"{json.dumps(text)}: an address and a length are needed, such as 10.1.1.0/24")
    try:
        prefix = ip_interface(part).network
    except ValueError as why:
        raise InvalidCIDR(annotation, f"{json.dumps(text)}: {why}") from why
    if prefix.prefixlen > LONGEST[prefix.version]:
        raise InvalidCIDR(
            annotation, f"{json.dumps(text)}: {prefix} leaves no address for a pod, /{LONGEST[prefix.version]} is the smallest"
        )
    if prefix.is_multicast or prefix.is_loopback:
        raise InvalidCIDR(annotation, f"{json.dumps(text)}: {prefix} has no addresses that interfaces may have")
    return prefix


def _gateway(part: str, subnets: Iterable[Subnet], annotation: str) -> IpAddress:
    try:
        gateway = ip_address(part)
    except ValueError as why:
        raise InvalidAnnotation(annotation, f"{json.dumps(part)} is not an IP address") from why
    for subnet in subnets:
        if gateway in subnet.prefix and gateway not in (subnet.prefix[0], subnet.prefix[-1]):
            return gateway
    raise InvalidAnnotation(annotation, f"{gateway} is no host of {' or '.join(str(subnet.prefix) for subnet in subnets)}")
