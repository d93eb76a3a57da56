"""What the change rows of a write tell: who did what to which object, as it was and as it is."""

from collections.abc import Iterable, Mapping
from typing import Any

from api_server.model.caller import Caller
from api_server.model.resource import Ref, Resource, ref_name

# Of each object that a write changes beside its own: the refs by their target's uuid, as they become; None: it goes.
Far = Mapping[str, Mapping[str, Ref | None]]
# A change row before it is stored.
Told = dict[str, Any]
CREATED, UPDATED, IMPLICIT, DELETED = "CREATE", "UPDATE", "UPDATE-IMPLICIT", "DELETE"


def document_of(of: Resource) -> dict[str, Any]:
    """What a change row tells of an object: enough to show it as it was, or to make it again."""
    document = {
        "parent_type": of.parent.kind if of.parent else None,
        "parent_uuid": of.parent.uuid if of.parent else None,
        "properties": of.properties,
        "perms2": {
            "owner": of.perms.owner,
            "owner_access": of.perms.owner_access,
            "global_access": of.perms.global_access,
            "share": of.perms.share,
        },
        "id_perms": {
            "enable": of.identity.enable,
            "description": of.identity.description,
            "creator": of.identity.creator,
            "user_visible": of.identity.user_visible,
            "permissions": of.identity.permissions,
        },
        "refs": {name: [[ref.uuid, ref.fq_name, ref.attr] for ref in refs] for name, refs in of.refs.items() if refs},
    }
    return document | ({"positions": of.positions} if of.positions else {})


class Journal:
    """Who is writing, for the change rows of one transaction."""

    def __init__(self, caller: Caller, request_id: str) -> None:
        self.caller = caller
        # Of what was written.
        self.kinds: set[str] = set()
        self.request_id = request_id

    def row(self, operation: str, of: Resource, before: Resource | None, after: Resource | None) -> Told:
        self.kinds.add(of.kind.name)
        return {
            "operation": operation,
            "kind": of.kind.name,
            "uuid": of.uuid,
            "fq_name": of.fq_name,
            "actor": self.caller.user,
            "request_id": self.request_id,
            "before": document_of(before) | {"modified": before.modified} if before else None,
            "after": document_of(after) if after else None,
        }

    def implicit(self, before: Iterable[Resource], far: Far) -> list[Told]:
        """Rows for the far sides of a write, which are `before` it as given (contract 8.3)."""
        return [self.row(IMPLICIT, each, each, _with(each, far[each.uuid])) for each in before]


def _with(of: Resource, changes: Mapping[str, Ref | None]) -> Resource:
    copy = of.copy()
    copy.refs = {name: [ref for each in refs if (ref := changes.get(each.uuid, each))] for name, refs in of.refs.items()}
    known = {ref.uuid for refs in of.refs.values() for ref in refs}
    for ref in changes.values():
        if ref and ref.uuid not in known:
            copy.refs.setdefault(ref_name(ref.kind), []).append(ref)
    return copy


def symmetric(source: Resource, refs: Iterable[Ref]) -> list[Ref]:
    """Those of its refs that the other side reads as its own: between two objects of one kind (contract 1.8)."""
    return [ref for ref in refs if ref.kind == source.kind.name and ref.uuid != source.uuid]


def far_of_create(new: Iterable[Resource]) -> Far:
    """The objects that the refs of new ones change too."""
    far: dict[str, dict[str, Ref | None]] = {}
    for one in new:
        for ref in symmetric(one, one.refs_to(one.kind.name)):
            far.setdefault(ref.uuid, {})[one.uuid] = _mirrored(one, ref)
    return far


def far_of_update(old: Resource, new: Resource) -> Far:
    """The objects whose refs this update changes too."""
    before = {ref.uuid: ref for ref in symmetric(old, old.refs_to(old.kind.name))}
    after = {ref.uuid: ref for ref in symmetric(new, new.refs_to(new.kind.name))}
    lost: dict[str, Mapping[str, Ref | None]] = {uuid: {old.uuid: None} for uuid in before.keys() - after.keys()}
    put = {uuid: {new.uuid: _mirrored(new, ref)} for uuid, ref in after.items() if uuid not in before or before[uuid].attr != ref.attr}
    return lost | put


def _mirrored(source: Resource, ref: Ref) -> Ref:
    return Ref(source.kind.name, source.uuid, source.fq_name, ref.attr, ref.relaxed)
