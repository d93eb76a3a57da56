"""What network a network-attachment-definition stands for: made from a prefix (way A) or mapped by name (way B)."""

import json
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_interface

from kube_sync.model.names import FqName, Names
from kube_sync.model.objects import Definition
from kube_sync.model.refusals import ConflictingAnnotations, InvalidAnnotation, InvalidCIDR, InvalidConfig, OverlappingCIDR, ReservedName

IpNetwork = IPv4Network | IPv6Network

PLUGIN = "contrail-k8s-cni"
CIDR = "opencontrail.org/cidr"
NETWORK = "opencontrail.org/network"
FORWARDING = "opencontrail.org/ip_fabric_forwarding"
SNAT = "opencontrail.org/ip_fabric_snat"

# The last prefix that leaves an address to hand out beside gateway and service address (contract 4.2).
LONGEST = {4: 29, 6: 125}


@dataclass(frozen=True)
class Made:
    """Way A: a network of this worker, with these prefixes."""

    fq_name: FqName
    ipam: FqName
    subnets: tuple[IpNetwork, ...]
    forwarding: bool = False
    snat: bool = False


@dataclass(frozen=True)
class Mapped:
    """Way B: a network that somebody else made; it is used, and otherwise left alone."""

    fq_name: FqName


Network = Made | Mapped


def is_ours(definition: Definition) -> bool:
    """Whether the definition is for this network plug-in; other plug-ins' are none of our business (G13)."""
    return _config(definition).get("type") == PLUGIN


def network_of(definition: Definition, names: Names, ranges: tuple[IpNetwork, ...]) -> Network:
    """The network wanted by a definition that is ours; a Refusal says why there is none. `ranges` are the cluster's own."""
    _config(definition)
    cidr, target = definition.annotations.get(CIDR), definition.annotations.get(NETWORK)
    if cidr is not None and target is not None:
        raise ConflictingAnnotations(CIDR, f"and {NETWORK} exclude each other: the first makes a network, the second names one")
    if target is not None:
        return Mapped(_target(target))
    if cidr is None:
        raise ConflictingAnnotations(CIDR, f"(to make a network) or {NETWORK} (to use one) is needed")
    return _made(definition, cidr, names, ranges)


def _made(definition: Definition, cidr: str, names: Names, ranges: tuple[IpNetwork, ...]) -> Made:
    _, namespace, name = definition.key
    fq_name = names.network(namespace, name)
    if fq_name == names.default_network:
        raise ReservedName(definition.key, f"would be {':'.join(fq_name)}, the cluster-wide network; choose another name")
    forwarding = _flag(definition, FORWARDING)
    snat = _flag(definition, SNAT) and not forwarding
    return Made(fq_name, names.ipam(namespace, name), _subnets(cidr, ranges), forwarding, snat)


def _config(definition: Definition) -> dict[str, object]:
    if not definition.config.strip():
        return {}
    try:
        config = json.loads(definition.config)
    except (ValueError, RecursionError) as why:
        raise InvalidConfig("spec.config", f"is not JSON: {why}") from why
    if not isinstance(config, dict):
        raise InvalidConfig("spec.config", "must be a JSON object")
    return config


def _target(text: str) -> FqName:
    try:
        keys = json.loads(text)
    except (ValueError, RecursionError) as why:
        raise InvalidAnnotation(NETWORK, f"is not JSON: {why}") from why
    if not isinstance(keys, dict):
        raise InvalidAnnotation(NETWORK, "must be an object with domain, project and name")
    return tuple(_word(keys, key) for key in ("domain", "project", "name"))


def _word(keys: dict[str, object], key: str) -> str:
    word = keys.get(key)
    if not isinstance(word, str) or not word or ":" in word:
        raise InvalidAnnotation(NETWORK, f"has {key}, which must be a name, not {json.dumps(word)}")
    return word


def _flag(definition: Definition, annotation: str) -> bool:
    text = definition.annotations.get(annotation, "false")
    if text.lower() not in {"true", "false"}:
        raise InvalidAnnotation(annotation, f'must be "true" or "false", not {json.dumps(text)}')
    return text.lower() == "true"


def _subnets(cidr: str, ranges: tuple[IpNetwork, ...]) -> tuple[IpNetwork, ...]:
    """One prefix, or one of each family; an address inside the prefix stands for it (S17)."""
    subnets = tuple(_subnet(part.strip(), cidr) for part in cidr.split(","))
    if len({subnet.version for subnet in subnets}) < len(subnets):
        raise InvalidCIDR(CIDR, f"{json.dumps(cidr)}: at most one IPv4 and one IPv6 prefix")
    for subnet in subnets:
        for taken in ranges:
            if taken.version == subnet.version and subnet.overlaps(taken):
                raise OverlappingCIDR(CIDR, f"{json.dumps(cidr)}: {subnet} overlaps {taken}, the addresses of the cluster-wide network")
    return subnets


def _subnet(part: str, cidr: str) -> IpNetwork:
    if "/" not in part:
        raise InvalidCIDR(CIDR, f"{json.dumps(cidr)}: an address and a length are needed, such as 10.1.1.0/24")
    try:
        subnet = ip_interface(part).network
    except ValueError as why:
        raise InvalidCIDR(CIDR, f"{json.dumps(cidr)}: {why}") from why
    if subnet.prefixlen > LONGEST[subnet.version]:
        raise InvalidCIDR(CIDR, f"{json.dumps(cidr)}: {subnet} leaves no address for a pod, /{LONGEST[subnet.version]} is the smallest")
    return subnet
