"""What a pod got from the old kube-manager, read from its interfaces: a list of choices that keeps their random uuids (section 8)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kube_sync.model.attachments import Attachment, attachments_of
from kube_sync.model.choices import Choice
from kube_sync.model.names import annotations_of
from kube_sync.model.objects import Pod
from kube_sync.model.refusals import InvalidAnnotation

Row = Mapping[str, Any]


def choices_kept(namespace: str, pod: Pod | None, interfaces: Iterable[Row], addresses: Sequence[Row]) -> tuple[Choice, ...]:
    """One for each interface, in the order of their annotation `index`; what the pod asked for is taken from its own annotation."""
    selected = list(_selected(pod))
    return tuple(_choice(namespace, row, addresses, selected) for row in sorted(interfaces, key=_index))


def _choice(namespace: str, row: Row, addresses: Sequence[Row], selected: list[Attachment]) -> Choice:
    network = row["virtual_network_refs"][0]
    held = tuple(str(address["uuid"]) for address in addresses if row["uuid"] in _refs(address, "virtual_machine_interface_refs"))
    attachment = _attachment(namespace, annotations_of(row), selected) if _index(row) else None
    return Choice(
        # Index 0 is not always in the network of all pods: an isolated namespace has its own.
        attachment.reference if attachment else "/".join(network["to"][1:]),
        str(network["uuid"]),
        families=("",),
        attachment=attachment,
        interface=str(row["uuid"]),
        addresses=held,
    )


def _attachment(namespace: str, marks: Mapping[str, str], selected: list[Attachment]) -> Attachment:
    """The old manager kept only the short name; the pod's annotation, in the same order, says of which namespace."""
    name = marks.get("network", "")
    for at, attachment in enumerate(selected):
        if attachment.name == name:
            del selected[: at + 1]
            return attachment
    return Attachment(namespace, name, marks.get("interface"))


def _selected(pod: Pod | None) -> Iterator[Attachment]:
    try:
        yield from attachments_of(pod.selection, pod.key.namespace) if pod else ()
    except InvalidAnnotation:
        return


def _index(row: Row) -> int:
    index = annotations_of(row).get("index", "").partition("/")[0]
    return int(index) if index.isdecimal() else 0


def _refs(row: Row, field: str) -> Iterator[str]:
    return (str(ref["uuid"]) for ref in row.get(field) or ())
