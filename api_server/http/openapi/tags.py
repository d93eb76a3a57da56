"""`set-tag` (contract 1.12)."""

from typing import Any

from api_server.http.openapi.answers import errors, json_answer, json_body
from api_server.http.openapi.examples import example_uuid
from api_server.http.openapi.schemas import Schema, ref_to
from api_server.model.catalog import Catalog
from api_server.model.tags import SEVERAL_ON_ONE

TAG = {"name": "tags", "description": "The tags of a resource, by type and value."}

_VALUES: Schema = {"type": ["array", "null"], "items": {"type": "string"}, "description": f"For {', '.join(sorted(SEVERAL_ON_ONE))}."}
_CHANGE: Schema = {
    "type": ["object", "null"],
    "description": "null takes away every tag of the type.",
    "properties": {
        "value": {
            "type": ["string", "null"],
            "description": "Replaces the tag of the type, or comes to it where a resource may have several.",
        },
        "is_global": {"type": ["boolean", "null"], "description": "The tags are of all projects, not of the resource's own."},
        "add_values": _VALUES,
        "delete_values": _VALUES,
    },
}


def tag_paths(catalog: Catalog) -> dict[str, Any]:
    """The one path that tags resources."""
    change: Schema = {
        "type": "object",
        "description": "Beside the two names: one change for each tag type.",
        "properties": {"obj_type": {"type": "string"}, "obj_uuid": ref_to("Uuid")},
        "required": ["obj_type", "obj_uuid"],
        "additionalProperties": _CHANGE,
    }
    example = {
        "obj_type": "virtual-network",
        "obj_uuid": example_uuid(catalog["virtual-network"]),
        "application": {"value": "web", "is_global": True},
        "label": {"add_values": ["blue"], "delete_values": ["red"]},
        "tier": None,
    }
    return {
        "/set-tag": {
            "post": {
                "operationId": "set_tag",
                "tags": ["tags"],
                "summary": "Change the tags of a resource",
                "requestBody": json_body(change, example),
                "responses": {"200": json_answer({"type": "object"}, "Done."), **errors("400", "403", "404", "409", "413")},
            }
        }
    }
