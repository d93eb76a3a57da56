"""What network a network-attachment-definition stands for: made from a prefix (way A) or mapped by name (way B)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kube_sync.model.juniper import JUNIPER, RouteTargets, described
from kube_sync.model.names import FqName, Names
from kube_sync.model.objects import NETWORK, Definition
from kube_sync.model.prefixes import Subnet, asked_gateways, prefixes_of, rewritten, subnets_with
from kube_sync.model.refusals import ConflictingAnnotations, InvalidAnnotation, InvalidConfig, OverlappingCIDR, ReservedName
from kube_sync.model.rules import ExtraSource, Rules

PLUGIN = "contrail-k8s-cni"
CIDR = "opencontrail.org/cidr"
GATEWAY = "opencontrail.org/gateway"
FORWARDING = "opencontrail.org/ip_fabric_forwarding"
SNAT = "opencontrail.org/ip_fabric_snat"


@dataclass(frozen=True)
class Note:
    """What the owner of a definition should know of a network that is had all the same."""

    reason: str
    text: str
    warning: bool = False


@dataclass(frozen=True)
class Made:
    """Way A: a network of this worker, with these subnets."""

    fq_name: FqName
    ipam: FqName
    subnets: tuple[Subnet, ...]
    forwarding: bool = False
    snat: bool = False
    targets: RouteTargets | None = None  # None: nothing was said, and nothing is changed
    notes: tuple[Note, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Mapped:
    """Way B: a network that somebody else made; it is used, and otherwise left alone."""

    fq_name: FqName


Network = Made | Mapped


def is_ours(definition: Definition) -> bool:
    """Whether the definition is for this network plug-in; other plug-ins' are none of our business (G13)."""
    return _config(definition).get("type") == PLUGIN


def network_of(definition: Definition, names: Names, rules: Rules) -> Network:
    """The network wanted by a definition that is ours; a Refusal says why there is none."""
    _config(definition)
    way = _way(definition, rules)
    if way == NETWORK:
        return Mapped(target_of(definition.annotations[NETWORK]))
    _, namespace, name = definition.key
    fq_name = names.network(namespace, name)
    if fq_name == names.default_network:
        raise ReservedName(definition.key, f"would be {':'.join(fq_name)}, the cluster-wide network; choose another name")
    return _described(definition, names, rules) if way == JUNIPER else _annotated(definition, names, rules)


def _way(definition: Definition, rules: Rules) -> str:
    """The one annotation that says which network it is (B07)."""
    known = {CIDR, NETWORK} | ({JUNIPER} if rules.extra_source is ExtraSource.JUNIPER else set())
    ways = sorted(known & definition.annotations.keys())
    if not ways:
        raise ConflictingAnnotations(CIDR, f"(to make a network) or {NETWORK} (to use one) is needed")
    if len(ways) > 1:
        raise ConflictingAnnotations(" and ".join(ways), "exclude each other: each says by itself which network it is")
    others = {NETWORK: {GATEWAY}, JUNIPER: {GATEWAY, FORWARDING, SNAT}}.get(ways[0], set())
    for other in sorted(others & definition.annotations.keys()):
        raise ConflictingAnnotations(other, f"goes with {CIDR}, not with {ways[0]}")
    return ways[0]


def _annotated(definition: Definition, names: Names, rules: Rules) -> Made:
    text = definition.annotations[CIDR]
    subnets = subnets_with(prefixes_of(text, CIDR), rules.gateway)
    if GATEWAY in definition.annotations:
        subnets = asked_gateways(definition.annotations[GATEWAY], subnets, GATEWAY)
    forwarding, snat, notes = fabric_of(definition.annotations)
    made = _made(definition, names, rules, CIDR, text, subnets)
    return replace(made, forwarding=forwarding, snat=snat, notes=(*made.notes, *notes))


def _described(definition: Definition, names: Names, rules: Rules) -> Made:
    found = described(definition.annotations[JUNIPER])
    made = _made(definition, names, rules, JUNIPER, found.text, subnets_with(found.prefixes, rules.gateway))
    return replace(made, snat=found.snat, targets=found.targets)


def _made(definition: Definition, names: Names, rules: Rules, annotation: str, text: str, subnets: tuple[Subnet, ...]) -> Made:
    for subnet in subnets:
        if taken := rules.overlapped(subnet.prefix):
            raise OverlappingCIDR(annotation, f"{json.dumps(text)}: {subnet.prefix} overlaps {taken}")
    _, namespace, name = definition.key
    said = rewritten(text, (subnet.prefix for subnet in subnets))
    notes = (Note("CIDRNormalized", f"{annotation} {json.dumps(text)}: {said}"),) if said else ()
    return Made(names.network(namespace, name), names.ipam(namespace, name), subnets, notes=notes)


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


def target_of(text: str) -> FqName:
    """The network that an annotation names (S18)."""
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


def fabric_of(annotations: Mapping[str, str]) -> tuple[bool, bool, tuple[Note, ...]]:
    """Forwarding and source NAT into the IP fabric, of which the first wins (G7)."""
    forwarding, snat = flag(annotations, FORWARDING), flag(annotations, SNAT)
    wins = Note("FabricForwardingWins", f"{FORWARDING} and {SNAT} are both true: only the first has an effect", warning=True)
    return forwarding, snat and not forwarding, (wins,) if forwarding and snat else ()


def flag(annotations: Mapping[str, str], annotation: str) -> bool:
    """What a switch says; anything but true and false is refused, never taken for off (G8)."""
    text = annotations.get(annotation, "false")
    if text.lower() not in {"true", "false"}:
        raise InvalidAnnotation(annotation, f'must be "true" or "false", not {json.dumps(text)}')
    return text.lower() == "true"
