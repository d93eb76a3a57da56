"""A change as the wire shows it: the object as it was or became, and the server-sent event that tells of it (contract 1.14)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from api_server.http.documents import kept_object, kept_refs, render_links
from api_server.model.caller import READ, Caller
from api_server.model.resource import Perms
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
    return kept_object(row, state, _modified(row, state, name), _some(kept_refs(state), readable))


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
        yield from (entry["uuid"] for entries in render_links(event.links, "", hrefs=False).values() for entry in entries)


def _text(event: Event, name: str, fields: frozenset[str] | None, readable: frozenset[str] | None) -> bytes:
    row = event.row
    document = {"uuid": row["uuid"]}
    if name != "delete":
        document = render_state(row, "after", readable) or document
        if event.links is not None:
            document |= _some(render_links(event.links, "", hrefs=False), readable)
        if fields is not None:
            document = {key: value for key, value in document.items() if key in fields or key in HEAD}
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps({row["kind"]: document}))


def _some(links: dict[str, list[dict[str, Any]]], readable: frozenset[str] | None) -> dict[str, list[dict[str, Any]]]:
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
