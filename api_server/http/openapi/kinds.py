"""The operations of one kind: create, list, read, update, delete."""

from typing import Any

from api_server.http.openapi.answers import errors, json_answer, json_body, list_parameters, read_parameters
from api_server.http.openapi.examples import example_create, example_update, example_uuid
from api_server.http.openapi.links import Links, after_create, after_list, after_read, after_update
from api_server.http.openapi.schemas import HREF, UUID, Schema, ref_to, wrapped
from api_server.model.catalog import Catalog
from api_server.model.kind import Kind


def kind_paths(catalog: Catalog, kind: Kind) -> dict[str, Any]:
    """The two paths of the kind with their operations (contract 1.4, 1.5)."""
    return {
        f"/{kind.collection}": {"get": _list(kind), "post": _create(catalog, kind)},
        f"/{kind.name}/{{uuid}}": {
            "parameters": [{"name": "uuid", "in": "path", "required": True, "schema": UUID, "example": example_uuid(kind)}],
            "get": _read(kind),
            "put": _update(kind),
            "delete": _delete(kind),
        },
    }


def listed(name: str, entries: Schema) -> Schema:
    """The answer of a list: entries under the name of the collection, and a marker when it is paged."""
    count = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    schema = wrapped(name, {"anyOf": [{"type": "array", "items": entries}, count]})
    schema["properties"]["marker"] = {"type": ["string", "null"]}
    return schema


def _operation(kind: Kind, verb: str, summary: str, links: Links, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    if links:
        responses["200"]["links"] = links
    return {"operationId": f"{kind.snake}_{verb}", "tags": [kind.name], "summary": summary, **more, "responses": responses}


def _list(kind: Kind) -> dict[str, Any]:
    entries = {"anyOf": [wrapped(kind.name, ref_to(kind.name)), ref_to(kind.name)]}
    answer = json_answer(listed(kind.collection, entries), "Names and uuids, whole resources (`detail`) or their number (`count`).")
    responses = {"200": answer, **errors("400", "404")}
    return _operation(kind, "list", f"List {kind.collection}", after_list(kind), responses, parameters=list_parameters())


def _create(catalog: Catalog, kind: Kind) -> dict[str, Any]:
    created = {"uuid": ref_to("Uuid"), "name": {"type": "string"}, "fq_name": ref_to("FqName"), "href": HREF}
    if kind.parents:
        created |= {"parent_type": {"type": "string"}, "parent_uuid": ref_to("Uuid"), "parent_href": HREF}
    schema = {"type": "object", "properties": created, "required": ["uuid", "name", "fq_name", "href"]}
    return _operation(
        kind,
        "create",
        f"Create a {kind.name}",
        after_create(kind),
        {"200": json_answer(wrapped(kind.name, schema), "It exists."), **errors("400", "403", "404", "409", "412", "413")},
        requestBody=json_body(wrapped(kind.name, ref_to(f"{kind.name}.create")), {kind.name: example_create(catalog, kind)}),
    )


def _read(kind: Kind) -> dict[str, Any]:
    found = json_answer(wrapped(kind.name, ref_to(kind.name)), "The resource; what has no value is absent.")
    found["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "Changes with every write of the resource."}}
    match = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}, "description": "The ETag that the caller has."}
    return _operation(
        kind,
        "read",
        f"Read a {kind.name}",
        after_read(kind),
        {"200": found, "304": {"description": "The caller has it already."}, **errors("404")},
        parameters=[*read_parameters(), match],
    )


def _update(kind: Kind) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"uuid": ref_to("Uuid"), "href": HREF}}
    # A body that changes nothing is answered with an empty one (contract 1.4.3).
    answer = json_answer(wrapped(kind.name, schema), "It is stored; the body is empty when nothing was asked for.")
    body = {kind.name: example_update(kind)}
    return _operation(
        kind,
        "update",
        f"Update a {kind.name}",
        after_update(kind),
        {"200": answer, **errors("400", "403", "404", "409", "412", "413")},
        requestBody=json_body(wrapped(kind.name, ref_to(f"{kind.name}.update")), body),
    )


def _delete(kind: Kind) -> dict[str, Any]:
    blocked = "It is gone, with its derived children and its own refs; other children and resources that refer to it prevent that."
    responses = {"200": {"description": blocked}, **errors("400", "404", "409")}
    return _operation(kind, "delete", f"Delete a {kind.name}", {}, responses)
