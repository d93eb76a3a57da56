"""What a table shows of an object: its name and uuid always, more when there is room."""

from collections.abc import Callable, Mapping
from typing import Any

from netweave import Document

Column = Callable[[Document], str]


def name(row: Document) -> str:
    return ":".join(row.get("fq_name", []))


def _property(key: str) -> Column:
    def value(row: Document) -> str:
        return "" if row.get(key) is None else str(row[key])

    return value


def _names(key: str) -> Column:
    """The names of a ref's targets, without the path that they mostly share."""

    def value(row: Document) -> str:
        return ", ".join(ref["to"][-1] for ref in row.get(key) or [])

    return value


def _subnets(row: Document) -> str:
    attrs = [ref.get("attr") or {} for ref in row.get("network_ipam_refs") or []]
    found = [entry.get("subnet") or {} for attr in attrs for entry in attr.get("ipam_subnets") or []]
    return ", ".join(f"{subnet['ip_prefix']}/{subnet['ip_prefix_len']}" for subnet in found if subnet.get("ip_prefix"))


def _macs(row: Document) -> str:
    return ", ".join((row.get("virtual_machine_interface_mac_addresses") or {}).get("mac_address") or [])


def _created(row: Document) -> str:
    return str((row.get("id_perms") or {}).get("created", "")).split(".")[0]


NARROW: Mapping[str, Column] = {"NAME": name, "UUID": _property("uuid")}
COMMON: Mapping[str, Column] = {"PARENT": _property("parent_type"), "CREATED": _created}
OF_KIND: Mapping[str, Mapping[str, Column]] = {
    "virtual-network": {"ID": _property("virtual_network_network_id"), "SUBNETS": _subnets},
    "virtual-machine-interface": {"MAC": _macs, "NETWORK": _names("virtual_network_refs"), "MACHINE": _names("virtual_machine_refs")},
    "instance-ip": {
        "ADDRESS": _property("instance_ip_address"),
        "NETWORK": _names("virtual_network_refs"),
        "INTERFACE": _names("virtual_machine_interface_refs"),
    },
    "floating-ip": {"ADDRESS": _property("floating_ip_address"), "FIXED": _property("floating_ip_fixed_ip_address")},
    "routing-instance": {"TARGETS": _names("route_target_refs")},
}


def wide(kind: str) -> Mapping[str, Column]:
    """Every column of a kind that has some of its own."""
    return {**NARROW, **OF_KIND.get(kind, {}), **COMMON}


def cells(columns: Mapping[str, Column], row: Document) -> list[str]:
    return [value(row) for value in columns.values()]


def fields(document: Document) -> list[tuple[str, Any]]:
    """An object as lines: identity first, the rest by name."""
    first = [key for key in ("fq_name", "uuid", "parent_type", "display_name") if key in document]
    return [(key, document[key]) for key in [*first, *sorted(document.keys() - {*first, "name", "href", "parent_href"})]]
