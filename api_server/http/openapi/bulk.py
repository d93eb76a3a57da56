"""The operations that take many writes: `/v2/bulk`, and `/sync` as the Go server has it."""

from typing import Any

from api_server.http.entries import LARGEST_COUNT, OPERATIONS
from api_server.http.openapi.answers import errors, json_answer, json_body
from api_server.http.openapi.examples import example_create
from api_server.http.openapi.schemas import Schema, ref_to
from api_server.model.catalog import ROOT, Catalog

_ORDER = """All of the entries are done in one transaction, or none. They are done as they were written, but what an entry creates comes
before whatever refers to it; nothing is moved over a delete. An error has the status of the entry's own call; its text begins with the
entry's index, and a problem document has it under `entry`."""

_FIELDS: Schema = {
    "name": "fields",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Names of properties, with commas between them, that the answers of creates have beside their own.",
    "example": "instance_ip_address",
}


def bulk_paths(catalog: Catalog) -> dict[str, Any]:
    """`/v2/bulk` and `/sync`."""
    results: Schema = {
        "type": "object",
        "properties": {
            "results": {
                "type": "array",
                "items": {"type": "object"},
                "description": "For each entry what its own call answers; `{}` where that has an empty body.",
            }
        },
        "required": ["results"],
    }
    event: Schema = {
        "type": "object",
        "properties": {"kind": {"type": "string"}, "operation": {"type": "string"}, "data": {"type": "object"}},
        "required": ["kind", "operation", "data"],
    }
    done = json_answer(results, "All entries are done.")
    events = json_answer({"type": "array", "items": event}, "All entries are done.")
    many = _operation(catalog, "v2_bulk", "v2", "Create, update and delete many objects at once", done)
    return {
        "/v2/bulk": {"post": {**many, "parameters": [_FIELDS]}},
        "/sync": {"post": _operation(catalog, "sync", "names", "The same, in the shape of the Go server", events)},
    }


def _operation(catalog: Catalog, identity: str, tag: str, summary: str, answer: dict[str, Any]) -> dict[str, Any]:
    entry: Schema = {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": sorted(kind.name for kind in catalog if kind.name != ROOT), "description": "Or with `_`."},
            "operation": {"type": "string", "enum": list(OPERATIONS), "default": OPERATIONS[0], "description": "Capitals or not."},
            "data": {
                "type": "object",
                "properties": {"uuid": ref_to("Uuid"), "fq_name": ref_to("FqName")},
                "description": "The body of the entry's own call, without the key of the kind around it. Where that call names its object "
                "in its path, `uuid` or `fq_name` names it here; a `ref-update` is about that object, `type` and `uuid` are not needed.",
            },
            "unique_mac": {
                "type": "boolean",
                "default": False,
                "description": "Of the creation of a port: refused when another port of its network has one of its MAC addresses.",
            },
        },
        "required": ["kind", "data"],
    }
    body: Schema = {
        "type": "object",
        "properties": {"resources": {"type": "array", "items": entry, "maxItems": LARGEST_COUNT}},
        "required": ["resources"],
    }
    kind = catalog["virtual-machine"]
    example = {"resources": [{"kind": kind.name, "operation": "create", "data": example_create(catalog, kind)}]}
    return {
        "operationId": identity,
        "tags": [tag],
        "summary": summary,
        "description": _ORDER,
        "requestBody": json_body(body, example),
        "responses": {"200": answer, **errors("400", "403", "404", "409", "412", "413")},
    }
