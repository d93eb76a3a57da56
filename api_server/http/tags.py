"""`set-tag`: the tags of an object by type and value, all changes of a request in one write (contract 1.12)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, NotFound
from api_server.http.preconditions import if_match
from api_server.http.requests import json_response, object_of, server_of, uuid_in, write_in
from api_server.model.caller import LINK, WRITE
from api_server.model.catalog import ROOT, Catalog
from api_server.model.kind import Kind
from api_server.model.resource import FqName, Link, Ref, Resource
from api_server.model.tags import SEVERAL_ON_ONE, tag_name, type_of
from api_server.store.named import Name, read_named
from api_server.store.resources import link_of
from api_server.store.scopes import read_project_of
from api_server.transaction import Transaction

WHO = ("obj_type", "obj_uuid")
REFS = "tag_refs"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to an object's tags of one type: all go, or those named come and go."""

    type: str
    added: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    is_global: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        return (*self.added, *self.deleted)

    @property
    def replaces(self) -> bool:
        """Whether tags of the type that are not named go: a type is emptied, or one tag of it is all that an object can have."""
        return not self.values or self.type not in SEVERAL_ON_ONE


async def set_tag(request: Request) -> Response:
    document, catalog = await object_of(request), server_of(request).catalog
    kind, uuid = _object(catalog, document)
    changes, match = [read_change(name.lower(), said) for name, said in document.items() if name not in WHO], if_match(request)

    async def work(tx: Transaction) -> None:
        old = await tx.hold(kind.name, uuid, WRITE)
        match.check(old)
        tags = await _tags(tx, old, changes)
        new = old.copy()
        for change in changes:
            _apply(new, change, tags)
        if [ref.uuid for ref in old.refs_to("tag")] != [ref.uuid for ref in new.refs_to("tag")]:
            new.given = frozenset([REFS])
            for added in _uuids(new.refs_to("tag")) - _uuids(old.refs_to("tag")):
                await tx.permit(LINK, added)
            await tx.update(old, new)

    await write_in(request, work)
    return json_response(b"{}")


def _object(catalog: Catalog, document: Mapping[str, Any]) -> tuple[Kind, str]:
    for name in WHO:
        if not document.get(name):
            raise BadRequest(f"Bad Request: {name} is missing", field=name)
    kind = catalog.find(document["obj_type"]) if isinstance(document["obj_type"], str) else None
    if kind is None or kind.name == ROOT:
        raise BadRequest(f"Bad Request: obj_type {document['obj_type']!r:.200} is no type of objects", field="obj_type")
    return kind, uuid_in(document, "obj_uuid")


def read_change(type_name: str, said: Any) -> Change:
    """The change that a request says of one tag type; BadRequest when it says none."""
    if said is None:
        return Change(type_name)
    if not isinstance(said, dict):
        raise _nothing(type_name)
    value: Any = said.get("value")
    added, deleted = (_values(type_name, said, name) for name in ("add_values", "delete_values"))
    if type_name not in SEVERAL_ON_ONE and (added or deleted):
        message = f"Tag type {type_name} cannot be set multiple times on a same object."
        raise BadRequest(message, field=type_name)
    if value is not None:
        added = [value, *added]
    if not (added or deleted) or not all(isinstance(one, str) and one for one in (*added, *deleted)):
        raise _nothing(type_name)
    return Change(type_name, tuple(added), tuple(deleted), is_global=bool(said.get("is_global")))


def _values(type_name: str, said: Mapping[str, Any], name: str) -> list[Any]:
    values = said.get(name) or []
    if not isinstance(values, list):
        raise _nothing(type_name)
    return values


def _nothing(type_name: str) -> BadRequest:
    message = f"No valid value provided for tag type {type_name}"
    return BadRequest(message, field=type_name)


def _names(changes: list[Change], project: FqName) -> Iterator[Name]:
    for change in changes:
        for value in change.values:
            yield _name(change, value, project)


def _name(change: Change, value: str, project: FqName) -> Name:
    return "tag", (*(() if change.is_global else project), tag_name(change.type, value))


async def _tags(tx: Transaction, old: Resource, changes: list[Change]) -> dict[tuple[Change, str], Link]:
    """Every tag that a change names: of all projects if it says so, else of the object's own project."""
    asks = any(change.values and not change.is_global for change in changes)
    project = (await read_project_of(tx, old) or ()) if asks else ()
    found = await read_named(tx, list(_names(changes, project)))
    for _, name in _names(changes, project):
        if ("tag", name) not in found:
            message = f"Tag with FQName {list(name)} not found"
            raise NotFound(message, fq_name=list(name))
    return {(change, value): link_of(found[_name(change, value, project)]) for change in changes for value in change.values}


def _apply(new: Resource, change: Change, tags: Mapping[tuple[Change, str], Link]) -> None:
    added, deleted = [tags[change, value] for value in change.added], {tags[change, value].uuid for value in change.deleted}
    leaving = deleted | {
        ref.uuid
        for ref in new.refs_to("tag")
        if change.replaces and type_of(ref.fq_name[-1]) == change.type and ref.uuid not in _uuids(added)
    }
    new.refs[REFS] = [ref for ref in new.refs_to("tag") if ref.uuid not in leaving]
    for tag in added:
        if tag.uuid not in _uuids(new.refs_to("tag")):
            new.refer(tag)


def _uuids(links: Iterable[Link | Ref]) -> set[str]:
    return {link.uuid for link in links}
