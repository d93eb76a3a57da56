"""The annotation with which a pod selects its networks, in both forms of the standard (3.3)."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface
from typing import Annotated, Any

import msgspec

from kube_sync.model.refusals import InvalidAnnotation

NETWORKS = "k8s.v1.cni.cncf.io/networks"

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?")
# What the kernel takes, without what would break the annotation of the interface for the CNI plugin that reads it (2.3).
INTERFACE = re.compile(r"""((?![/:"\\{}])[!-~]){1,15}""")
ADDRESS = re.compile(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?")
MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
GUID = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){7}")

IpAddress = IPv4Address | IPv6Address
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Rate = Annotated[int, msgspec.Meta(ge=1)]

LONGEST_VALUE = 100  # of a value at fault, as far as it is repeated


@dataclass(frozen=True)
class Attachment:
    """One network that a pod asks for, beside the cluster-wide one."""

    namespace: str
    name: str
    interface: str | None = None
    ips: tuple[str, ...] = ()
    mac: str | None = None
    default_route: tuple[str, ...] | None = None

    @property
    def reference(self) -> str:
        """The definition, as network-status names it."""
        return f"{self.namespace}/{self.name}"


class PortMapping(msgspec.Struct, rename="camel"):
    """A host port that leads to a container port."""

    container_port: Port
    host_port: Port | None = None
    protocol: str = "tcp"


class Bandwidth(msgspec.Struct, rename="camel"):
    """Shaping of one interface."""

    ingress_rate: Rate | None = None
    ingress_burst: Rate | None = None
    egress_rate: Rate | None = None
    egress_burst: Rate | None = None


class Element(msgspec.Struct, rename="kebab"):
    """One object of the JSON form, typed as the standard says."""

    name: str
    namespace: str | None = None
    ips: Annotated[list[str], msgspec.Meta(min_length=1)] | None = None
    mac: str | None = None
    interface: str | None = None
    cni_args: dict[str, Any] | None = None
    port_mappings: list[PortMapping] | None = msgspec.field(name="portMappings", default=None)
    bandwidth: Bandwidth | None = None
    default_route: list[str] | None = None
    infiniband_guid: str | None = None
    ipam_claim_reference: str | None = None


def attachments_of(annotation: str, namespace: str) -> tuple[Attachment, ...]:
    """The networks selected by a pod of that namespace, in order; InvalidAnnotation names the element at fault."""
    if not annotation.strip():
        return ()
    elements = _json_elements(annotation) if set(annotation) & set('[{"') else _short_elements(annotation)
    found = tuple(_attachment(position, element, namespace) for position, element in enumerate(elements, start=1))
    _check_interfaces(found)
    _check_default_routes(found)
    return found


def interface_name(index: int, attachment: Attachment | None) -> str:
    """What the CNI plugin will call the interface at that index; index 0 has no attachment."""
    return (attachment and attachment.interface) or f"eth{index}"


def _short_elements(annotation: str) -> Iterator[Element]:
    for position, item in enumerate(annotation.split(","), start=1):
        item, at, interface = item.strip().partition("@")
        namespace, slash, name = item.rpartition("/")
        if "/" in namespace or "@" in interface:
            raise fault(position, "name", item + at + interface, "is not of the form [namespace/]name[@interface]")
        if slash and not namespace:
            raise fault(position, "namespace", namespace, "is empty")
        yield Element(name=name, namespace=namespace or None, interface=interface if at else None)


def _json_elements(annotation: str) -> list[Element]:
    try:
        elements = json.loads(annotation)
    except (ValueError, RecursionError) as why:
        raise InvalidAnnotation(NETWORKS, f"is not JSON: {why}") from why
    if not isinstance(elements, list):
        raise InvalidAnnotation(NETWORKS, "must be a JSON list of objects, or names separated by commas")
    return [_element(position, element) for position, element in enumerate(elements, start=1)]


def _element(position: int, element: object) -> Element:
    if not isinstance(element, dict):
        raise InvalidAnnotation(element_at(position), f"must be an object with a name, not {_quoted(element)}")
    # Keys without a dot belong to the standard: an unknown one is a slip of the pen, and would be lost without a word.
    for key in element:
        if "." not in key and key not in Element.__struct_encode_fields__:
            raise InvalidAnnotation(element_at(position), f"{_quoted(key)} is no key of the standard; keys of your own need a dot")
    try:
        return msgspec.convert(element, Element)
    except msgspec.ValidationError as why:
        raise InvalidAnnotation(element_at(position), f"{why}") from why


def _attachment(position: int, element: Element, namespace: str) -> Attachment:
    _check_supported(position, element)
    return Attachment(
        namespace=_matching(position, "namespace", element.namespace or namespace, LABEL, "is not a Kubernetes name"),
        name=_matching(position, "name", element.name, LABEL, "is not a Kubernetes name"),
        interface=_interface(position, element.interface),
        ips=_ips(position, element.ips or ()),
        mac=_mac(position, element.mac),
        default_route=_default_route(position, element.default_route),
    )


def _interface(position: int, name: str | None) -> str | None:
    if name is None:
        return None
    if name in {".", ".."}:
        raise fault(position, "interface", name, "is not a Linux interface name")
    return _matching(position, "interface", name, INTERFACE, "is not a Linux interface name of 1 to 15 characters")


def _mac(position: int, mac: str | None) -> str | None:
    if mac is None:
        return None
    mac = _matching(position, "mac", mac.lower().replace("-", ":"), MAC, "is not a MAC address of 6 bytes")
    if int(mac[:2], 16) & 1 or not mac.strip("0:"):
        raise fault(position, "mac", mac, "is not the address of one interface")
    return mac


def _ips(position: int, texts: Iterable[str]) -> tuple[str, ...]:
    ips = tuple(str(_address(position, "ips", text)) for text in texts)
    for at, ip in enumerate(ips):
        if ip in ips[:at]:
            raise fault(position, "ips", ip, "is asked for twice")
    return ips


def _address(position: int, field: str, text: str) -> IpAddress:
    try:
        return ip_interface(_matching(position, field, text, ADDRESS, "is not an IP address, with or without /length")).ip
    except ValueError as why:
        raise fault(position, field, text, f"is not an IP address, with or without /length: {why}") from why


def _default_route(position: int, gateways: list[str] | None) -> tuple[str, ...] | None:
    return None if gateways is None else tuple(_gateway(position, gateway) for gateway in gateways)


def _gateway(position: int, text: str) -> str:
    try:
        return str(ip_address(_matching(position, "default-route", text, ADDRESS, "is not the address of a gateway")))
    except ValueError as why:
        raise fault(position, "default-route", text, f"is not the address of a gateway: {why}") from why


def _check_supported(position: int, element: Element) -> None:
    """The standard wants a request to fail that the network cannot serve; nothing here shapes or maps ports."""
    if element.infiniband_guid is not None:
        _matching(position, "infiniband-guid", element.infiniband_guid.lower(), GUID, "is not a GUID of 8 bytes")
    if element.ipam_claim_reference is not None and element.ips:
        raise fault(position, "ipam-claim-reference", element.ipam_claim_reference, "excludes ips")
    for field, value in (
        ("portMappings", element.port_mappings),
        ("bandwidth", element.bandwidth),
        ("infiniband-guid", element.infiniband_guid),
    ):
        if value:
            raise InvalidAnnotation(element_at(position), f"{field} is not supported by this network")


def _check_interfaces(found: tuple[Attachment, ...]) -> None:
    """One name, one interface; eth0 is the cluster-wide network's, and what asks for no name is eth and its index."""
    taken = {interface_name(0, None): 0}
    for position, attachment in enumerate(found, start=1):
        name = interface_name(position, attachment)
        if name in taken:
            other = f"element {taken[name]}" if taken[name] else "the default network"
            raise fault(position, "interface", name, f"is already the interface of {other}")
        taken[name] = position


def _check_default_routes(found: tuple[Attachment, ...]) -> None:
    positions = [position for position, attachment in enumerate(found, start=1) if attachment.default_route is not None]
    if len(positions) > 1:
        raise InvalidAnnotation(NETWORKS, f"has default-route in elements {positions}, and only one may have it")


def _matching(position: int, field: str, value: str, pattern: re.Pattern[str], what: str) -> str:
    if not pattern.fullmatch(value):
        raise fault(position, field, value, what)
    return value


def fault(position: int, field: str, value: object, what: str) -> InvalidAnnotation:
    """What is wrong with a field of the element at that position, counted from 1."""
    return InvalidAnnotation(element_at(position), f"{field} {_quoted(value)} {what}")


def element_at(position: int) -> str:
    """How a sentence about an element begins."""
    return f"{NETWORKS}, element {position}:"


def _quoted(value: object) -> str:
    """As JSON and so in plain ASCII, and no longer than helps to find it."""
    text = json.dumps(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
