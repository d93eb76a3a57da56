"""What the worker is told when it starts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network

from kube_sync.model.networks import IpNetwork
from kube_sync.model.status import StatusStyle

CLUSTER_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
POD_SUBNET = "10.32.0.0/12"


class SettingError(ValueError):
    """A setting that cannot be; names it and its value."""

    def __init__(self, setting: str, value: object, why: object) -> None:
        super().__init__(f"{setting} {value!r}: {why}")


class InvalidAnnotations(StrEnum):
    """What a pod gets whose selection cannot be read: nothing until it is mended, or its default network (3.5)."""

    FAIL = "fail"
    DEFAULT_ONLY = "default-only"


class CompletedPods(StrEnum):
    """Whether a pod that has succeeded or failed gives its addresses back, or keeps them until its object goes."""

    RELEASE = "release"
    KEEP = "keep"


@dataclass(frozen=True)
class Settings:
    """The cluster, and how to go about it; `Options.settings` makes it from what a caller said."""

    cluster_name: str = "k8s"
    pod_subnets: tuple[IpNetwork, ...] = (ip_network(POD_SUBNET),)
    workers: int = 8
    allow_mass_delete: bool = False
    status_style: StatusStyle = StatusStyle.STANDARD
    invalid_annotation: InvalidAnnotations = InvalidAnnotations.FAIL
    completed_pods: CompletedPods = CompletedPods.RELEASE


def cluster_name_of(setting: str, text: str) -> str:
    """The text, if it can begin the name of a project."""
    if not CLUSTER_NAME.fullmatch(text):
        raise SettingError(setting, text, "must be lower case letters, digits and '-', as in a Kubernetes name")
    return text


def subnets_of(setting: str, texts: Iterable[str]) -> tuple[IpNetwork, ...]:
    """Prefixes that share no address."""
    subnets = tuple(_subnet(setting, text) for text in texts)
    for at, subnet in enumerate(subnets):
        for other in subnets[:at]:
            if other.version == subnet.version and other.overlaps(subnet):
                raise SettingError(setting, str(subnet), f"overlaps {other}")
    return subnets


def _subnet(setting: str, text: str) -> IpNetwork:
    try:
        return ip_network(text)
    except ValueError as why:
        raise SettingError(setting, text, why) from why
