"""What a transaction knows of names and uuids: who has them, and that nobody has."""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
import orjson

from api_server.memory import End, Name
from api_server.model.resource import FqName, Ref, Resource
from api_server.store.resources import perms_of


def end_of(row: asyncpg.Record) -> End:
    """The object of a row that `resources.resolve` gave."""
    quota = orjson.loads(row["quota"]) if row["quota"] else None
    return End(row["kind"], row["uuid"], tuple(row["fq_name"]), perms_of(row), row["user_visible"], quota, row["modified"])


def end_made(new: Resource) -> End:
    """The object as it is made."""
    quota = new.properties.get("quota") if new.kind.name == "project" else None
    return End(new.kind.name, new.uuid, new.fq_name, new.perms, new.identity.user_visible, quota, new.modified)


class Known:
    """What was looked up or made, until it is changed or deleted; what was looked up and is not there is known too."""

    def __init__(self) -> None:
        self._names: dict[Name, End | None] = {}
        self._uuids: dict[str, End | None] = {}

    def unknown(self, names: Iterable[Name], uuids: Iterable[str]) -> tuple[list[Name], list[str]]:
        """Those that must be looked up, once each."""
        return [one for one in dict.fromkeys(names) if one not in self._names], [
            one for one in dict.fromkeys(uuids) if one not in self._uuids
        ]

    def asked(self, names: Iterable[Name], uuids: Iterable[str]) -> None:
        """These are looked up: who is not told now is not there."""
        self._names |= dict.fromkeys(names)
        self._uuids |= dict.fromkeys(uuids)

    def learn(self, ends: Iterable[End]) -> None:
        for end in ends:
            self._names[end.kind, end.fq_name] = self._uuids[end.uuid] = end

    def forget(self, gone: Resource) -> None:
        """It is changed or deleted: who asks for it looks again."""
        self._names.pop((gone.kind.name, gone.fq_name), None)
        self._uuids.pop(gone.uuid, None)

    def named(self, kind: str, fq_name: FqName) -> End | None:
        return self._names.get((kind, fq_name))

    def by_uuid(self, uuid: str) -> End | None:
        return self._uuids.get(uuid)

    def target(self, ref: Ref) -> End | None:
        """The target of a ref; its uuid wins over its name (contract 2.6)."""
        end = self.by_uuid(ref.uuid) if ref.uuid else self.named(ref.kind, ref.fq_name)
        return end if end and end.kind == ref.kind else None

    def settled(self, name: str, refs: Sequence[Ref], unknown: Any) -> list[Ref]:
        """The refs with uuid and name of what they point to; of several to one target the last holds (contract 2.6)."""
        settled: dict[str, Ref] = {}
        for ref in refs:
            if not (ref.uuid and ref.fq_name) or self.by_uuid(ref.uuid):
                end = self.target(ref)
                if end is None:
                    raise unknown(name, ref.uuid or str(list(ref.fq_name)))
                ref = Ref(ref.kind, end.uuid, end.fq_name, ref.attr, ref.relaxed)
            settled.pop(ref.uuid, None)
            settled[ref.uuid] = ref
        return list(settled.values())
