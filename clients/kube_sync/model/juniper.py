"""The annotation with which the newer Contrail line describes a network, read where that is switched on (2.9)."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from kube_sync.model.prefixes import IpNetwork, prefixes_of
from kube_sync.model.refusals import InvalidAnnotation, InvalidCIDR

JUNIPER = "juniper.net/networks"

RouteTarget = Annotated[str, msgspec.Meta(pattern=r"^target:[0-9]+(\.[0-9]+){0,3}:[0-9]+$")]


class Wire(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The annotation's keys; any other is a slip of the pen, and would be lost without a word."""

    ipam_v4_subnet: str | None = msgspec.field(name="ipamV4Subnet", default=None)
    ipam_v6_subnet: str | None = msgspec.field(name="ipamV6Subnet", default=None)
    fabric_snat: bool = msgspec.field(name="fabricSNAT", default=False)
    route_target_list: list[RouteTarget] = msgspec.field(default_factory=list)
    import_route_target_list: list[RouteTarget] = msgspec.field(default_factory=list)
    export_route_target_list: list[RouteTarget] = msgspec.field(default_factory=list)
    # Says there that namespaces may make it their default network: here they may with every network.
    pod_network: bool = False


@dataclass(frozen=True)
class RouteTargets:
    """Whom a network tells its routes, and whose it takes."""

    both: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()
    exported: tuple[str, ...] = ()


@dataclass(frozen=True)
class Described:
    """The network that the annotation describes."""

    text: str  # its prefixes, as `opencontrail.org/cidr` would have them
    prefixes: tuple[IpNetwork, ...]
    snat: bool
    targets: RouteTargets


def described(annotation: str) -> Described:
    """What the annotation says; a Refusal names the key at fault."""
    wire = _wire(annotation)
    texts = {
        4: ("ipamV4Subnet", wire.ipam_v4_subnet),
        6: ("ipamV6Subnet", wire.ipam_v6_subnet),
    }
    found = [(text, _prefix(key, text, version)) for version, (key, text) in texts.items() if text is not None]
    if not found:
        raise InvalidAnnotation(JUNIPER, "needs ipamV4Subnet or ipamV6Subnet")
    targets = RouteTargets(tuple(wire.route_target_list), tuple(wire.import_route_target_list), tuple(wire.export_route_target_list))
    return Described(",".join(text for text, _ in found), tuple(prefix for _, prefix in found), wire.fabric_snat, targets)


def _wire(annotation: str) -> Wire:
    try:
        document: Any = json.loads(annotation)
    except (ValueError, RecursionError) as why:
        raise InvalidAnnotation(JUNIPER, f"is not JSON: {why}") from why
    try:
        return msgspec.convert(document, Wire)
    except msgspec.ValidationError as why:
        raise InvalidAnnotation(JUNIPER, f"cannot be read: {why}") from why


def _prefix(key: str, text: str, version: int) -> IpNetwork:
    prefixes = prefixes_of(text, f"{JUNIPER}, {key}")
    if [prefix.version for prefix in prefixes] != [version]:
        raise InvalidCIDR(f"{JUNIPER}, {key}", f"{json.dumps(text)}: one IPv{version} prefix is needed")
    return prefixes[0]
