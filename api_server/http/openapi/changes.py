"""The operations of the stream of changes: `/watch` and `/v2/changes`."""

from typing import Any

from api_server.http.openapi.answers import errors, json_answer
from api_server.http.openapi.examples import example_uuid
from api_server.http.openapi.schemas import UUID, Schema, ref_to
from api_server.model.catalog import ROOT, Catalog

TAG = {"name": "changes", "description": "What happens, as it happens, and what happened: docs/watch.md."}

_TEXT: Schema = {"type": "string"}
_POSITION: Schema = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
_WATCH = """Server-sent events. First one `init` for each kind, `{"virtual-networks": [{"virtual-network": {…}}, …]}`, all from one
snapshot; then `create`, `update` (`{"virtual-network": {…}}`) and `delete` (`{"virtual-network": {"uuid": "…"}}`), each commit once, in one
order, with its position as `id`. A reader that connects again with `Last-Event-ID` goes on from there without `init`. `stop`: the reader
was too slow, or comes from before what is kept, and starts again from `init`. Comment lines are signs of life."""


def change_paths(catalog: Catalog) -> dict[str, Any]:
    """Both paths (contract 1.14)."""
    return {"/watch": {"get": _watch(catalog)}, "/v2/changes": {"get": _changes(catalog)}}


def _query(name: str, schema: Schema, description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description, **more}


def _kinds(catalog: Catalog) -> Schema:
    """A comma list of kinds."""
    names = "|".join(sorted({spelt for kind in catalog if kind.name != ROOT for spelt in (kind.name, kind.snake)}))
    return {"type": "string", "pattern": f"^({names})(,({names}))*$"}


def _watch(catalog: Catalog) -> dict[str, Any]:
    fields = "Of this kind only these properties, refs, children and back refs; the same parameter exists for every kind."
    parameters = [
        _query("resource_type", _kinds(catalog), "Kinds with commas between them.", required=True, example="virtual-network"),
        _query("virtual_network_fields", _TEXT, fields),
        _query("last_event_id", _POSITION, "As the header Last-Event-ID, for those who cannot set one."),
        _query("timeout", {"type": "integer", "minimum": 0}, "End the stream after so many seconds; 0: when all that is there is told."),
        {"name": "Last-Event-ID", "in": "header", "schema": _POSITION, "description": "The id of the last event that the reader has."},
    ]
    stream = {"description": "The stream.", "content": {"text/event-stream": {"schema": _TEXT}}}
    return {
        "operationId": "watch",
        "tags": ["changes"],
        "summary": "What there is, and what happens",
        "description": _WATCH,
        "parameters": parameters,
        "responses": {"200": stream, **errors("400", "403", "404")},
    }


def _changes(catalog: Catalog) -> dict[str, Any]:
    state: Schema = {
        "type": ["object", "null"],
        "description": "The object as a read shows it, without children, back refs and hrefs; null where there was none.",
    }
    entry: dict[str, Schema] = {
        "position": _POSITION,
        "at": {"type": "string", "description": "When it was written; UTC."},
        "operation": {"enum": ["CREATE", "UPDATE", "UPDATE-IMPLICIT", "DELETE"]},
        "kind": _TEXT,
        "uuid": ref_to("Uuid"),
        "fq_name": ref_to("FqName"),
        "actor": {"type": "string", "description": "Whose request it was."},
        "request_id": {"type": "string", "description": "The X-Request-Id of the request, or the id that the server gave it."},
        "before": state,
        "after": state,
    }
    following = {"type": ["integer", "null"], "description": "`after` (newest first: `before`) of the next page; null on the last."}
    page: Schema = {
        "type": "object",
        "properties": {
            "changes": {"type": "array", "items": {"type": "object", "properties": entry, "required": list(entry)}},
            "next": following,
            "position": {"type": "integer", "description": "The latest position there is."},
        },
        "required": ["changes", "next", "position"],
    }
    parameters = [
        _query("kind", _kinds(catalog), "Only of these kinds; commas between them."),
        _query("uuid", UUID, "Only of this object.", example=example_uuid(catalog["virtual-network"])),
        _query("actor", _TEXT, "Only by this caller."),
        _query("request_id", _TEXT, "Only by this request."),
        _query("after", _POSITION, "Only after this position; 410 when not all of them are kept any more."),
        _query("before", _POSITION, "Only before this position."),
        _query("since", {"type": "string", "format": "date-time"}, "Only from this moment on; UTC unless it says otherwise."),
        _query("newest_first", {"type": "boolean"}, "The latest first."),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "How many a page holds."),
    ]
    return {
        "operationId": "v2_changes",
        "tags": ["changes"],
        "summary": "Who did what and when, with the object before and after",
        "parameters": parameters,
        "responses": {"200": json_answer(page, "In the order of their positions."), **errors("400", "403", "404", "410")},
    }
