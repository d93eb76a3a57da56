"""From what is wanted and what is found to what must be done. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from netweave import Document
from netweave.cli.bundle import Item, Name, kind_of_refs, refs_of
from netweave.cli.sameness import changes

Identities = set[tuple[str, Name] | str]
Action = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, eq=False)
class Step:
    """What one item needs: what to send now, and the refs that must wait until all objects exist."""

    item: Item
    action: Action
    body: Document = field(default_factory=dict)
    uuid: str | None = None
    later: Document = field(default_factory=dict)


def plan(order: Iterable[Item], found: Mapping[Item, Document]) -> list[Step]:
    """One step an item, in this order; on the result of its own doing every step is `unchanged`."""
    order = list(order)
    missing = {identity for item in order if item not in found for identity in _identities(item)}
    steps = []
    for item in order:
        # Refs to what comes after: the item's partners in a circle.
        late = {key for key, ref in refs_of(item) if _points_at(missing, key, ref)}
        steps.append(_update(item, found[item], late) if item in found else _create(item, late, missing))
        missing -= _identities(item)
    return steps


def _create(item: Item, late: set[str], missing: Identities) -> Step:
    body = dict(item.document)
    for key in late:
        body[key] = [ref for ref in body[key] if not _points_at(missing, key, ref)]
    return Step(item, "created", body, later={key: item.document[key] for key in late})


def _update(item: Item, found: Document, late: set[str]) -> Step:
    body = changes(item.document, found)
    now, later = ({key: value for key, value in body.items() if (key in late) is wait} for wait in (False, True))
    return Step(item, "updated" if body else "unchanged", now, found["uuid"], later)


def _identities(item: Item) -> Identities:
    return {(item.kind, item.name), *([item.uuid] if item.uuid else [])}


def _points_at(identities: Identities, key: str, ref: Document) -> bool:
    return (kind_of_refs(key), tuple(ref.get("to") or ())) in identities or ref.get("uuid") in identities
