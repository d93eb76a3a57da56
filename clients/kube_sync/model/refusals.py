"""Why an object of the cluster is not given what it asks for, told to its owner as a Kubernetes Event (4.3)."""

from collections.abc import Iterable
from enum import Enum


class Wait(Enum):
    """What may change a refusal, and with it how soon it is looked at again; the value is seconds."""

    CHANGE = None  # nothing but an edit of the object
    NETWORK = 300.0  # something it names must appear; that wakes it, the timer is for what nobody tells
    RIGHT = 240.0  # the worker must be allowed to do it, and nothing tells when
    TARGET = 5.0  # a network made outside Kubernetes must appear; so often where nothing tells when (B04)
    CAPACITY = 60.0  # an address must be freed; that wakes it (B39)


class Refusal(Exception):
    """The reason is a word for programs; subject and fault make a sentence for people."""

    reason = "Refused"
    wait = Wait.CHANGE

    def __init__(self, subject: object, fault: str, *, networks: Iterable[str] = ()) -> None:
        super().__init__(f"{subject} {fault}")
        self.networks = frozenset(networks)  # uuids of networks in which a freed address may help, or names that must be free


class NetworkNotFound(Refusal):
    """A pod names a network that is not there (B04, B21)."""

    reason = "NetworkNotFound"
    wait = Wait.NETWORK


class NetworkPending(Refusal):
    """The network is on its way: the pod waits, and nobody needs to be told."""

    reason = "NetworkPending"
    wait = Wait.NETWORK


class TargetNotFound(Refusal):
    """A definition, namespace or pod names a network by its domain, project and name, and it is not there (B04)."""

    reason = "NetworkNotFound"
    wait = Wait.TARGET


class InvalidAnnotation(Refusal):
    """The selection of networks, or another annotation, cannot be read (B18)."""

    reason = "InvalidAnnotation"


class InvalidConfig(Refusal):
    """`spec.config` is no JSON object (B13)."""

    reason = "InvalidConfig"


class InvalidCIDR(Refusal):
    """`opencontrail.org/cidr` is no usable prefix (B05)."""

    reason = "InvalidCIDR"


class OverlappingCIDR(Refusal):
    """The prefix holds addresses of the cluster's own ranges, or of another definition where that is denied (B06)."""

    reason = "OverlappingCIDR"
    wait = Wait.NETWORK


class ConflictingAnnotations(Refusal):
    """Annotations that exclude each other, or none of those that are needed (B07)."""

    reason = "ConflictingAnnotations"


class SubnetExhausted(Refusal):
    """No address is free (B39)."""

    reason = "SubnetExhausted"
    wait = Wait.CAPACITY


class AddressInUse(Refusal):
    """The address or MAC that was asked for belongs to another (B19, B20)."""

    reason = "AddressInUse"
    wait = Wait.CAPACITY


class NameCollision(Refusal):
    """An object that is not ours has the name or uuid we need: it is never adopted and never deleted (B11)."""

    reason = "NameCollision"
    wait = Wait.NETWORK


class ReservedName(Refusal):
    """The network would have the name of the cluster-wide one, or of an isolated namespace's (B09)."""

    reason = "ReservedName"
    wait = Wait.NETWORK


class NetworkInUse(Refusal):
    """A definition is being deleted, or makes no network any more, while pods hold addresses of it (B40). `users` are they, in words."""

    reason = "NetworkInUse"
    wait = Wait.NETWORK

    def __init__(self, subject: object, fault: str, *, networks: Iterable[str] = (), users: str = "") -> None:
        super().__init__(subject, fault, networks=networks)
        self.users = users


class CrossNamespaceDenied(Refusal):
    """A pod selects a definition of a namespace that does not share its own with it (B22)."""

    reason = "CrossNamespaceDenied"


class NetworkRefused(Refusal):
    """The configuration API has a rule or a quota against the network."""

    reason = "NetworkRefused"
    wait = Wait.NETWORK


class ProjectInUse(Refusal):
    """A namespace has gone, and something is left in its project (B42)."""

    reason = "ProjectInUse"
    wait = Wait.NETWORK


class CIDRImmutable(Refusal):
    """The prefix of a network was edited while addresses of it are held (B12)."""

    reason = "CIDRImmutable"
    wait = Wait.NETWORK


class StatusForbidden(Refusal):
    """The worker may not write a pod's status: what the pod has is right, but it is not told (B47)."""

    reason = "StatusForbidden"
    wait = Wait.RIGHT


class MassDeleteHeld(Refusal):
    """Too many objects went at once to believe it (B46)."""

    reason = "MassDeleteHeld"
