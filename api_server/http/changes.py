"""`GET /v2/changes`: who did what and when, with the object before and after."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import BadRequest, Forgotten, PermissionDenied
from api_server.http.answers import stamp
from api_server.http.events import render_state
from api_server.http.requests import caller_of, json_response, kind_named, limit_of, number_of, present, server_of
from api_server.http.staleness import reading
from api_server.model.catalog import Catalog
from api_server.model.resource import is_uuid
from api_server.store import changes
from api_server.store.changes import MOST, Query, State
from api_server.store.database import Connection

LIMIT = 100


async def list_changes(request: Request) -> Response:
    server, caller = server_of(request), caller_of(request)
    if not (caller.admin or caller.reads_all):
        # What an object was before is nobody's business who could not read it then.
        raise PermissionDenied("403 Permission Denied: changes are for administrators, and for those who may read everything")
    query = _query(server.catalog, request.query_params)
    # Of its caller's own writes none is missing.
    await server.feed.settled()
    async with reading(request) as connection:
        state = await changes.state_of(connection)
        await _check_kept(connection, query, state)
        rows = await changes.select_changes(connection, query)
    more = len(rows) == query.limit
    answer = {"changes": [_entry(row) for row in rows], "next": rows[-1]["position"] if more else None, "position": state.position}
    return json_response(orjson.dumps(answer))


def _query(catalog: Catalog, given: Mapping[str, str]) -> Query:
    kinds = [name.strip() for name in given.get("kind", "").split(",") if name.strip()]
    uuid = given.get("uuid") or None
    if uuid and not is_uuid(uuid):
        raise BadRequest(f"Invalid uuid {uuid[:200]!r}", field="uuid")
    return Query(
        after=_position(given, "after"),
        before=_position(given, "before"),
        since=_moment(given.get("since")),
        kinds=tuple(kind_named(catalog, name).name for name in kinds) or None,
        uuid=uuid,
        actor=given.get("actor") or None,
        request_id=given.get("request_id") or None,
        newest_first=present(given, "newest_first"),
        limit=limit_of(given, LIMIT, MOST),
    )


def _position(given: Mapping[str, str], name: str) -> int | None:
    return number_of(given.get(name), name, "the position of a change")


def _moment(text: str | None) -> datetime | None:
    """A moment of ISO 8601, in UTC unless it says otherwise."""
    if not text:
        return None
    try:
        # A `+` that was not escaped comes as a blank.
        moment = datetime.fromisoformat(text.replace(" +", "+"))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError as why:
        raise BadRequest(f"Invalid since {text[:200]!r}: it is a moment such as 2024-05-01T10:11:12, in UTC", field="since") from why


async def _check_kept(connection: Connection, query: Query, state: State) -> None:
    """Raise Forgotten where the answer would lack changes that were asked for and are no longer kept."""
    if query.after is not None and query.after < state.forgotten:
        raise Forgotten(state.forgotten)
    if query.since is not None and state.forgotten:
        first = await changes.select_changes(connection, Query(after=state.forgotten, limit=1))
        if not first or first[0]["at"] > query.since:
            raise Forgotten(state.forgotten)


def _entry(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "position": row["position"],
        "at": stamp(row["at"]),
        "operation": row["operation"],
        "kind": row["kind"],
        "uuid": row["uuid"],
        "fq_name": row["fq_name"],
        "actor": row["actor"],
        "request_id": row["request_id"],
        "before": render_state(row, "before"),
        "after": render_state(row, "after"),
    }
