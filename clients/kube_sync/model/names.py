"""Which name and uuid every object of ours has: the same cluster, pod and index always give the same (4.1, 10)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import NAMESPACE_DNS, UUID, uuid5

FqName = tuple[str, ...]

DOMAIN = "default-domain"
FABRIC: FqName = (DOMAIN, "default-project", "ip-fabric")
OWNER = "k8s"
CHOICES = "attachments"  # the annotation of a virtual-machine that keeps which networks the pod got
MANAGER = "netweave"  # what the old kube-manager, whose marks are otherwise ours, does not say
# How the network of a definition is called, unless somebody says otherwise (2.2).
AUTO = "auto"
LEGACY = "{cluster}-{nad}-pod-network"
APART = "{cluster}-{namespace}-{nad}-pod-network"  # where namespaces share a project, and namesakes must not share a network (B10)
NETWORK, IPAM = "-pod-network", "-pod-ipam"
CLUSTER_WIDE = "cluster-wide-network"  # what the founding text calls the default network

UUID_MADE_OF_NAME = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")  # version 5 (RFC 9562)


@dataclass(frozen=True)
class Names:
    """The names of one cluster's objects."""

    cluster: str
    network_template: str = AUTO
    shared: FqName | None = None  # the project of all namespaces; without it each has its own (2.2)

    @cached_property
    def _space(self) -> UUID:
        return uuid5(NAMESPACE_DNS, f"{self.cluster}.netweave")

    def uuid(self, *parts: str) -> str:
        """The uuid of whatever these words name in this cluster."""
        return str(uuid5(self._space, "/".join(parts)))

    def project(self, namespace: str) -> FqName:
        """A namespace's project."""
        return self.shared or (DOMAIN, f"{self.cluster}-{namespace}")

    @property
    def default_project(self) -> FqName:
        """Where the cluster-wide objects live."""
        return self.project("default")

    @property
    def pod_ipam(self) -> FqName:
        """The flat IPAM of the cluster-wide network."""
        return (*self.default_project, f"{self.cluster}-pod-ipam")

    @property
    def default_network(self) -> FqName:
        """The cluster-wide network, index 0 of every pod."""
        return (*self.default_project, f"{self.cluster}-default-pod-network")

    @property
    def default_reference(self) -> str:
        """The name of the cluster-wide network in network-status (B24)."""
        return "/".join(self.default_network[1:])

    def isolated_network(self, namespace: str) -> FqName:
        """The network of an isolated namespace's pods; that of `default` would be the cluster-wide one."""
        return (*self.project(namespace), f"{self.cluster}-{namespace}-pod-network")

    def network(self, namespace: str, definition: str) -> FqName:
        """The network that a definition makes."""
        usual = APART if self.shared else LEGACY
        template = usual if self.network_template == AUTO else self.network_template
        return (*self.project(namespace), template.format(cluster=self.cluster, namespace=namespace, nad=definition))

    def ipam(self, namespace: str, definition: str) -> FqName:
        """The IPAM beside it."""
        *project, network = self.network(namespace, definition)
        return (*project, network.removesuffix(NETWORK) + IPAM)

    def machine(self, namespace: str, pod: str) -> FqName:
        """A pod's virtual-machine; the double underscore cannot occur in a Kubernetes name."""
        return (f"{self.cluster}__{namespace}__{pod}",)

    def machine_uuid(self, uid: str) -> str:
        """The pod's own uid, where it is a uuid as the API wants it."""
        try:
            return uid if str(UUID(uid)) == uid else self.uuid("machine", uid)
        except ValueError:
            return self.uuid("machine", uid)

    def interface_uuid(self, uid: str, index: int) -> str:
        """The interface at one index of the pod with this uid."""
        return self.uuid(uid, str(index))

    def marks(self, kind: str, namespace: str, name: str, **more: str) -> dict[str, str]:
        """The annotations that say whose an object is: nothing without them is ours."""
        project = self.project(namespace)[-1]
        marks = {"owner": OWNER, "cluster": self.cluster, "manager": MANAGER, "project": project}
        return {**marks, "kind": kind, "namespace": namespace, "name": name, **more}

    def owns(self, document: Mapping[str, object]) -> bool:
        """Whether an object of the configuration API was made for this cluster."""
        return self.is_ours(annotations_of(document), str(document.get("uuid", "")))

    def is_ours(self, marks: Mapping[str, str], uuid: str) -> bool:
        """Whether the object with these annotations and this uuid was."""
        return self._are_of_cluster(marks) and (marks.get("manager") == MANAGER or _is_of_first_builds(marks, uuid))

    def is_old(self, marks: Mapping[str, str], uuid: str) -> bool:
        """Whether the old kube-manager made it, for a cluster of the same name."""
        return self._are_of_cluster(marks) and "manager" not in marks and not _is_of_first_builds(marks, uuid)

    def _are_of_cluster(self, marks: Mapping[str, str]) -> bool:
        return marks.get("owner") == OWNER and marks.get("cluster") == self.cluster

    def made_for(self, key: tuple[str, str, str], document: Mapping[str, object]) -> bool:
        """Whether it was made for the object of that kind, namespace and name."""
        marks = annotations_of(document)
        return self.owns(document) and tuple(marks.get(part) for part in ("kind", "namespace", "name")) == tuple(key)


def _is_of_first_builds(marks: Mapping[str, str], uuid: str) -> bool:
    """Whether this worker made it before its marks named it: it derives uuids, or keeps a list with a machine; the old manager neither."""
    return CHOICES in marks or UUID_MADE_OF_NAME.fullmatch(uuid) is not None


def annotations_of(document: Mapping[str, object]) -> dict[str, str]:
    """The annotations of an object of the configuration API, as a mapping."""
    return dict(_pairs(document.get("annotations")))


def _pairs(annotations: object) -> Iterator[tuple[str, str]]:
    entries = annotations.get("key_value_pair") if isinstance(annotations, Mapping) else None
    for entry in entries or ():
        yield str(entry.get("key")), str(entry.get("value"))
