"""Parts that many operations share: query parameters, answers, bodies."""

from typing import Any

from api_server.http.openapi.schemas import Schema, ref_to

_ERRORS = {
    "400": ("BadRequest", "The request is at fault; the text names what, and its path."),
    "401": ("Unauthenticated", "Authentication is on, and the request has no valid X-Auth-Token."),
    "403": ("Forbidden", "The caller may not do this, or nobody may."),
    "404": ("NotFound", "Something named in the request does not exist."),
    "409": ("Conflict", "The request is at odds with what is stored: a name taken, a resource in use, an address held."),
    "410": ("Forgotten", "Changes that were asked for are no longer kept."),
    "412": ("Precondition", "The quota of the project is used up, or the resource is not in the state that If-Match names."),
    "422": ("KeyReused", "The Idempotency-Key came with another request before."),
    "413": ("TooLarge", "The body is larger than the server takes."),
    "503": ("Unavailable", "The database cannot be reached, or is starting; try again."),
}

PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457. More members say what it is about: kind, fq_name, uuid, blocking, subnet, address, field, problems.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable name of the error, for programs.", "examples": ["already-exists"]},
    },
    "required": ["type", "title", "status", "detail", "code"],
}


def error_responses() -> dict[str, Any]:
    """Errors are plain text, or a problem document when Accept asks for one."""
    content = {"text/plain": {"schema": {"type": "string"}}, "application/problem+json": {"schema": ref_to("Problem")}}
    return {name: {"description": said, "content": content} for name, said in _ERRORS.values()}


def errors(*codes: str) -> dict[str, Any]:
    """References to the shared error answers; every operation may also meet access control, and an unreachable database."""
    return {code: {"$ref": f"#/components/responses/{_ERRORS[code][0]}"} for code in sorted({*codes, "401", "403", "503"})}


def json_answer(schema: Schema, description: str) -> dict[str, Any]:
    """A 200 with a JSON body."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def json_body(schema: Schema, example: object) -> dict[str, Any]:
    """A request body with an example that works on a fresh server."""
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": {"example": {"value": example}}}}}


def _query(name: str, schema: Schema, description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_IDS: Schema = {"type": "string", "description": "uuids with commas between them"}

_PARAMETERS = {
    "fields": _query(
        "fields", _TEXT, "Names of properties, refs, children and back refs, with commas between them; unknown ones are passed over."
    ),
    "exclude_hrefs": _query("exclude_hrefs", _FLAG, "Leave out every href."),
    "exclude_children": _query("exclude_children", _FLAG, "Leave out the lists of children that `fields` does not name."),
    "exclude_back_refs": _query("exclude_back_refs", _FLAG, "Leave out the back refs that `fields` does not name."),
    "parent_id": _query("parent_id", _IDS, "Children of these."),
    "parent_fq_name_str": _query("parent_fq_name_str", _TEXT, "Children of the parent with this name, its elements joined by `:`."),
    "parent_type": _query("parent_type", _TEXT, "The kind of the parent that parent_fq_name_str names."),
    "back_ref_id": _query("back_ref_id", _IDS, "Resources that refer to one of these."),
    "obj_uuids": _query("obj_uuids", _IDS, "Only these, together with those of fq_names."),
    "fq_names": _query("fq_names", _TEXT, "Only these: names joined by `:`, with commas between them."),
    "count": _query("count", _FLAG, "Answer how many there are."),
    "detail": _query("detail", _FLAG, "Answer whole resources; children and back refs come only when `fields` names them."),
    "filters": _query("filters", _TEXT, 'Terms `property==JSON` with commas between them: `router_external==true,display_name=="a b"`.'),
    "shared": _query("shared", _FLAG, "Also what others share with the caller."),
    "page_marker": _query("page_marker", _TEXT, "Turns paging on: empty at first, then the `marker` of the answer before."),
    "page_limit": _query("page_limit", {"type": "integer", "minimum": 1, "default": 256}, "How many a page holds."),
}
_DRY_RUN = _query(
    "dry_run", _FLAG, "Do and check everything, answer as if it were done, and let nothing stay; the answer has the header `Dry-Run: true`."
)
# Operations that send a document, and write nothing.
ONLY_ASK = {"fqname_to_id", "id_to_fqname", "list_bulk_collection", "virtual_network_subnet_ip_count", "aaa_mode_update"}
_OF_READ = ("fields", "exclude_children", "exclude_back_refs", "exclude_hrefs")
_OF_LIST = tuple(name for name in _PARAMETERS if name not in ("exclude_children", "exclude_back_refs"))


def parameter_components() -> dict[str, Any]:
    """Every shared query parameter (contract 1.4.2, 1.5)."""
    return {**_PARAMETERS, "dry_run": _DRY_RUN}


def add_dry_run(paths: dict[str, Any]) -> None:
    """Tell every operation of `paths` that may write that it can be asked for a dry run."""
    for item in paths.values():
        for method in item.keys() & {"post", "put", "delete"}:
            operation = item[method]
            if operation["operationId"] not in ONLY_ASK:
                operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/dry_run"})


def read_parameters() -> list[Any]:
    """What a read of one resource takes."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in _OF_READ]


def list_parameters() -> list[Any]:
    """What a list takes."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in _OF_LIST]


def bulk_body() -> Schema:
    """The keys of a list as a JSON document (contract 1.6)."""
    ids = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
    several = ("parent_id", "back_ref_id", "obj_uuids", "fq_names", "fields")
    properties: dict[str, Schema] = {
        name: ids if name in several else {"anyOf": [_PARAMETERS[name]["schema"], {"type": "null"}]} for name in _OF_LIST
    }
    return {"type": "object", "properties": {"type": {"type": "string"}, **properties}, "required": ["type"]}
