"""The configuration API as it would be if the planned writes had been done: the server is read, and never changed."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Unpack

import netweave
from kube_sync.model.names import FqName
from kube_sync.model.objects import Key
from kube_sync.reconcile.config import Rows
from kube_sync.reconcile.passes import AUTHORS, LOOKING
from kube_sync.rehearsal import details
from kube_sync.rehearsal.calls import ADD_REF, CREATE, DELETE, REMOVE_REF, UPDATE, Call, Plan
from kube_sync.rehearsal.planned import Document, Planned, kind_of_refs, refs_of
from kube_sync.rehearsal.trial import LEAVES, Trial

SELECTS = {"fq_names", "obj_uuids", "back_ref_id", "parent_id", "parent_fq_name", "parent_type", "fields", "detail"}


class Overlay:
    """A ConfigApi. A write is tried by the server together with all before it, without effect, and then noted."""

    def __init__(self, api: netweave.AsyncClient, plan: Plan) -> None:
        self._api = api
        self._plan = plan
        self._trial = Trial(api)
        self._planned = Planned()
        self._names: dict[str, FqName] = {}
        self._seen: dict[str, Document] = {}

    async def find(self, kind: str, fq_name: netweave.FqName) -> str:
        """The uuid, of a planned object too."""
        name = tuple(fq_name.split(":")) if isinstance(fq_name, str) else tuple(fq_name)
        if planned := self._planned.find(kind, name):
            return planned
        uuid = await self._api.find(kind, fq_name)
        if self._planned.is_gone(uuid):
            raise _not_found(kind, ":".join(name))
        self._names[uuid] = name
        return uuid

    async def read(self, kind: str, uuid: str, fields: Iterable[str] | None = None) -> Document:
        """The object as it would be."""
        fields = None if fields is None else list(fields)
        if planned := self._planned.read(kind, uuid, fields):
            return planned
        if self._planned.is_gone(uuid):
            raise _not_found(kind, uuid)
        return self._amended(kind, await self._api.read(kind, uuid, fields), fields)

    async def list(self, kind: str, *, page: int | None = None, **selection: Unpack[netweave.Selection]) -> Rows:
        """Those that would be selected: first those that are there, then the planned ones."""
        assert selection.keys() <= SELECTS, selection
        fields = selection.get("fields")
        shown = None if selection.get("detail") else list(fields or ())
        rows = [self._amended(kind, row, shown) for row in await self._api.list(kind, page=page, **selection)]
        there = [row for row in rows if not self._planned.is_gone(str(row["uuid"]))]
        planned = [self._planned.read(kind, uuid, shown) for uuid in await self._selected(kind, selection)]
        return [*there, *(row for row in planned if row)]

    async def iterate(self, kind: str, *, page: int, **selection: Unpack[netweave.Selection]) -> AsyncIterator[Document]:
        """The same, one by one."""
        for row in await self.list(kind, page=page, **selection):
            yield row

    async def create(self, kind: str, document: Mapping[str, Any]) -> Document:
        """Noted, if the server would do it."""
        return dict((await self._done([_entry(kind, "create", document)]))[0][kind])

    async def update(self, kind: str, uuid: str, document: Mapping[str, Any]) -> Document:
        """Noted, if the server would do it."""
        return dict((await self._done([_entry(kind, "update", {"uuid": uuid, **document})]))[0].get(kind, {}))

    async def delete(self, kind: str, uuid: str) -> None:
        """Noted, if the server would do it."""
        await self._done([_entry(kind, "delete", {"uuid": uuid})])

    async def bulk(self, entries: Iterable[Mapping[str, Any]], *, fields: Iterable[str] = ()) -> Rows:
        """All noted, if the server would do all; it answers with what it would draw now."""
        entries, fields = list(entries), list(fields)
        answers = await self._done(entries, AUTHORS.get())
        for entry, answer in zip(entries, answers, strict=True):
            kind = _kind(entry)
            if kind in answer and (made := self._planned.read(kind, str(answer[kind].get("uuid")), fields)):
                answer[kind] |= made
        return answers

    async def _done(self, entries: Sequence[Mapping[str, Any]], authors: Sequence[Key | None] = ()) -> Rows:
        answers = await self._trial.of(entries)
        for entry, answer, author in zip(entries, answers, authors or [LOOKING.get()] * len(entries), strict=True):
            LOOKING.set(author)
            kind, operation, data = _kind(entry), str(entry.get("operation") or "create"), dict(entry["data"])
            if operation == "create":
                await self._created(kind, data, {**answer[kind], **data})
            else:
                # The answer has no more than what names the object.
                data["uuid"] = data.get("uuid") or await self.find(kind, data["fq_name"])
                await {"update": self._updated, "delete": self._deleted, "ref-update": self._linked}[operation](kind, data)
        return answers

    async def _created(self, kind: str, data: Document, document: Document) -> None:
        self._names[str(document["uuid"])] = tuple(document["fq_name"])
        made = await self._completed(document)
        self._note(CREATE, kind, data, details.created(kind, made, drawn=made.keys() - data.keys()))
        self._planned.create(kind, made)

    async def _updated(self, kind: str, data: Document) -> None:
        changes = {key: value for key, value in data.items() if key not in {"uuid", "fq_name"}}
        self._note(UPDATE, kind, data, details.updated(self._known(kind, data["uuid"]), changes))
        self._planned.update(kind, data["uuid"], await self._completed(changes))

    async def _deleted(self, kind: str, data: Document) -> None:
        self._note(DELETE, kind, data, details.created(kind, self._known(kind, data["uuid"])))
        self._planned.delete(kind, data["uuid"])

    async def _linked(self, kind: str, data: Document) -> None:
        uuid, target, added = data["uuid"], str(data["ref-uuid"]), data["operation"] == "ADD"
        there = ":".join(await self._name(str(data["ref-type"]), target))
        self._note(ADD_REF if added else REMOVE_REF, kind, data, f"{data['ref-type']} {there}")
        self._planned.link(kind, uuid, await self._name(kind, uuid), target, added=added)

    def _known(self, kind: str, uuid: str) -> Document:
        """What the object is before the write, as far as it was read."""
        return self._planned.read(kind, uuid, None) or self._planned.amended(dict(self._seen.get(uuid, {"uuid": uuid})), None)

    def _note(self, action: str, kind: str, data: Document, detail: str) -> None:
        uuid = str(data.get("uuid"))
        name = data.get("fq_name") or self._planned.name_of(kind, uuid) or self._names.get(uuid) or [uuid]
        self._plan.note(Call(action, kind, ":".join(name), detail, data))

    async def _completed(self, document: Document) -> Document:
        """The document with a uuid and a name in every ref, as the server keeps it."""
        refs = {field: [await self._ref(kind_of_refs(field), ref) for ref in value] for field, value in refs_of(document).items() if value}
        return {**document, **refs}

    async def _ref(self, kind: str, ref: Document) -> Document:
        if ref.get("uuid"):
            return {**ref, "to": list(await self._name(kind, str(ref["uuid"])))}
        return {**ref, "uuid": await self.find(kind, ref["to"])}

    async def _name(self, kind: str, uuid: str) -> FqName:
        name = self._planned.name_of(kind, uuid) or self._names.get(uuid)
        if name is None:
            name = self._names[uuid] = tuple((await self._api.name_of(uuid))[1])
        return name

    def _amended(self, kind: str, row: Document, fields: Iterable[str] | None) -> Document:
        self._names[str(row["uuid"])] = tuple(row["fq_name"])
        if kind not in LEAVES or kind == "instance-ip":
            self._seen.setdefault(str(row["uuid"]), {}).update(row)
        return self._planned.amended(dict(row), fields)

    async def _selected(self, kind: str, selection: netweave.Selection) -> Iterable[str]:
        """The planned objects that the selection means; each part of it narrows."""
        chosen = self._planned.made(kind)
        if (uuids := selection.get("obj_uuids")) is not None:
            chosen = _both(chosen, uuids)
        if (names := selection.get("fq_names")) is not None:
            chosen = _both(chosen, [self._planned.find(kind, tuple(name)) for name in names])
        if (targets := selection.get("back_ref_id")) is not None:
            chosen = _both(chosen, self._planned.referrers(kind, _several(targets)))
        parents = [tuple(parent)] if (parent := selection.get("parent_fq_name")) else None
        if (ids := selection.get("parent_id")) is not None:
            parents = [await self._name("", uuid) for uuid in _several(ids)]
        return [uuid for uuid in chosen if parents is None or self._planned.parent_of(kind, uuid) in parents]


def _entry(kind: str, operation: str, data: Mapping[str, Any]) -> Document:
    return {"kind": kind, "operation": operation, "data": dict(data)}


def _kind(entry: Mapping[str, Any]) -> str:
    return str(entry["kind"]).replace("_", "-")


def _several(given: str | Iterable[str]) -> Iterable[str]:
    return [given] if isinstance(given, str) else given


def _both(chosen: Iterable[str], wanted: Iterable[str | None]) -> Any:
    among = set(chosen)
    return [uuid for uuid in wanted if uuid in among]


def _not_found(kind: str, name: str) -> netweave.NotFound:
    return netweave.NotFound(f"No {kind} {name}", status=404, code="not-found")
