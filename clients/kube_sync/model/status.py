"""The network-status annotation: the standard form (3.4), or the one that tools for the old manager read (2.6)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kube_sync.model.attachments import interface_name
from kube_sync.model.choices import Choice
from kube_sync.model.names import Names
from kube_sync.model.objects import Pod

Entry = dict[str, Any]

CLUSTER_WIDE = "cluster-wide-default"  # what the old manager called the default network
LEGACY_KEYS = {"name", "ips", "mac"}
# What we know better than whoever wrote an entry about an interface of ours.
OURS = {"name", "ips", "mac", "default", "default-route", "gateway"}


class StatusStyle(StrEnum):
    """How network-status is written."""

    STANDARD = "standard"
    LEGACY = "legacy"


@dataclass(frozen=True)
class Row:
    """An interface, as network-status tells it."""

    mac: str
    ips: tuple[str, ...]


def network_status(
    pod: Pod, choices: Iterable[Choice], rows: Iterable[Row], names: Names, style: StatusStyle = StatusStyle.STANDARD
) -> str:
    """
    The annotation's text: the default network first, then in index order, then what other plug-ins wrote (G13, G14). What stands there
    already is left to the letter when it says the same.
    """
    told = list(zip(_ours(choices), rows, strict=True))
    standard = [_entry(index, choice, row) for index, (choice, row) in enumerate(told)]
    if is_foreign(pod, standard[0]["ips"]):
        # Another plug-in gave the pod its first interface: what is said of it must be true.
        standard[0] = {key: value for key, value in standard[0].items() if key != "mac"} | {"ips": list(pod.ips)}
    there = _written(pod.status)
    merged = list(_merged(standard, there, names, style))
    return pod.status if merged == there else json.dumps(merged, indent=4, sort_keys=style is StatusStyle.LEGACY)


def is_foreign(pod: Pod, ips: Iterable[str]) -> bool:
    """Whether the pod's real address is not the one of its first interface."""
    return bool(pod.ips) and not set(pod.ips) & set(ips)


def summary(choices: Iterable[Choice], rows: Iterable[Row]) -> str:
    """The pod's interfaces in one line, for people."""
    told = enumerate(zip(_ours(choices), rows, strict=True))
    return "; ".join(f"{interface_name(at, choice.attachment)} {choice.reference} {', '.join(row.ips)}" for at, (choice, row) in told)


def _ours(choices: Iterable[Choice]) -> list[Choice]:
    return [choice for choice in choices if choice.network]


def _entry(index: int, choice: Choice, row: Row) -> Entry:
    entry: Entry = {"name": choice.reference, "interface": interface_name(index, choice.attachment), "ips": list(row.ips), "mac": row.mac}
    if index == 0:
        entry["default"] = True
    if choice.attachment and choice.attachment.default_route:
        # The standard's word, and the one that the client library for Go reads.
        entry |= {key: list(choice.attachment.default_route) for key in ("default-route", "gateway")}
    return entry | {"dns": {}}


def _legacy(entry: Entry) -> Entry:
    """Exactly three keys, of which `ips` is one address: those tools ping it."""
    name = CLUSTER_WIDE if entry.get("default") else entry["name"].rpartition("/")[2]
    return {"ips": next(iter(entry["ips"]), ""), "mac": entry.get("mac", ""), "name": name}


def _merged(standard: list[Entry], there: list[Entry], names: Names, style: StatusStyle) -> Iterator[Entry]:
    """Ours, and those of the written entries that tell of no interface of ours; a default of another plug-in stays the default."""
    mine = {entry["name"] for entry in standard} | {names.default_reference}
    others = [entry for entry in there if entry.get("name") not in mine and not _is_legacy(entry)]
    defaults = [entry for entry in others if entry.get("default")]
    yield from defaults
    for entry in standard[1:] if defaults else standard:
        yield _legacy(entry) if style is StatusStyle.LEGACY else _enriched(entry, there)
    yield from (entry for entry in others if not entry.get("default"))


def _enriched(entry: Entry, there: list[Entry]) -> Entry:
    """With what another writer, such as Multus, knows more of the same interface: its name in the pod, its device, its MTU."""
    for written in there:
        if written.get("name") == entry["name"] and _is_same(written, entry):
            return entry | {key: value for key, value in written.items() if key not in OURS}
    return entry


def _is_same(written: Entry, entry: Entry) -> bool:
    ips = written.get("ips")
    shared = isinstance(ips, list) and any(ip in entry["ips"] for ip in ips)
    return shared or ("mac" in entry and written.get("mac") == entry["mac"])


def _is_legacy(entry: Entry) -> bool:
    """Whether the old manager, or we in its style, wrote the entry: no other writer has one string of addresses."""
    return entry.keys() == LEGACY_KEYS and isinstance(entry["ips"], str)


def _written(status: str) -> list[Entry]:
    try:
        entries = json.loads(status) if status else []
    except (ValueError, RecursionError):
        return []
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
