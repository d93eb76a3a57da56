"""The network-status annotation in its standard form (3.4)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kube_sync.model.attachments import interface_name
from kube_sync.model.choices import Choice
from kube_sync.model.names import Names
from kube_sync.model.objects import Pod

Entry = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """An interface, as network-status tells it."""

    mac: str
    ips: tuple[str, ...]


def network_status(pod: Pod, choices: Iterable[Choice], rows: Iterable[Row], names: Names) -> str:
    """The annotation's text: the default network first, then in index order, then what other plug-ins wrote (G14)."""
    ours = [_entry(index, choice, row) for index, (choice, row) in enumerate(zip(_ours(choices), rows, strict=True))]
    if is_foreign(pod, ours[0]["ips"]):
        # Another plug-in gave the pod its first interface: what is said of it must be true.
        ours[0] = {key: value for key, value in ours[0].items() if key != "mac"} | {"ips": list(pod.ips)}
    merged = _merged(ours, _written(pod.status), names)
    return pod.status if merged == _written(pod.status) else json.dumps(merged, indent=4)


def is_foreign(pod: Pod, ips: list[str]) -> bool:
    """Whether the pod's real address is not the one of its first interface."""
    return bool(pod.ips) and not set(pod.ips) & set(ips)


def _ours(choices: Iterable[Choice]) -> Iterable[Choice]:
    return [choice for choice in choices if choice.network]


def _entry(index: int, choice: Choice, row: Row) -> Entry:
    entry: Entry = {"name": choice.reference, "interface": interface_name(index, choice.attachment), "ips": list(row.ips), "mac": row.mac}
    if index == 0:
        entry["default"] = True
    if choice.attachment and choice.attachment.default_route:
        entry["default-route"] = list(choice.attachment.default_route)
    return entry | {"dns": {}}


def _merged(ours: list[Entry], written: list[Entry], names: Names) -> list[Entry]:
    """Ours, and those of the written entries that name none of our networks; a default of another plug-in stays the default."""
    mine = {entry["name"] for entry in ours} | {names.default_reference}
    others = [entry for entry in written if entry.get("name") not in mine]
    defaults = [entry for entry in others if entry.get("default")]
    return [*defaults, *(ours[1:] if defaults else ours), *(entry for entry in others if not entry.get("default"))]


def _written(status: str) -> list[Entry]:
    try:
        entries = json.loads(status) if status else []
    except (ValueError, RecursionError):
        return []
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
