"""What must be made and removed so that a pod has its objects and no others; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kube_sync.model.names import FqName


@dataclass(frozen=True)
class Address:
    """An instance-ip."""

    uuid: str
    name: str
    interface: str  # uuid
    network: str  # uuid
    family: str | None = None
    ip: str | None = None  # None: whichever is free


@dataclass(frozen=True)
class Interface:
    """A virtual-machine-interface with its addresses."""

    uuid: str
    fq_name: FqName
    network: str  # uuid
    mac: str | None = None  # None: drawn by the server
    marks: dict[str, str] = field(default_factory=dict, compare=False)
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True)
class Machine:
    """A virtual-machine with its interfaces in index order: all that a pod has."""

    uuid: str
    fq_name: FqName
    marks: dict[str, str] = field(default_factory=dict, compare=False)
    interfaces: tuple[Interface, ...] = ()


@dataclass(frozen=True)
class Found:
    """The uuids of what is there."""

    machine: str | None = None
    interfaces: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Create:
    """Make this object; what it hangs on was made before."""

    what: Machine | Interface | Address


@dataclass(frozen=True)
class Delete:
    """Remove the object of this kind."""

    kind: str
    uuid: str


Action = Create | Delete


def plan(wanted: Machine | None, found: Found) -> list[Action]:
    """Removals first, leaves before what they hang on; then what is missing, in index order. Nothing when both agree."""
    return [*_removals(wanted, found), *_creations(wanted, found)]


def _removals(wanted: Machine | None, found: Found) -> list[Action]:
    interfaces: Sequence[Interface] = wanted.interfaces if wanted else ()
    keep = {interface.uuid for interface in interfaces} | {address.uuid for interface in interfaces for address in interface.addresses}
    deletes = [Delete("instance-ip", uuid) for uuid in found.addresses if uuid not in keep]
    deletes += [Delete("virtual-machine-interface", uuid) for uuid in reversed(found.interfaces) if uuid not in keep]
    if found.machine and (wanted is None or wanted.uuid != found.machine):
        deletes.append(Delete("virtual-machine", found.machine))
    return [*deletes]


def _creations(wanted: Machine | None, found: Found) -> list[Action]:
    if wanted is None:
        return []
    creates = [] if found.machine == wanted.uuid else [Create(wanted)]
    creates += [Create(interface) for interface in wanted.interfaces if interface.uuid not in found.interfaces]
    creates += [
        Create(address) for interface in wanted.interfaces for address in interface.addresses if address.uuid not in found.addresses
    ]
    return [*creates]
