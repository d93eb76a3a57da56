"""Which network a pod has first: the one that it names, else its namespace's, else the cluster-wide one (2.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kube_sync.cluster.cache import Cache
from kube_sync.model.choices import Choice, families
from kube_sync.model.defaults import defaults_of
from kube_sync.model.documents import subnets_of
from kube_sync.model.names import FqName, Names
from kube_sync.model.networks import target_of
from kube_sync.model.objects import NAMESPACE, Key, Namespace, Pod, namespace_key
from kube_sync.model.prefixes import IpNetwork
from kube_sync.model.refusals import InvalidAnnotation, NetworkNotFound, NetworkPending, Refusal, TargetNotFound

Row = dict[str, Any]
Rows = dict[str | FqName, Row]  # networks, by uuid and by name


@dataclass(frozen=True)
class Default:
    """A pod's first network, and who says so."""

    fq_name: FqName
    namespace: str = ""  # whose own network it is
    missing: type[Refusal] = NetworkPending  # what the pod is told while it is not there


class DefaultNetworks:
    """Decides by what the caches say; the networks' rows are the caller's. `on_missing` hears of a namespace that lacks its own network."""

    def __init__(
        self, names: Names, namespaces: Cache[Namespace], ranges: tuple[IpNetwork, ...], on_missing: Callable[[Key], None]
    ) -> None:
        self._names = names
        self._namespaces = namespaces
        self._ranges = ranges
        self._on_missing = on_missing

    def wanted(self, pod: Pod) -> Default:
        """A Refusal if the pod's or its namespace's annotation cannot be read: no pod starts in a network that it was to be kept from."""
        if pod.network:
            return Default(target_of(pod.network), missing=TargetNotFound)
        name = pod.key.namespace
        namespace = self._namespaces.get(namespace_key(name))
        if namespace is None:
            if self._namespaces.synced:
                raise NetworkPending(namespace_key(name), "is not known yet")
            return Default(self._names.default_network)
        try:
            defaults = defaults_of(namespace)
        except InvalidAnnotation as why:
            raise NetworkNotFound(namespace.key, f"has no network for new pods, {why.reason}: {why}") from why
        if defaults.target:
            return Default(defaults.target, missing=NetworkNotFound)
        if defaults.isolated:
            return Default(self._names.isolated_network(name), namespace=name)
        return Default(self._names.default_network)

    def choice(self, default: Default, rows: Rows) -> Choice:
        """The choice of a network among these rows; a Refusal if it is not there, or is not what its name says."""
        row = rows.get(default.fq_name)
        if row is None:
            if default.namespace:
                self._on_missing(namespace_key(default.namespace))
            fault = "does not exist, the pod waits for it" if default.missing is not NetworkPending else "is on its way"
            name = ":".join(default.fq_name)
            raise default.missing(name, fault, networks=[name])
        if default.namespace and not self._names.made_for((NAMESPACE, default.namespace, default.namespace), row):
            if not self._names.owns(row):
                raise NetworkNotFound(":".join(default.fq_name), "is a network of somebody else, and not used for an isolated namespace")
            # A definition had the name first: its network is its own, and the namespace was told that it is not isolated (B09).
            return self.choice(Default(self._names.default_network), rows)
        return Choice("/".join(default.fq_name[1:]), str(row["uuid"]), self._families(row))

    def agrees(self, pod: Pod, choice: Choice) -> bool:
        """Whether the pod's own annotation, if it has one, names the network that it got."""
        try:
            return not pod.network or "/".join(target_of(pod.network)[1:]) == choice.reference
        except InvalidAnnotation:
            return False

    def _families(self, row: Row) -> tuple[str, ...]:
        """An address of each family; the pods' IPAM has those of the cluster's ranges, whichever network draws from it."""
        subnets, flat = subnets_of(row)
        pods = any(tuple(ref["to"]) == self._names.pod_ipam for ref in row.get("network_ipam_refs") or ())
        return families(self._ranges if pods else subnets, flat=flat)
