"""What matters of a document, in a few words."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from kube_sync.model.documents import subnets_of
from kube_sync.model.names import annotations_of
from kube_sync.rehearsal.planned import kind_of_refs, refs_of

MACS, IP = "virtual_machine_interface_mac_addresses", "instance_ip_address"


def created(kind: str, document: Mapping[str, Any], *, drawn: Collection[str] = ()) -> str:
    """The addresses that an object has or gives, and the network that it is in; `drawn` are the fields that the server chooses."""
    match kind:
        case "virtual-network":
            return _prefixes(document)
        case "network-ipam":
            return ", ".join(_prefix(entry) for entry in (document.get("ipam_subnets") or {}).get("subnets") or ())
        case "virtual-machine-interface" if macs := (document.get(MACS) or {}).get("mac_address"):
            return _in_network(macs[0], document, MACS in drawn)
        case "instance-ip" if address := document.get(IP):
            return _in_network(address, document, IP in drawn)
    return ""


def _in_network(address: str, document: Mapping[str, Any], drawn: bool) -> str:
    networks = "".join(f" in {':'.join(ref['to'])}" for ref in document.get("virtual_network_refs") or ())
    return f"{address}{' (drawn)' if drawn else ''}{networks}"


def updated(before: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """Each field with what it was and what it would be."""
    return "; ".join(_change(field, before.get(field), after) for field, after in changes.items())


def _change(field: str, before: Any, after: Any) -> str:
    if field == "annotations":
        was, becomes = annotations_of({field: before or {}}), annotations_of({field: after})
        changed = sorted(key for key in was.keys() | becomes.keys() if was.get(key) != becomes.get(key))
        return "annotations: " + ", ".join(f"{key} {_word(was.get(key))} -> {_word(becomes.get(key))}" for key in changed)
    return f"{field}: {_brief(field, before)} -> {_brief(field, after)}"


def _brief(field: str, value: Any) -> str:
    if field == "network_ipam_refs":
        return _prefixes({field: value}) or "none"
    if field in refs_of({field: value}):
        return ", ".join(":".join(ref.get("to") or [str(ref.get("uuid"))]) for ref in value or ()) or f"no {kind_of_refs(field)}"
    return _word(value)


def _word(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


def _prefixes(network: Mapping[str, Any]) -> str:
    return _joined(subnets_of(network)[0])


def _joined(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def _prefix(entry: Mapping[str, Any]) -> str:
    return f"{entry['subnet']['ip_prefix']}/{entry['subnet']['ip_prefix_len']}"
