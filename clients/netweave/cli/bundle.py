"""What some files ask for: objects with their kinds, in an order in which each finds what it needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netweave import Document
from netweave._kinds import fq_name_of, hyphened
from netweave.cli.exits import Usage
from netweave.cli.files import read_all
from netweave.cli.kinds import kind_of

Name = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Item:
    """One object that is wanted, and where that was said."""

    kind: str
    document: Document
    where: str

    @property
    def name(self) -> Name:
        return tuple(self.document.get("fq_name") or ())

    @property
    def uuid(self) -> str | None:
        return self.document.get("uuid")

    def __str__(self) -> str:
        return f"{self.kind} {':'.join(self.name) or self.uuid}"


def items_in(paths: Iterable[Path]) -> list[Item]:
    """Every object that the files name; Usage telling all that is wrong with them."""
    items: list[Item] = []
    problems: list[str] = []
    for where, document in read_all(paths):
        for kind, inner in _wrapped(document):
            problem = _problem(inner) if kind else "expected {<kind>: {...}} or a list of these"
            if problem:
                problems.append(f"{where}: {kind}{': ' if kind else ''}{problem}")
            else:
                items.append(_item(kind, inner, where))
    problems += _repeated(items)
    if problems:
        raise Usage("\n".join(problems))
    return items


def _repeated(items: list[Item]) -> Iterator[str]:
    first: dict[str, Item] = {}
    for item in items:
        if (other := first.setdefault(f"{item}", item)) is not item:
            yield f"{item.where}: {item} is in {other.where} already"


def _wrapped(document: Any) -> Iterator[tuple[str, Any]]:
    """The kinds and objects of a document; an empty kind stands for what is neither."""
    if isinstance(document, list):
        for part in document:
            yield from _wrapped(part)
    elif isinstance(document, dict):
        for kind, inner in document.items():
            yield kind_of(str(kind)), inner
    else:
        yield "", document


def _problem(inner: Any) -> str | None:
    if not isinstance(inner, dict):
        return "expected a mapping of properties"
    name, uuid = inner.get("fq_name"), inner.get("uuid")
    if name is None and uuid is None:
        return "fq_name is missing"
    if name is not None and not (
        isinstance(name, str) or (isinstance(name, list) and name and all(isinstance(part, str) for part in name))
    ):
        return f"fq_name: expected a list of texts, not {name!r}"
    return None if uuid is None or isinstance(uuid, str) else f"uuid: expected a text, not {uuid!r}"


def _item(kind: str, inner: Document, where: str) -> Item:
    if "fq_name" in inner and inner["fq_name"] is not None:
        inner = inner | {"fq_name": fq_name_of(inner["fq_name"], kind)}
    return Item(kind, inner, where)


def ordered(items: Iterable[Item]) -> list[Item]:
    """The items so that parents and targets of refs come first, else as given; of those in a circle, the first given leads."""
    waiting = dict.fromkeys(items)
    needs = _needs(list(waiting))
    order: list[Item] = []
    while waiting:
        ready = [item for item in waiting if not any(other in waiting for other in needs[item])] or [next(iter(waiting))]
        order += ready
        for item in ready:
            del waiting[item]
    return order


def _needs(items: list[Item]) -> dict[Item, set[Item]]:
    by_name = {(item.kind, item.name): item for item in items}
    by_any = {item.name: item for item in items}
    by_uuid = {item.uuid: item for item in items if item.uuid}

    def target(key: str, ref: Document) -> Item | None:
        name = tuple(ref.get("to") or ())
        # What is not named itself may be made along with its parent, as a network's routing instance is.
        return by_uuid.get(str(ref.get("uuid"))) or by_name.get((kind_of_refs(key), name)) or by_any.get(name[:-1])

    def parent(item: Item) -> Item | None:
        kind = item.document.get("parent_type")
        return by_name.get((hyphened(kind), item.name[:-1])) if kind else by_any.get(item.name[:-1])

    return {
        item: {other for other in [parent(item), *(target(*ref) for ref in refs_of(item))] if other and other is not item} for item in items
    }


def refs_of(item: Item) -> list[tuple[str, Document]]:
    """The refs that an item asks for, each with the key it stands under."""
    return [
        (key, ref)
        for key, refs in item.document.items()
        if is_refs(key) and isinstance(refs, list)
        for ref in refs
        if isinstance(ref, dict)
    ]


def kind_of_refs(key: str) -> str:
    """The kind that refs under this key point to."""
    return hyphened(key.removesuffix("_refs"))


def is_refs(key: str) -> bool:
    """Whether this key of a document holds refs that its author sets."""
    return key.endswith("_refs") and not key.endswith("_back_refs")
