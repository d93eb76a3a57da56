"""What is kept of the cluster's objects: a few fields each, so that many pods fit in little memory (4.2)."""

from dataclasses import dataclass, field
from sys import intern
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from kube_sync.model.attachments import NETWORKS

W = TypeVar("W")

NETWORK_STATUS = "k8s.v1.cni.cncf.io/network-status"
FINALIZER = "netweave.io/network"
USERS = "netweave.io/in-use-by"

POD = "Pod"
DEFINITION = "NetworkAttachmentDefinition"
NAMESPACE = "Namespace"
LEASE = "Lease"
API_VERSIONS = {POD: "v1", DEFINITION: "k8s.cni.cncf.io/v1", NAMESPACE: "v1", LEASE: "coordination.k8s.io/v1"}

OURS = "opencontrail.org/"
NETWORK = f"{OURS}network"  # the default network of a pod or of a namespace's pods; what a definition maps


class Key(NamedTuple):
    """Names an object of the cluster; all that the queue carries."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Kept(Protocol):
    """What a cache needs to know of an object."""

    @property
    def key(self) -> Key: ...

    @property
    def uid(self) -> str: ...

    @property
    def version(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod; two of them are equal when the worker would do the same for both."""

    key: Key
    uid: str
    version: str = field(compare=False)
    selection: str = ""
    network: str = ""  # the annotation that chooses another default network
    status: str = ""  # the network-status annotation as it stands
    node: str = ""
    host_network: bool = False
    finished: bool = False
    ips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """A network-attachment-definition; equal as pods are."""

    key: Key
    uid: str
    version: str = field(compare=False)
    annotations: dict[str, str] = field(default_factory=dict)
    config: str = ""
    finalizers: tuple[str, ...] = ()
    deleting: bool = False

    @property
    def held(self) -> bool:
        """Whether it carries our finalizer, and so cannot vanish before we let it go."""
        return FINALIZER in self.finalizers


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace, with those of its annotations that are for us; equal as pods are."""

    key: Key
    uid: str
    version: str = field(compare=False)
    annotations: dict[str, str] = field(default_factory=dict)
    deleting: bool = False


class Metadata(msgspec.Struct, rename="camel"):
    """The metadata of any object, as far as it matters."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    annotations: dict[str, str] | None = None
    finalizers: list[str] | None = None
    deletion_timestamp: str | None = None


class _Address(msgspec.Struct):
    ip: str


class _PodSpec(msgspec.Struct, rename="camel"):
    node_name: str | None = None
    host_network: bool | None = None


class _PodStatus(msgspec.Struct, rename="camel"):
    phase: str | None = None
    pod_ip: str | None = msgspec.field(name="podIP", default=None)
    pod_ips: list[_Address] | None = msgspec.field(name="podIPs", default=None)


class _PodAnnotations(msgspec.Struct, rename={"selection": NETWORKS, "network": NETWORK, "status": NETWORK_STATUS}):
    selection: str = ""
    network: str = ""
    status: str = ""


class _PodMetadata(msgspec.Struct, rename="camel"):
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    annotations: _PodAnnotations | None = None


class _PodWire(msgspec.Struct):
    metadata: _PodMetadata
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)
    status: _PodStatus = msgspec.field(default_factory=_PodStatus)


class _NamespaceWire(msgspec.Struct):
    metadata: Metadata


class _DefinitionSpec(msgspec.Struct):
    config: str | None = None


class _DefinitionWire(msgspec.Struct):
    metadata: Metadata
    spec: _DefinitionSpec | None = None


_POD = msgspec.json.Decoder(_PodWire)
_DEFINITION = msgspec.json.Decoder(_DefinitionWire)
_NAMESPACE = msgspec.json.Decoder(_NamespaceWire)


def _wire(document: Any, decoder: msgspec.json.Decoder[W]) -> W:
    """The few fields: out of JSON text in one go, without the rest ever being objects, or out of what is decoded already."""
    return decoder.decode(document) if isinstance(document, bytes | msgspec.Raw) else msgspec.convert(document, decoder.type)


def pod_of(document: Any) -> Pod:
    """The projection of a pod's JSON, as text or decoded."""
    wire = _wire(document, _POD)
    meta, status = wire.metadata, wire.status
    annotations = meta.annotations or _PodAnnotations()
    ips = [address.ip for address in status.pod_ips or ()] or [status.pod_ip or ""]
    # What many pods have in common is kept once: namespace, node, and the selection of all replicas.
    return Pod(
        Key(POD, intern(meta.namespace), meta.name),
        meta.uid,
        meta.resource_version,
        selection=intern(annotations.selection),
        network=intern(annotations.network),
        status=annotations.status,
        node=intern(wire.spec.node_name or ""),
        host_network=bool(wire.spec.host_network),
        finished=status.phase in {"Succeeded", "Failed"},
        ips=tuple(ip for ip in ips if ip),
    )


def definition_of(document: Any) -> Definition:
    """The projection of a network-attachment-definition's JSON, as text or decoded."""
    wire = _wire(document, _DEFINITION)
    meta = wire.metadata
    return Definition(
        Key(DEFINITION, meta.namespace, meta.name),
        meta.uid,
        meta.resource_version,
        annotations=meta.annotations or {},
        config=(wire.spec and wire.spec.config) or "",
        finalizers=tuple(meta.finalizers or ()),
        deleting=meta.deletion_timestamp is not None,
    )


def namespace_of(document: Any) -> Namespace:
    """The projection of a namespace's JSON, as text or decoded."""
    meta = _wire(document, _NAMESPACE).metadata
    annotations = {key: value for key, value in (meta.annotations or {}).items() if key.startswith(OURS)}
    deleting = meta.deletion_timestamp is not None
    return Namespace(namespace_key(meta.name), meta.uid, meta.resource_version, annotations, deleting)


def namespace_key(name: str) -> Key:
    """The key of the namespace of that name, which is itself in none."""
    return Key(NAMESPACE, "", name)
