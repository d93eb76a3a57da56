"""What the worker is told when it starts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from string import Formatter

from kube_sync.model.names import AUTO, DOMAIN, FqName, Names
from kube_sync.model.prefixes import IpNetwork
from kube_sync.model.rules import Rules, overlap
from kube_sync.model.status import StatusStyle

CLUSTER_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
RULES = Rules()
TEMPLATE_FIELDS = {"cluster", "namespace", "nad"}
TEMPLATE_TEXT = re.compile(r"[A-Za-z0-9._-]*")
LEASE, LEASE_DURATION = "netweave-kube-sync", 15.0


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
    cluster_project: FqName | None = None
    rules: Rules = RULES
    vn_name_template: str = AUTO
    workers: int = 8
    allow_mass_delete: bool = False
    adopt: bool = False
    adopt_networks: frozenset[str] = frozenset()
    status_style: StatusStyle = StatusStyle.STANDARD
    invalid_annotation: InvalidAnnotations = InvalidAnnotations.FAIL
    completed_pods: CompletedPods = CompletedPods.RELEASE

    @property
    def names(self) -> Names:
        """How this cluster's objects are called."""
        return Names(self.cluster_name, self.vn_name_template, self.cluster_project)


def cluster_name_of(setting: str, text: str) -> str:
    """The text, if it can begin the name of a project."""
    if not CLUSTER_NAME.fullmatch(text):
        raise SettingError(setting, text, "must be lower case letters, digits and '-', as in a Kubernetes name")
    return text


def project_of(setting: str, text: str | None) -> FqName | None:
    """The project that a text names, in its domain or in the usual one."""
    if text is None:
        return None
    domain, _, project = text.rpartition(":")
    if not project or ":" in domain or text.startswith(":"):
        raise SettingError(setting, text, "must be the name of a project, or domain:project")
    return domain or DOMAIN, project


def subnets_of(setting: str, texts: Iterable[str]) -> tuple[IpNetwork, ...]:
    """Prefixes that share no address."""
    subnets = tuple(_subnet(setting, text) for text in texts)
    for at, subnet in enumerate(subnets):
        for other in subnets[:at]:
            if overlap(other, subnet):
                raise SettingError(setting, str(subnet), f"overlaps {other}")
    return subnets


def namespaces_of(setting: str, texts: Iterable[str]) -> frozenset[str]:
    """Names that namespaces may have."""
    for text in texts:
        if not NAMESPACE.fullmatch(text):
            raise SettingError(setting, text, "is not the name of a namespace")
    return frozenset(texts)


def networks_of(setting: str, texts: Iterable[str]) -> frozenset[str]:
    """Names of networks, as domain:project:name."""
    for text in texts:
        if len([part for part in text.split(":") if part]) != 3:
            raise SettingError(setting, text, "is not the name of a network, as domain:project:name")
    return frozenset(texts)


def template_of(setting: str, text: str) -> str:
    """The text, if it makes a name of its own for each definition of a namespace."""
    if text == AUTO:
        return text
    try:
        parts = list(Formatter().parse(text))
    except ValueError as why:
        raise SettingError(setting, text, why) from why
    names = {name for _, name, _, _ in parts if name is not None}
    if unknown := names - TEMPLATE_FIELDS:
        raise SettingError(setting, text, f"has {{{min(unknown)}}}; known are {{cluster}}, {{namespace}} and {{nad}}")
    if "nad" not in names:
        raise SettingError(setting, text, "needs {nad}: each definition has a network of its own")
    for literal, _, form, conversion in parts:
        if form or conversion or not TEMPLATE_TEXT.fullmatch(literal):
            raise SettingError(setting, text, "may have letters, digits, '.', '_' and '-' beside {cluster}, {namespace} and {nad}")
    return text


def _subnet(setting: str, text: str) -> IpNetwork:
    try:
        return ip_network(text)
    except ValueError as why:
        raise SettingError(setting, text, why) from why
