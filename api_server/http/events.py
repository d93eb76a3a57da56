"""A change as the wire shows it: the object as it was or became, and the server-sent event that tells of it (contract 1.14)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from api_server.http.answers import stamp
from api_server.model.caller import READ, Caller
from api_server.model.resource import Perms
from api_server.store.changes import Links
from api_server.watch.watcher import Event

HEAD = ("uuid", "fq_name", "parent_type", "parent_uuid")
# With an empty id: a reader that connects again starts from `init`.
STOP = b"id:\nevent: stop\ndata: {}\n\n"
KEEP_ALIVE = b":\n\n"


def render_state(row: asyncpg.Record, name: str, readable: frozenset[str] | None = None) -> dict[str, Any] | None:
    """The object `before` or `after` a change, without children and back refs; None where there was none."""
    if row[name] is None:
        return None
    state: dict[str, Any] = orjson.loads(row[name])
    return _object(row, state, _modified(row, state, name), _some(_refs(state), readable))


def render_event(event: Event, fields: frozenset[str] | None, caller: Caller, readable: frozenset[str]) -> bytes | None:
    """The event, without its id, as this caller may see it; None when it is none of theirs. Of links they see those to `readable`."""
    shown = _shown(event.row, caller)
    if shown is None:
        return None
    if not caller.admin:
        return _text(event, shown, fields, readable)
    if (shown, fields) not in event.texts:
        event.texts[shown, fields] = _text(event, shown, fields, None)
    return event.texts[shown, fields]


def linked(event: Event) -> Iterator[str]:
    """The objects that the event's object is linked to."""
    if event.row["after"] is not None:
        yield from (uuid for entries in orjson.loads(event.row["after"])["refs"].values() for uuid, *_ in entries)
    if event.links is not None:
        yield from (entry["uuid"] for entries in event.links.values() for entry in entries)


def _text(event: Event, name: str, fields: frozenset[str] | None, readable: frozenset[str] | None) -> bytes:
    row = event.row
    document = {"uuid": row["uuid"]}
    if name != "delete":
        document = render_state(row, "after", readable) or document
        if event.links is not None:
            document |= _some(event.links, readable)
        if fields is not None:
            document = {key: value for key, value in document.items() if key in fields or key in HEAD}
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps({row["kind"]: document}))


def _some(links: Links, readable: frozenset[str] | None) -> Links:
    if readable is None:
        return links
    seen = {name: [entry for entry in entries if entry["uuid"] in readable] for name, entries in links.items()}
    return {name: entries for name, entries in seen.items() if entries}


def _shown(row: asyncpg.Record, caller: Caller) -> str | None:
    """What a change is to this caller: an object that they may no longer read is gone for them, one that they now may has come."""
    before, after = _readable(row["before"], caller), _readable(row["after"], caller)
    if not after:
        return "delete" if before else None
    return "update" if before else "create"


def _readable(state: str | None, caller: Caller) -> bool:
    if state is None or caller.admin:
        return state is not None
    document = orjson.loads(state)
    perms = document["perms2"]
    hidden = document.get("id_perms", {}).get("user_visible") is False
    return not hidden and bool(caller.bits(Perms(perms["owner"], perms["owner_access"], perms["global_access"], perms["share"])) & READ)


def _modified(row: asyncpg.Record, state: dict[str, Any], name: str) -> datetime | None:
    if name == "after":
        found: datetime | None = row["modified"]
        return found
    return datetime.fromisoformat(state["modified"]) if state.get("modified") else None


def _refs(state: Mapping[str, Any]) -> Links:
    """The refs of an object as a change row keeps it."""
    return {name: [{"to": to, "uuid": uuid, "attr": attr} for uuid, to, attr in entries] for name, entries in state["refs"].items()}


def _object(row: asyncpg.Record, state: Mapping[str, Any], modified: datetime | None, refs: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """An object as a change row keeps it, without name, hrefs, children and back refs, with these of its refs (contract 1.14)."""
    document: dict[str, Any] = {"uuid": row["uuid"], "fq_name": row["fq_name"]}
    if state["parent_uuid"]:
        document |= {"parent_type": state["parent_type"], "parent_uuid": state["parent_uuid"]}
    if identity := state.get("id_perms"):
        document["id_perms"] = _identity_of(row["uuid"], row["created"], modified, identity, identity["permissions"])
    return {**document, "perms2": state["perms2"], **state["properties"], **refs}


def _identity_of(uuid: str, created: datetime | None, modified: datetime | None, of: Any, permissions: Any) -> dict[str, Any]:
    """An object's `id_perms` (contract 2.3); times that nobody noted are null."""
    number = int(uuid.replace("-", ""), 16)
    return {
        "enable": of["enable"],
        "uuid": {"uuid_mslong": number >> 64, "uuid_lslong": number & 0xFFFF_FFFF_FFFF_FFFF},
        "created": created and stamp(created),
        "last_modified": modified and stamp(modified),
        "description": of["description"],
        "creator": of["creator"],
        "user_visible": of["user_visible"],
        "permissions": permissions,
    }
