"""One ref at a time: `ref-update` and `ref-relax-for-delete` (contract 1.8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, NotFound, UnknownId, UnknownName, WrongKind
from api_server.http.documents import read_attribute
from api_server.http.preconditions import ANY, IfMatch, if_match
from api_server.http.requests import json_response, kind_named, object_of, server_of, uuid_in, write_in
from api_server.model.caller import LINK, WRITE
from api_server.model.catalog import Catalog
from api_server.model.kind import Kind
from api_server.model.resource import Link, Ref, digest, is_uuid
from api_server.store import resources
from api_server.store.resources import link_of
from api_server.transaction import Transaction


async def ref_update(request: Request) -> Response:
    change = parse_ref_change(server_of(request).catalog, await object_of(request))
    match = if_match(request)

    async def work(tx: Transaction) -> None:
        await change_ref(tx, change, match)

    await write_in(request, work)
    return json_response(b'{"uuid":"%s"}' % change.uuid.encode())


@dataclass(frozen=True, slots=True)
class RefChange:
    """One ref to add, to give another attribute, or to take away; `document` names its target."""

    kind: Kind
    uuid: str
    target_kind: Kind
    adding: bool
    attr: Any
    document: Mapping[str, Any]


def parse_ref_change(catalog: Catalog, document: Mapping[str, Any]) -> RefChange:
    """What a `ref-update` asks for (contract 1.8)."""
    kind, uuid, target_kind = _kinds(catalog, document)
    adding = _adding(document)
    attr = read_attribute(catalog, kind, f"{target_kind.snake}_refs", document.get("attr"))
    return RefChange(kind, uuid, target_kind, adding, attr, document)


async def change_ref(tx: Transaction, change: RefChange, match: IfMatch = ANY) -> None:
    """Change the one ref; the object's other refs stay."""
    target = await _target(tx, change.target_kind, change.document, adding=change.adding)
    old = await tx.hold(change.kind.name, change.uuid, WRITE)
    match.check(old)
    new = old.copy()
    name = f"{change.target_kind.snake}_refs"
    new.given = frozenset([name])
    if change.adding and target:
        new.refs[name] = _with(new.refs_to(change.target_kind.name), target, change.attr)
    elif target:
        new.refs[name] = [ref for ref in new.refs_to(change.target_kind.name) if ref.uuid != target.uuid]
    await tx.update(old, new)
    if change.adding and target and change.document.get("relax_ref_for_delete"):
        await tx.execute(resources.RELAX, source=change.uuid, target=target.uuid)


def _with(refs: list[Ref], target: Link, attr: Any) -> list[Ref]:
    """A ref that exists keeps its place and gets the new attribute."""
    if any(ref.uuid == target.uuid for ref in refs):
        return [Ref(ref.kind, ref.uuid, ref.fq_name, attr, ref.relaxed) if ref.uuid == target.uuid else ref for ref in refs]
    return [*refs, Ref(target.kind, target.uuid, target.fq_name, attr)]


def _kinds(catalog: Catalog, document: Mapping[str, Any]) -> tuple[Kind, str, Kind]:
    for key in ("type", "ref-type"):
        if not document.get(key):
            raise BadRequest(f"Bad Request: {key} is missing", field=key)
    kind, target = kind_named(catalog, document["type"]), kind_named(catalog, document["ref-type"])
    uuid = uuid_in(document, "uuid")
    if f"{target.snake}_refs" not in kind.refs:
        raise BadRequest(f"A {kind.name} has no refs to {target.name}", field="ref-type")
    return kind, uuid, target


def _adding(document: Mapping[str, Any]) -> bool:
    operation = document.get("operation")
    if not operation:
        raise BadRequest("Bad Request: operation is missing", field="operation")
    if str(operation).upper() not in ("ADD", "DELETE"):
        raise BadRequest(f"Bad Request: operation should be add or delete: {operation}", field="operation")
    return str(operation).upper() == "ADD"


async def _target(tx: Transaction, kind: Kind, document: Mapping[str, Any], *, adding: bool) -> Link | None:
    """The target; its uuid wins over its name, and an unknown uuid may be taken away (contract 1.8)."""
    uuid, fq_name = document.get("ref-uuid"), document.get("ref-fq-name")
    if uuid:
        row = await tx.fetchrow(resources.PERMS_BY_UUID, uuid=uuid) if is_uuid(uuid) else None
        if row is None and adding:
            raise UnknownId(str(uuid)[:200])
        if row is not None and row["kind"] != kind.name:
            raise WrongKind(kind.name, uuid)
        if row is not None:
            resources.require(tx.caller, LINK, row)
        return link_of(row) if row else None
    if not isinstance(fq_name, list) or not fq_name or not all(isinstance(element, str) for element in fq_name):
        raise BadRequest("Bad Request: ref-uuid or ref-fq-name is missing", field="ref-uuid")
    row = await tx.fetchrow(resources.PERMS_BY_NAME, kind=kind.name, name_digest=digest(fq_name))
    if row is None:
        raise UnknownName(fq_name)
    resources.require(tx.caller, LINK, row)
    return link_of(row)


async def ref_relax(request: Request) -> Response:
    document = await object_of(request)
    uuid = uuid_in(document, "uuid")
    target = document.get("ref-uuid")
    if not target:
        raise BadRequest("Bad Request: ref-uuid is missing", field="ref-uuid")

    async def work(tx: Transaction) -> None:
        row = await tx.fetchrow(resources.PERMS_BY_UUID, uuid=uuid)
        if row is None:
            raise NotFound(f"uuid {uuid} not found", uuid=uuid)
        resources.require(tx.caller, WRITE, row)
        if is_uuid(target):
            await tx.execute(resources.RELAX, source=uuid, target=target)

    await write_in(request, work)
    return json_response(b'{"uuid":"%s"}' % uuid.encode())
