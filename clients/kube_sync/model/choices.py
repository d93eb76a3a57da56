"""Which networks a pod got: resolved once, then kept with its virtual-machine, whatever happens to the annotation (S8)."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

import msgspec

from kube_sync.model.attachments import Attachment, fault, interface_name
from kube_sync.model.documents import kept_of, subnets_of
from kube_sync.model.names import CHOICES, Names
from kube_sync.model.objects import Pod
from kube_sync.model.plan import Address, Interface, Machine
from kube_sync.model.prefixes import IpNetwork

DEFAULT_ROUTE = "default-route"  # of the interface that has it in place of index 0


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One interface's network. Without a network it is another plug-in's, listed so that drift is seen, and otherwise left alone."""

    reference: str  # as network-status names it
    network: str = ""  # uuid
    families: tuple[str, ...] = ()  # one address each; "" is whichever
    attachment: Attachment | None = None  # None: the cluster-wide network
    interface: str = ""  # uuids, where they are not those that the pod's uid gives: of what was adopted
    addresses: tuple[str, ...] = ()

    @property
    def ips(self) -> tuple[str, ...]:
        """The addresses asked for."""
        return self.attachment.ips if self.attachment else ()


def frozen(choices: Iterable[Choice]) -> str:
    """The list as the virtual-machine keeps it."""
    return msgspec.json.encode(list(choices)).decode()


def thawed(text: str) -> tuple[Choice, ...]:
    """The list that `frozen` wrote."""
    return msgspec.json.decode(text, type=tuple[Choice, ...])


def chosen(position: int, attachment: Attachment, network: Mapping[str, Any]) -> Choice:
    """The choice of a network that exists; refused when it cannot hold the addresses or gateways asked for (B19, 3.3)."""
    subnets, flat = subnets_of(network)
    choice = Choice(attachment.reference, str(network["uuid"]), families(subnets, flat=flat), attachment)
    kept = {} if flat else kept_of(network)
    for ip in attachment.ips:
        if not flat and not any(ip_address(ip) in subnet for subnet in subnets):
            held = ", ".join(map(str, subnets)) or "no subnet at all"
            raise fault(position, "ips", ip, f"is in no subnet of {choice.reference}, which has {held}")
        if ip in kept:
            raise fault(position, "ips", ip, f"is the {kept[ip]} of {choice.reference}, which no pod can have")
    for gateway in attachment.default_route or ():
        if not {f"v{ip_address(gateway).version}", ""} & set(choice.families):
            raise fault(position, "default-route", gateway, f"is of a family that {choice.reference} does not have")
    return choice


def check_apart(choices: Iterable[Choice]) -> None:
    """Refuse what only the networks show: a pod that asks twice for an interface name or, in one network, for an address or a MAC."""
    taken: dict[tuple[str, str, str], str] = {}
    index = 0
    for position, choice in enumerate(choices):  # what stands at 0 is no element of the annotation
        if choice.network:
            for field, value, where in _asked(index, choice):
                if holder := taken.get((field, value, where)):
                    raise fault(position, field, value, f"is already that of {holder}")
                taken[field, value, where] = f"element {position}" if position else "the default network"
            index += 1


def _asked(index: int, choice: Choice) -> Iterator[tuple[str, str, str]]:
    yield "interface", interface_name(index, choice.attachment), ""
    for ip in choice.ips:
        yield "ips", ip, choice.network
    if choice.attachment and choice.attachment.mac:
        yield "mac", choice.attachment.mac, choice.network


def families(subnets: Iterable[IpNetwork], *, flat: bool) -> tuple[str, ...]:
    """An address of each family that the network's own subnets have; of a flat IPAM, whichever comes."""
    own = sorted({f"v{subnet.version}" for subnet in subnets})
    return tuple(own) or (("",) if flat else ())


def machine_of(pod: Pod, choices: tuple[Choice, ...], names: Names) -> Machine:
    """All that the pod should have; the same pod and choices always give the same."""
    _, namespace, name = pod.key
    marks = names.marks("Pod", namespace, name, k8s_uuid=pod.uid, **{CHOICES: frozen(choices)})
    ours = [choice for choice in choices if choice.network]
    interfaces = tuple(_interface(pod, index, len(ours), choice, names) for index, choice in enumerate(ours))
    return Machine(names.machine_uuid(pod.uid), names.machine(namespace, name), marks, interfaces)


def _interface(pod: Pod, index: int, total: int, choice: Choice, names: Names) -> Interface:
    _, namespace, name = pod.key
    uuid = choice.interface or names.interface_uuid(pod.uid, index)
    # The original's CNI plugin reads these three, and splits them at colons: no address may ever stand here (2.3).
    contract = {"index": f"{index}/{total}", "network": choice.attachment.name if choice.attachment else "default"}
    if choice.attachment and choice.attachment.interface:
        contract["interface"] = interface_name(index, choice.attachment)
    if choice.attachment and choice.attachment.default_route is not None:
        contract[DEFAULT_ROUTE] = "true"
    return Interface(
        uuid,
        (*names.project(namespace), f"{name}__{uuid}"),
        choice.network,
        choice.attachment.mac if choice.attachment else None,
        names.marks("Pod", namespace, name, **contract),
        tuple(_addresses(name, uuid, choice, names)),
    )


def _addresses(pod: str, interface: str, choice: Choice, names: Names) -> Iterable[Address]:
    if choice.addresses:
        yield from (Address(uuid, f"{pod}__{uuid}", interface, choice.network) for uuid in choice.addresses)
        return
    wanted: list[tuple[str, str | None]] = [(f"v{ip_address(ip).version}", ip) for ip in choice.ips]
    # Asking for an address of one family leaves the other as it would be; a flat IPAM's whichever is then given already.
    wanted += [(family, None) for family in choice.families if family not in {asked for asked, _ in wanted} and (family or not wanted)]
    for ordinal, (family, ip) in enumerate(wanted):
        # The first of a family is named by the family alone, so that it is the same whether asked for or drawn.
        nth = sum(other == family for other, _ in wanted[:ordinal])
        uuid = names.uuid(interface, family, *([str(nth)] if nth else []))
        yield Address(uuid, f"{pod}__{uuid}", interface, choice.network, family or None, ip)
