"""The documents that make and change objects of the configuration API (contract 3.4, 4)."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from kube_sync.model.defaults import Defaults
from kube_sync.model.juniper import RouteTargets
from kube_sync.model.names import CLUSTER_WIDE, FABRIC, FqName, Names
from kube_sync.model.networks import Made
from kube_sync.model.plan import Address, Interface, Machine
from kube_sync.model.prefixes import IpAddress, IpNetwork, Subnet

Document = dict[str, Any]

SHARED = "shared"  # the mark of the IPAM by which a later worker sees that all namespaces share a project

KEPT = {"dns_server_address": "service address", "default_gateway": "gateway"}  # of a subnet, and how people call it


def project(names: Names, namespace: str, marks: Mapping[str, str]) -> Document:
    """A namespace's project, or that of all."""
    uuid = names.uuid("project") if names.shared else names.uuid("project", namespace)
    return {**_child(names.project(namespace), "domain"), "uuid": uuid, "annotations": annotations(marks)}


def pod_ipam(names: Names, subnets: Iterable[IpNetwork]) -> Document:
    """The flat IPAM of the cluster-wide network: one address space for all networks that use it (contract 4.1)."""
    return {
        **_child(names.pod_ipam, "project"),
        "uuid": names.uuid("pod-ipam"),
        "ipam_subnet_method": "flat-subnet",
        "ipam_subnets": {"subnets": [_subnet(subnet) for subnet in subnets]},
        "annotations": annotations(names.marks("Namespace", "default", "default", **_if_shared(names))),
    }


def default_network(names: Names) -> Document:
    """The cluster-wide network."""
    return {
        **_flat(names, names.default_network, names.uuid("default-network")),
        "display_name": CLUSTER_WIDE,
        "annotations": annotations(names.marks("Namespace", "default", "default")),
    }


def isolated_network(names: Names, namespace: str, uuid: str, wanted: Defaults, marks: Mapping[str, str]) -> Document:
    """The network of an isolated namespace: apart from the cluster-wide one, with addresses from the same IPAM."""
    return {**_flat(names, names.isolated_network(namespace), uuid), **isolated_changeable(wanted, marks)}


def isolated_changeable(wanted: Defaults, marks: Mapping[str, str]) -> Document:
    """What an edit of the namespace may change of it."""
    return {**_fabric(forwarding=wanted.forwarding, snat=wanted.snat), "annotations": annotations(marks)}


def ipam(network: Made, uuid: str, marks: Mapping[str, str]) -> Document:
    """The IPAM beside a definition's network; the subnets are the network's."""
    return {**_child(network.ipam, "project"), "uuid": uuid, "annotations": annotations(marks)}


def network(wanted: Made, uuid: str, marks: Mapping[str, str]) -> Document:
    """A definition's network."""
    return {
        **_child(wanted.fq_name, "project"),
        "uuid": uuid,
        "address_allocation_mode": "user-defined-subnet-only",
        "virtual_network_properties": {"forwarding_mode": "l2_l3"},
        **changeable(wanted, marks),
    }


def changeable(wanted: Made, marks: Mapping[str, str], there: Iterable[IpNetwork] = ()) -> Document:
    """What an edit of the definition may change of its network; a subnet that is there keeps a gateway that nobody asked for."""
    kept = set(there)
    subnets = [_own_subnet(subnet, stated=subnet.asked or subnet.prefix not in kept) for subnet in wanted.subnets]
    return {
        "network_ipam_refs": [{"to": list(wanted.ipam), "attr": {"ipam_subnets": subnets}}],
        **_fabric(forwarding=wanted.forwarding, snat=wanted.snat),
        "annotations": annotations(marks),
        **(route_targets(wanted.targets) if wanted.targets else {}),
    }


def route_targets(targets: RouteTargets) -> Document:
    """The three lists of a network."""
    lists = {"route_target_list": targets.both, "import_route_target_list": targets.imported, "export_route_target_list": targets.exported}
    return {name: {"route_target": list(found)} for name, found in lists.items()}


def machine(wanted: Machine) -> Document:
    """A pod's virtual-machine."""
    return {
        "fq_name": list(wanted.fq_name),
        "uuid": wanted.uuid,
        "server_type": "container",
        "annotations": annotations(wanted.marks),
    }


def interface(wanted: Interface, machine: str) -> Document:
    """A virtual-machine-interface; the MAC only when one was asked for."""
    mac = {"virtual_machine_interface_mac_addresses": {"mac_address": [wanted.mac]}} if wanted.mac else {}
    return {
        **_child(wanted.fq_name, "project"),
        "uuid": wanted.uuid,
        "virtual_network_refs": [{"uuid": wanted.network}],
        "virtual_machine_refs": [{"uuid": machine}],
        "annotations": annotations(wanted.marks),
        **mac,
    }


def address(wanted: Address) -> Document:
    """An instance-ip."""
    return {
        "fq_name": [wanted.name],
        "uuid": wanted.uuid,
        "virtual_network_refs": [{"uuid": wanted.network}],
        "virtual_machine_interface_refs": [{"uuid": wanted.interface}],
        **({"instance_ip_family": wanted.family} if wanted.family else {}),
        **({"instance_ip_address": wanted.ip} if wanted.ip else {}),
    }


def annotations(marks: Mapping[str, str]) -> Document:
    """A mapping as the API's key-value pairs."""
    return {"key_value_pair": [{"key": key, "value": value} for key, value in marks.items()]}


def subnets_of(network: Mapping[str, Any]) -> tuple[list[IpNetwork], bool]:
    """The prefixes that a network has itself, and whether it also draws from flat IPAMs, whose prefixes it does not show."""
    entries = list(_entries(network))
    own = [_prefix(entry) for entry in entries if entry.get("subnet")]
    return own, len(own) < len(entries)


def kept_of(network: Mapping[str, Any]) -> dict[str, str]:
    """The addresses of a network's own prefixes that no pod is given, and what each is."""
    kept: dict[str, str] = {}
    for entry in _entries(network):
        if entry.get("subnet"):
            prefix = _prefix(entry)
            kept |= {str(prefix[0]): "network address", str(prefix[-1]): "last address"}
            kept |= {entry[field]: told for field, told in KEPT.items() if entry.get(field)}
    return kept


def _entries(network: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for ref in network.get("network_ipam_refs") or ():
        yield from (ref.get("attr") or {}).get("ipam_subnets") or ()


def _prefix(entry: Mapping[str, Any]) -> IpNetwork:
    return ip_network((entry["subnet"]["ip_prefix"], entry["subnet"]["ip_prefix_len"]))


def gateways_of(network: Mapping[str, Any]) -> dict[IpNetwork, IpAddress | None]:
    """The prefixes that a network has itself, each with its gateway."""
    own = [(_prefix(entry), entry.get("default_gateway")) for entry in _entries(network) if entry.get("subnet")]
    return {prefix: ip_address(gateway) if gateway else None for prefix, gateway in own}


def shared_by(names: Names) -> str:
    """What the IPAM is marked with: the project that all namespaces share, if they do (D8)."""
    return ":".join(names.shared or ())


def _if_shared(names: Names) -> dict[str, str]:
    return {SHARED: shared_by(names)} if names.shared else {}


def _flat(names: Names, fq_name: FqName, uuid: str) -> Document:
    return {
        **_child(fq_name, "project"),
        "uuid": uuid,
        "address_allocation_mode": "flat-subnet-only",
        "virtual_network_properties": {"forwarding_mode": "l3"},
        "network_ipam_refs": [{"to": list(names.pod_ipam), "attr": {"ipam_subnets": []}}],
    }


def _fabric(*, forwarding: bool, snat: bool) -> Document:
    return {"virtual_network_refs": [{"to": list(FABRIC)}] if forwarding else [], "fabric_snat": snat}


def _child(fq_name: Iterable[str], parent: str) -> Document:
    return {"fq_name": list(fq_name), "parent_type": parent}


def _subnet(subnet: IpNetwork) -> Document:
    return {"subnet": {"ip_prefix": str(subnet.network_address), "ip_prefix_len": subnet.prefixlen}}


def _own_subnet(subnet: Subnet, *, stated: bool) -> Document:
    document = _subnet(subnet.prefix)
    if stated:
        document["default_gateway"] = str(subnet.gateway)
        if subnet.gateway == subnet.prefix[-3]:
            # The service address would have been there; of the two hosts before the last address it takes the other.
            document["dns_server_address"] = str(subnet.prefix[-2])
    return document
