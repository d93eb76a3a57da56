"""What definitions and pods may ask for in this cluster: the switches that decide it, as one value (section 8)."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network

from kube_sync.model.prefixes import GatewayPlace, IpNetwork

POD_SUBNET, SERVICE_SUBNET, IP_FABRIC_SUBNET = "10.32.0.0/12", "10.96.0.0/12", "10.64.0.0/12"


class OverlapPolicy(StrEnum):
    """With what the prefix of a definition may share no address (B06)."""

    CLUSTER_RANGES = "cluster-ranges"
    DENY = "deny"
    IGNORE = "ignore"


class NamespacePolicy(StrEnum):
    """Of which other namespaces a pod may select definitions (G12)."""

    ANY = "any"
    SAME = "same"
    LIST = "list"


class NadDelete(StrEnum):
    """Whether a definition waits for its last pod, or leaves its network behind (4.1)."""

    HOLD = "hold"
    ORPHAN = "orphan"


class ExtraSource(StrEnum):
    """An annotation that is read beside those of `opencontrail.org` (2.9)."""

    NONE = "none"
    JUNIPER = "juniper.net/networks"


@dataclass(frozen=True)
class Rules:
    """The switches; what is not said is as the original has it."""

    pod_subnets: tuple[IpNetwork, ...] = (ip_network(POD_SUBNET),)
    service_subnets: tuple[IpNetwork, ...] = (ip_network(SERVICE_SUBNET),)
    ip_fabric_subnets: tuple[IpNetwork, ...] = (ip_network(IP_FABRIC_SUBNET),)
    overlap: OverlapPolicy = OverlapPolicy.CLUSTER_RANGES
    gateway: GatewayPlace = GatewayPlace.LAST
    nad_namespaces: NamespacePolicy = NamespacePolicy.ANY
    shared_namespaces: frozenset[str] = frozenset()
    nad_delete: NadDelete = NadDelete.HOLD
    extra_source: ExtraSource = ExtraSource.NONE

    def overlapped(self, prefix: IpNetwork) -> str:
        """The range of the cluster with which a definition's prefix may share no address and does, in words."""
        if self.overlap is OverlapPolicy.IGNORE:
            return ""
        ranges = {"pods": self.pod_subnets, "services": self.service_subnets, "the IP fabric": self.ip_fabric_subnets}
        found = ((taken, what) for what, subnets in ranges.items() for taken in subnets)
        return next((f"{taken}, the addresses of {what}" for taken, what in found if overlap(taken, prefix)), "")

    def lets_select(self, namespace: str, other: str) -> bool:
        """Whether pods of one namespace may select definitions of another (B22)."""
        if namespace == other or self.nad_namespaces is NamespacePolicy.ANY:
            return True
        return self.nad_namespaces is NamespacePolicy.LIST and other in self.shared_namespaces


def overlap(one: IpNetwork, other: IpNetwork) -> bool:
    """Whether two prefixes share an address."""
    return one.version == other.version and one.overlaps(other)
