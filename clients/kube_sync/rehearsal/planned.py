"""The objects that planned writes would leave behind, laid over those that are there."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from kube_sync.model.names import FqName

Document = dict[str, Any]
BACK_REFS = "_back_refs"


class Planned:
    """Made, changed and removed objects. Refs that an update of an object that is there changes do not show from their other end."""

    def __init__(self) -> None:
        self._made: dict[str, dict[str, Document]] = defaultdict(dict)  # by kind and uuid
        self._named: dict[tuple[str, FqName], str] = {}
        self._changed: dict[str, Document] = defaultdict(dict)
        self._gone: set[str] = set()
        self._referrers: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)  # of a kind, to a uuid
        self._links: dict[tuple[str, str], dict[str, tuple[FqName, bool]]] = defaultdict(dict)  # of a kind, to a uuid: added or removed

    def create(self, kind: str, document: Document) -> None:
        """The document is complete: it has what the server draws, and its refs have uuid and name."""
        uuid = str(document["uuid"])
        self._gone.discard(uuid)
        self._made[kind][uuid] = document
        self._named[kind, tuple(document["fq_name"])] = uuid
        self._refer(kind, uuid, document)

    def update(self, kind: str, uuid: str, changes: Document) -> None:
        """The changes replace what was there, field by field."""
        if uuid not in self._made[kind]:
            self._changed[uuid] |= changes
            return
        before = self._made[kind][uuid]
        self._unrefer(kind, uuid, {field: before.get(field) for field in changes})
        self._made[kind][uuid] = before | changes
        self._refer(kind, uuid, changes)

    def delete(self, kind: str, uuid: str) -> None:
        """Planned or there: it is no more."""
        made = self._made[kind].pop(uuid, None)
        if made is not None:
            self._named.pop((kind, tuple(made["fq_name"])), None)
            self._unrefer(kind, uuid, made)
        self._changed.pop(uuid, None)
        self._gone.add(uuid)

    def link(self, kind: str, uuid: str, name: FqName, target: str, *, added: bool) -> None:
        """A ref of an object that is there appears or vanishes, as seen from its target."""
        self._links[kind, target][uuid] = (name, added)

    def find(self, kind: str, fq_name: FqName) -> str | None:
        """The uuid of the planned object of that name."""
        return self._named.get((kind, fq_name))

    def name_of(self, kind: str, uuid: str) -> FqName | None:
        """The name of the planned object."""
        made = self._made[kind].get(uuid)
        return None if made is None else tuple(made["fq_name"])

    def is_gone(self, uuid: str) -> bool:
        """Whether it would have been removed."""
        return uuid in self._gone

    def read(self, kind: str, uuid: str, fields: Iterable[str] | None) -> Document | None:
        """The planned object, if there is one."""
        made = self._made[kind].get(uuid)
        return None if made is None else self._row(made, fields)

    def amended(self, row: Document, fields: Iterable[str] | None) -> Document:
        """An object that is there as the writes would leave it."""
        return self._with_back_refs(row | _part(self._changed.get(str(row["uuid"]), {}), fields), fields)

    def made(self, kind: str) -> list[str]:
        """All planned objects of a kind."""
        return list(self._made[kind])

    def referrers(self, kind: str, targets: Iterable[str]) -> list[str]:
        """The planned objects of a kind that refer to one of these."""
        return list(dict.fromkeys(uuid for target in targets for uuid in self._referrers.get((kind, target), ())))

    def parent_of(self, kind: str, uuid: str) -> FqName:
        """The name of the planned object's parent."""
        return tuple(self._made[kind][uuid]["fq_name"][:-1])

    def _row(self, made: Document, fields: Iterable[str] | None) -> Document:
        row = {"uuid": made["uuid"], "fq_name": made["fq_name"]} | _part(made, fields)
        return self._with_back_refs(row, fields)

    def _with_back_refs(self, row: Document, fields: Iterable[str] | None) -> Document:
        uuid = str(row["uuid"])
        wanted = fields if fields is not None else [*row, *self._back_refs_of(uuid)]
        for field in [field for field in wanted if field.endswith(BACK_REFS)]:
            if refs := self._referring(_kind(field, BACK_REFS), uuid, row.get(field) or ()):
                row[field] = refs
            else:
                row.pop(field, None)
        return row

    def _back_refs_of(self, uuid: str) -> list[str]:
        found = {kind for kind, target in [*self._referrers, *self._links] if target == uuid}
        return [f"{kind.replace('-', '_')}{BACK_REFS}" for kind in sorted(found)]

    def _referring(self, kind: str, uuid: str, there: Iterable[Document]) -> list[Document]:
        links = self._links.get((kind, uuid), {})
        kept = [ref for ref in there if ref["uuid"] not in self._gone and ref["uuid"] not in links]
        linked = [{"to": list(name), "uuid": other} for other, (name, added) in links.items() if added and other not in self._gone]
        made = [{"to": list(self._made[kind][other]["fq_name"]), "uuid": other} for other in self._referrers.get((kind, uuid), ())]
        return [*kept, *linked, *made]

    def _refer(self, kind: str, uuid: str, document: Document) -> None:
        for ref in _refs(document):
            self._referrers[kind, ref][uuid] = None

    def _unrefer(self, kind: str, uuid: str, document: Document) -> None:
        for ref in _refs(document):
            self._referrers[kind, ref].pop(uuid, None)


def refs_of(document: Document) -> dict[str, list[Document]]:
    """The refs of a document, by field."""
    return {field: value or [] for field, value in document.items() if field.endswith("_refs") and not field.endswith(BACK_REFS)}


def kind_of_refs(field: str) -> str:
    """The kind that a field's refs point to."""
    return _kind(field, "_refs")


def _kind(field: str, suffix: str) -> str:
    return field.removesuffix(suffix).replace("_", "-")


def _refs(document: Document) -> list[str]:
    return [str(ref["uuid"]) for refs in refs_of(document).values() for ref in refs if "uuid" in ref]


def _part(document: Document, fields: Iterable[str] | None) -> Document:
    return {field: value for field, value in document.items() if fields is None or field in fields}
