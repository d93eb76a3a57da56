"""What this server has beside the paths of the original: all under `/v2`, so that no old client can meet it."""

from typing import Any

from api_server.http.openapi.answers import errors, json_answer
from api_server.http.openapi.schemas import HREF, UUID, Schema, ref_to
from api_server.model.catalog import ROOT, Catalog

TAG = {"name": "v2", "description": "What the original does not have: search, utilization, address maps, the schema as data."}

_TEXT: Schema = {"type": "string"}
_WORDS: Schema = {"type": "array", "items": _TEXT}


def v2_paths(catalog: Catalog) -> dict[str, Any]:
    """Every path under `/v2`."""
    return {**_search(), **_ipam(), **_schema(catalog)}


def reading(identity: str, summary: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A GET under `/v2`."""
    return {"get": {"operationId": identity, "tags": ["v2"], "summary": summary, **more, "responses": responses}}


def of(properties: dict[str, Schema], *optional: str) -> Schema:
    """An object that has all of these properties but the optional ones."""
    return {"type": "object", "properties": properties, "required": [name for name in properties if name not in optional]}


def a_list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def query(name: str, schema: Schema, description: str, **more: Any) -> dict[str, Any]:
    """A parameter of the query."""
    return {"name": name, "in": "query", "schema": schema, "description": description, **more}


def limit(default: int, largest: int) -> dict[str, Any]:
    """How many an answer holds at most."""
    return query("limit", {"type": "integer", "minimum": 1, "maximum": largest, "default": default}, "How many at most.")


_OBJECT: dict[str, Schema] = {"kind": _TEXT, "uuid": ref_to("Uuid"), "fq_name": ref_to("FqName")}


def _search() -> dict[str, Any]:
    text = "A name or a part of one, names joined by `:`, a uuid or its first four digits, an address, a MAC address, a prefix."
    result = {
        **_OBJECT,
        "href": HREF,
        "field": {"enum": ["uuid", "mac", "address", "reserved", "service", "subnet", "name", "fq_name"]},
        "match": {"enum": ["exact", "prefix", "substring", "around", "within"]},
        "value": {"type": "string", "description": "What the object has in this field."},
        "subnet": of({"uuid": ref_to("Uuid"), "cidr": _TEXT}),
    }
    answer = json_answer(
        of({"query": _TEXT, "results": a_list(of(result, "subnet")), "more": {"type": "boolean"}}),
        "The closest first; `more` if the limit cut some off.",
    )
    parameters = [
        query("q", {"type": "string", "minLength": 1, "maxLength": 1024}, text, required=True, example="10.0.0.5"),
        query("kinds", _TEXT, "Only these kinds, with commas between them."),
        limit(50, 1000),
    ]
    return {
        "/v2/search": reading(
            "v2_search", "Find by name, uuid, address or MAC", {"200": answer, **errors("400", "404")}, parameters=parameters
        )
    }


_USAGE: dict[str, Schema] = {
    "total": {"type": "integer", "description": "Addresses of the pools, or of the prefix where there are none."},
    "used": {"type": "integer", "description": "Held by resources."},
    "reserved": {"type": "integer", "description": "Of the total, what nobody is given: held by ip-alloc, or kept by the subnet."},
    "free": {"type": "integer", "description": "What can still be given."},
    "outside": {"type": "integer", "description": "Of the used, those in no pool: total = used - outside + reserved + free."},
}
_TEXT_OR_NONE: Schema = {"type": ["string", "null"]}


def _ipam() -> dict[str, Any]:
    owner = of(_OBJECT)
    families: dict[str, Schema] = {"subnets": {"type": "integer"}, "v4": of(_USAGE), "v6": of(_USAGE)}
    row = {"subnet": ref_to("Uuid"), "cidr": _TEXT, "family": {"enum": ["v4", "v6"]}, "owner": owner, "project": _TEXT_OR_NONE, **_USAGE}
    rows = [
        of(row),
        of({"owner": owner, "project": _TEXT_OR_NONE, **families}, "v4", "v6"),
        of({"project": _TEXT_OR_NONE, "fq_name": a_list(_TEXT), **families}, "v4", "v6"),
    ]
    more: dict[str, Schema] = {"totals": of(families, "v4", "v6"), "more": {"type": "boolean"}}
    answer = of({"by": _TEXT, "rows": a_list({"anyOf": rows}), **more})
    parameters = [
        query(
            "by", {"enum": ["subnet", "network", "project"], "default": "subnet"}, "What each row is about; the families are told apart."
        ),
        *(query(name, UUID, f"Only this {name}.") for name in ("network", "project", "subnet")),
        limit(1000, 10_000),
        query("offset", {"type": "integer", "minimum": 0, "maximum": 999_999_999, "default": 0}, "How many rows to leave out."),
    ]
    usage = reading(
        "v2_ipam_utilization",
        "How full subnets, networks and projects are",
        {"200": json_answer(answer, "Rows by name, and the totals of all that was asked for."), **errors("400", "404")},
        parameters=parameters,
    )
    return {"/v2/ipam/utilization": usage, "/v2/ipam/subnets/{uuid}/map": _address_map(owner)}


def _address_map(owner: Schema) -> dict[str, Any]:
    kept = "network, broadcast, gateway, service; reserved (ip-alloc); free; outside (in no pool); unusable; for-routers."
    state: dict[str, Schema] = {"state": {"type": "string", "description": f"The kind of the resource that holds it, or: {kept}"}}
    head: dict[str, Schema] = {
        "subnet": ref_to("Uuid"),
        "cidr": _TEXT,
        "owner": owner,
        "gateway": _TEXT_OR_NONE,
        "service_address": _TEXT_OR_NONE,
        "pools": a_list(of({"start": _TEXT, "end": _TEXT, "for_routers": {"type": "boolean"}})),
        "alloc_unit": {"type": "integer"},
        "next": {"type": ["string", "null"], "description": "Where the next part starts; null at the end."},
        "cells": a_list(of({"address": _TEXT, **state, "holder": owner}, "holder")),
        "ranges": a_list(of({"start": _TEXT, "end": _TEXT, **state, "holder": owner}, "holder")),
    }
    answer = json_answer(of(head, "cells", "ranges"), "Cells up to 256 addresses, ranges above.")
    uuid = {"name": "uuid", "in": "path", "required": True, "schema": UUID, "description": "The uuid of a subnet."}
    parameters = [query("start", _TEXT, "The address to begin with."), limit(256, 4096)]
    responses = {"200": answer, **errors("400", "404")}
    return {"parameters": [uuid], **reading("v2_ipam_subnet_map", "What each address of a subnet is", responses, parameters=parameters)}


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _schema(catalog: Catalog) -> dict[str, Any]:
    unchanged = {"304": {"description": "The caller has it already."}}
    match = {"name": "If-None-Match", "in": "header", "schema": _TEXT, "description": "The ETag that the caller has."}
    field: Schema = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "description": "string, integer, boolean, dateTime, unsignedLong, or a name in `types`."},
            "list": {"type": "boolean"},
            "enum": {"type": "array", "items": {"type": ["string", "integer"]}},
            "minimum": {"type": "integer"},
            "maximum": {"type": "integer"},
            "pattern": _TEXT,
            "default": {"description": "What the model says; the server fills nothing in."},
            "presence": {
                "enum": ["required", "exclusive", "system-only", "admin-only"],
                "description": "What the model says; never enforced.",
            },
            "operations": {"type": "string", "description": "Letters of create, read, update, delete."},
            "collection": {"enum": ["list", "map"]},
            "map_key": _TEXT,
        },
        "required": ["type", "list"],
    }
    link: Schema = of({"kind": _TEXT, "attr": {"type": ["string", "null"]}})
    entry = {"name": _TEXT, "collection": _TEXT, "parents": _WORDS}
    whole = {
        **entry,
        "properties": _map(field),
        "refs": _map(link),
        "children": _map(of({"kind": _TEXT, "deleted_along": {"type": "boolean"}})),
        "back_refs": _map(link),
        "types": _map(_map(field)),
    }
    kind = {
        "name": "kind",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": sorted(kind.name for kind in catalog if kind.name != ROOT)},
        "example": "virtual-network",
    }
    overview = json_answer(of({"kinds": a_list(of(entry))}), "Each kind by name.")
    return {
        "/v2/schema": reading("v2_schema", "Every kind", {"200": overview, **unchanged, **errors()}, parameters=[match]),
        "/v2/schema/{kind}": {
            "parameters": [kind],
            **reading(
                "v2_schema_of_kind",
                "The properties, links and types of one kind",
                {"200": json_answer(of(whole), "All that the server knows of the kind."), **unchanged, **errors("404")},
                parameters=[match],
            ),
        },
    }
