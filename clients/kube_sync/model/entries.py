"""The entries of a request of many writes (docs/api-v2.md)."""

from typing import Any, Literal

from kube_sync.model import documents
from kube_sync.model.plan import Action, Address, Create, Delete, Interface, Machine

MACHINE, INTERFACE, ADDRESS, ROUTER = "virtual-machine", "virtual-machine-interface", "instance-ip", "virtual-router"

Entry = dict[str, Any]


def entry(action: Action, machine: str) -> Entry:
    """What carries out an action of the plan of that virtual-machine."""
    if isinstance(action, Delete):
        return deletion(action.kind, action.uuid)
    kind, document = _made(action, machine)
    created = {"kind": kind, "operation": "create", "data": document}
    # A MAC address that somebody asks for is refused when another port of the network has it (B20).
    return created | ({"unique_mac": True} if isinstance(action.what, Interface) and action.what.mac else {})


def deletion(kind: str, uuid: str) -> Entry:
    """Deletes an object."""
    return {"kind": kind, "operation": "delete", "data": {"uuid": uuid}}


def link(kind: str, uuid: str, ref_kind: str, ref_uuid: str, *, operation: Literal["ADD", "DELETE"]) -> Entry:
    """Makes one object refer to another, or no longer."""
    data = {"uuid": uuid, "ref-type": ref_kind, "ref-uuid": ref_uuid, "operation": operation}
    return {"kind": kind, "operation": "ref-update", "data": data}


def _made(action: Create, machine: str) -> tuple[str, documents.Document]:
    match action.what:
        case Machine() as wanted:
            return MACHINE, documents.machine(wanted)
        case Interface() as wanted:
            return INTERFACE, documents.interface(wanted, machine)
        case Address() as wanted:
            return ADDRESS, documents.address(wanted)
