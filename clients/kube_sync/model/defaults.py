"""What a namespace's annotations say of the first network of its pods (2.4)."""

from dataclasses import dataclass, field

from kube_sync.model.names import FqName
from kube_sync.model.networks import Note, fabric_of, flag, target_of
from kube_sync.model.objects import NETWORK, Namespace

ISOLATION = "opencontrail.org/isolation"


@dataclass(frozen=True)
class Defaults:
    """An isolated namespace has a network of its own, which new pods get unless the namespace also names another."""

    isolated: bool = False
    target: FqName | None = None  # the network that the namespace names
    forwarding: bool = False
    snat: bool = False
    notes: tuple[Note, ...] = field(default=(), compare=False)


def defaults_of(namespace: Namespace) -> Defaults:
    """What the namespace asks for; InvalidAnnotation names the annotation that cannot be read."""
    given = namespace.annotations
    forwarding, snat, notes = fabric_of(given)
    return Defaults(
        isolated=flag(given, ISOLATION),
        target=target_of(given[NETWORK]) if NETWORK in given else None,
        forwarding=forwarding,
        snat=snat,
        notes=notes,
    )


def is_isolated(namespace: Namespace) -> bool:
    """Whether it asks to be; what cannot be read does not."""
    return namespace.annotations.get(ISOLATION, "").lower() == "true"
