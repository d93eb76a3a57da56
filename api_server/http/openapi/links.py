"""What can be done next with a resource, as OpenAPI links: what an answer says goes into the next request."""

from typing import Any

from api_server.model.kind import Kind

Links = dict[str, dict[str, Any]]

_PATH_UUID = "$request.path.uuid"


def after_create(kind: Kind) -> Links:
    """With a new resource everything can be done: its uuid, kind and name are what the other operations ask for."""
    uuid, name = f"$response.body#/{kind.name}/uuid", f"$response.body#/{kind.name}/fq_name"
    return {
        **{verb: _to(kind, verb, uuid) for verb in ("read", "update", "delete")},
        "list": {"operationId": f"{kind.snake}_list", "parameters": {"obj_uuids": uuid}},
        "name": {"operationId": "fqname_to_id", "requestBody": {"type": kind.name, "fq_name": name}},
        "refer": {"operationId": "ref_update", "requestBody": {"type": kind.name, "uuid": uuid, "ref-type": "tag"}},
        "annotate": {"operationId": "prop_collection_update", "requestBody": {"uuid": uuid}},
        "permit": {"operationId": "chmod", "requestBody": {"uuid": uuid}},
    }


def after_list(kind: Kind) -> Links:
    """The first entry can be read."""
    return {"read": _to(kind, "read", f"$response.body#/{kind.collection}/0/uuid")}


def after_read(kind: Kind) -> Links:
    """What was read may come back as a whole (contract 2.7)."""
    return {"update": {**_to(kind, "update", _PATH_UUID), "requestBody": "$response.body"}}


def after_update(kind: Kind) -> Links:
    """What was changed can be read."""
    return {"read": _to(kind, "read", _PATH_UUID)}


def _to(kind: Kind, verb: str, uuid: str) -> dict[str, Any]:
    return {"operationId": f"{kind.snake}_{verb}", "parameters": {"uuid": uuid}}
