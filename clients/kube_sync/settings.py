"""What the worker is told when it starts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from kube_sync.model.networks import IpNetwork

CLUSTER_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
POD_SUBNET = "10.32.0.0/12"


class SettingError(ValueError):
    """A setting that cannot be; names it and its value."""

    def __init__(self, setting: str, value: object, why: object) -> None:
        super().__init__(f"{setting} {value!r}: {why}")


@dataclass(frozen=True)
class Settings:
    """The cluster, and how to go about it."""

    cluster_name: str = "k8s"
    pod_subnets: tuple[IpNetwork, ...] = (ip_network(POD_SUBNET),)
    workers: int = 8
    allow_mass_delete: bool = False


def settings(cluster_name: str, pod_subnets: Iterable[str], workers: int, *, allow_mass_delete: bool) -> Settings:
    """Checked settings; a SettingError names the first at fault."""
    if not CLUSTER_NAME.fullmatch(cluster_name):
        raise SettingError("--cluster-name", cluster_name, "must be lower case letters, digits and '-', as in a Kubernetes name")
    subnets = tuple(_subnet(text) for text in pod_subnets)
    for at, subnet in enumerate(subnets):
        for other in subnets[:at]:
            if other.version == subnet.version and other.overlaps(subnet):
                raise SettingError("--pod-subnet", str(subnet), f"overlaps {other}")
    return Settings(cluster_name, subnets, workers, allow_mass_delete)


def _subnet(text: str) -> IpNetwork:
    try:
        return ip_network(text)
    except ValueError as why:
        raise SettingError("--pod-subnet", text, why) from why
