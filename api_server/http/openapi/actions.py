"""The operations beside the five of each kind: names, refs, collections, addresses, access, health."""

from typing import Any

from api_server.http.openapi.answers import bulk_body, errors, json_answer, json_body
from api_server.http.openapi.examples import example_fq_name, example_uuid
from api_server.http.openapi.schemas import UUID, Schema, ref_to
from api_server.model.catalog import Catalog

_TEXT: Schema = {"type": "string"}
_ACCESS: Schema = {"type": "integer", "minimum": 0, "maximum": 7}
_ADDRESSES: Schema = {"type": "array", "items": {"type": "string"}}
_NONE = {"description": "Done; the body is empty."}
_NUMBER_ANSWERS = (("value", {"type": "integer"}, "The number, held."), ("owner", _TEXT, "Who holds it; empty when nobody does."))
_PUBLIC: dict[str, Any] = {"security": []}

TAGS = [
    {"name": "names", "description": "The home page, and names to uuids and back."},
    {"name": "refs", "description": "Links between resources, one at a time."},
    {"name": "collections", "description": "Lists and maps of a resource, one element at a time."},
    {"name": "addresses", "description": "Addresses of a virtual network that belong to no resource."},
    {"name": "numbers", "description": "Pools of whole numbers, each given once."},
    {"name": "access", "description": "Who may do what."},
    {"name": "operations", "description": "For those who run the server."},
]


def action_paths(catalog: Catalog) -> dict[str, Any]:
    """Every path that does not belong to one kind (contract 1.3, 1.6 to 1.13, 8.2)."""
    return {
        **_names(catalog),
        **_refs(catalog),
        **_collections(catalog),
        **_addresses(catalog),
        **_numbers(),
        **_access(catalog),
        **_operations(),
    }


def _object(properties: dict[str, Schema], *required: str) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def _of(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _operation(identity: str, tag: str, summary: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"operationId": identity, "tags": [tag], "summary": summary, **more, "responses": responses}


def _post(identity: str, tag: str, summary: str, body: dict[str, Any], answer: dict[str, Any], *codes: str) -> dict[str, Any]:
    return {"post": _operation(identity, tag, summary, {"200": answer, **errors("400", "413", *codes)}, requestBody=body)}


def _names(catalog: Catalog) -> dict[str, Any]:
    network = {"type": "virtual-network", "fq_name": ["default-domain", "default-project", "ip-fabric"]}
    fq_name = _object({"type": _TEXT, "fq_name": ref_to("FqName")}, "type", "fq_name")
    link = _object({"link": _object({"rel": _TEXT, "href": _TEXT, "name": _TEXT, "method": {"type": ["string", "null"]}})}, "link")
    home = _object({"href": _TEXT, "links": {"type": "array", "items": link}}, "href", "links")
    uuid = json_answer(_object({"uuid": ref_to("Uuid")}, "uuid"), "The uuid of that name.")
    bulk = json_answer({"type": "object"}, "As the list of that kind answers.")
    known = example_uuid(catalog["virtual-network"])
    return {
        "/": {"get": _operation("home", "names", "Every path of the server", {"200": json_answer(home, "Links by name.")}, **_PUBLIC)},
        "/fqname-to-id": _post("fqname_to_id", "names", "A name to its uuid", json_body(fq_name, network), uuid, "404"),
        "/id-to-fqname": _post(
            "id_to_fqname",
            "names",
            "A uuid to its name and kind",
            json_body(_object({"uuid": _TEXT}, "uuid"), {"uuid": known}),
            json_answer(fq_name, "The name, and the kind under `type`."),
            "404",
        ),
        "/list-bulk-collection": _post(
            "list_bulk_collection",
            "names",
            "List a kind with keys too long for a query",
            json_body(bulk_body(), {"type": "virtual-network", "detail": True}),
            bulk,
            "404",
        ),
    }


def _refs(catalog: Catalog) -> dict[str, Any]:
    one = json_answer(_object({"uuid": ref_to("Uuid")}, "uuid"), "The referring resource.")
    uuid, target = example_uuid(catalog["virtual-network"]), example_fq_name(catalog, catalog["network-policy"])
    update = {
        "type": _TEXT,
        "uuid": ref_to("Uuid"),
        "ref-type": _TEXT,
        "ref-uuid": _of(ref_to("Uuid")),
        "ref-fq-name": _of(ref_to("FqName")),
        "operation": {"type": "string", "enum": ["ADD", "DELETE"]},
        "attr": {},
        "relax_ref_for_delete": _of({"type": "boolean"}),
    }
    example = {
        "type": "virtual-network",
        "uuid": uuid,
        "ref-type": "network-policy",
        "ref-fq-name": target,
        "operation": "ADD",
        "attr": None,
    }
    relax = {"uuid": example_uuid(catalog["virtual-machine-interface"]), "ref-uuid": uuid}
    either = {"anyOf": [{"required": ["ref-uuid"]}, {"required": ["ref-fq-name"]}]}
    return {
        "/ref-update": _post(
            "ref_update",
            "refs",
            "Add, replace or delete one ref",
            json_body({**_object(update, "type", "uuid", "ref-type", "operation"), **either}, example),
            one,
            "403",
            "404",
            "409",
        ),
        "/ref-relax-for-delete": _post(
            "ref_relax_for_delete",
            "refs",
            "Let the target of a ref be deleted",
            json_body(_object({"uuid": ref_to("Uuid"), "ref-uuid": ref_to("Uuid")}, "uuid", "ref-uuid"), relax),
            one,
            "404",
        ),
    }


def _collections(catalog: Catalog) -> dict[str, Any]:
    uuid = example_uuid(catalog["virtual-network"])
    operation = {
        "type": "string",
        "enum": ["add", "modify", "delete", "set"],
        "description": "Lists: add, modify, delete. Maps: set, delete.",
    }
    edit = _object(
        {"field": _TEXT, "operation": operation, "value": {}, "position": _of({"type": ["string", "integer"]})}, "field", "operation"
    )
    example = {"field": "annotations", "operation": "set", "value": {"key": "colour", "value": "red"}}
    update = _object({"uuid": ref_to("Uuid"), "updates": {"type": "array", "items": edit}}, "uuid")
    found = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "array", "description": "[value, position]"}}}
    parameters = [
        {"name": "uuid", "in": "query", "required": True, "schema": UUID, "example": uuid},
        {"name": "fields", "in": "query", "required": True, "schema": _TEXT, "example": "annotations"},
        {"name": "position", "in": "query", "schema": _TEXT},
    ]
    get = _operation(
        "prop_collection_get",
        "collections",
        "The elements of collections",
        {"200": json_answer(found, "Elements in the order of their positions."), **errors("400", "404")},
        parameters=parameters,
    )
    body = json_body(update, {"uuid": uuid, "updates": [example]})
    return {
        "/prop-collection-get": {"get": get},
        "/prop-collection-update": _post(
            "prop_collection_update", "collections", "Edit elements of collections", body, _NONE, "403", "404", "409"
        ),
    }


def _addresses(catalog: Catalog) -> dict[str, Any]:
    network = {"name": "uuid", "in": "path", "required": True, "schema": UUID, "example": example_uuid(catalog["virtual-network"])}
    ask = _object({"subnet": _of(_TEXT), "count": {"type": "integer", "minimum": 1, "default": 1}, "family": _of({"enum": ["v4", "v6"]})})
    subnets = _object({"subnet_list": {"type": "array", "items": ref_to("Uuid")}}, "subnet_list")
    held = json_answer(_object({"ip_addr": _ADDRESSES}, "ip_addr"), "The addresses, held until ip-free.")
    counts = json_answer(
        _object({"ip_count_list": {"type": "array", "items": {"type": "integer"}}}, "ip_count_list"), "One number a subnet."
    )
    free = json_body(_object({"ip_addr": _ADDRESSES}, "ip_addr"), {"ip_addr": ["10.1.1.252"]})
    at = "/virtual-network/{uuid}"
    return {
        f"{at}/ip-alloc": {
            "parameters": [network],
            **_post("virtual_network_ip_alloc", "addresses", "Hold addresses", json_body(ask, {"count": 1}), held, "404", "409"),
        },
        f"{at}/ip-free": {"parameters": [network], **_post("virtual_network_ip_free", "addresses", "Let addresses go", free, _NONE, "404")},
        f"{at}/subnet-ip-count": {
            "parameters": [network],
            **_post(
                "virtual_network_subnet_ip_count",
                "addresses",
                "How many addresses are taken",
                json_body(subnets, {"subnet_list": []}),
                counts,
                "404",
            ),
        },
    }


def _numbers() -> dict[str, Any]:
    pool, number = {"type": "string", "minLength": 1, "maxLength": 255}, {"type": "integer"}
    beyond = {"type": "integer", "description": "The first number beyond the pool."}
    owner = {"type": "string", "maxLength": 255, "description": "Any words; the uuid of a resource has the number freed with it."}
    made = json_body(
        _object({"pool": pool, "start": number, "end": beyond}, "pool", "start", "end"), {"pool": "racks", "start": 1, "end": 9}
    )
    named = json_body(_object({"pool": pool}, "pool"), {"pool": "racks"})
    taken = json_body(
        _object({"pool": pool, "owner": _of(owner), "value": _of(number)}, "pool"), {"pool": "route-target", "owner": "daemon"}
    )
    freed = json_body(_object({"pool": pool, "value": number}, "pool", "value"), {"pool": "racks", "value": 3})
    asked = [
        {"name": "pool", "in": "query", "required": True, "schema": pool, "example": "route-target"},
        {"name": "value", "in": "query", "required": True, "schema": number, "example": 8000000},
    ]
    value, words = (json_answer(_object({name: kind}, name), said) for name, kind, said in _NUMBER_ANSWERS)
    return {
        "/int-pools": {
            **_post("int_pools_create", "numbers", "Make a pool", made, json_answer({"type": "object"}, "Done."), "409"),
            "delete": _deletion("int_pools_delete", "numbers", "Remove a pool with all that is held of it", named, "404", "409"),
        },
        "/int-pool": {
            **_post("int_pool_allocate", "numbers", "Hold a number: the lowest free one, or the one asked for", taken, value, "404"),
            "get": _operation("int_pool_owner", "numbers", "Who holds a number", {"200": words, **errors("400", "404")}, parameters=asked),
            "delete": _deletion("int_pool_deallocate", "numbers", "Let a number go", freed, "403", "404"),
        },
    }


def _deletion(identity: str, tag: str, summary: str, body: dict[str, Any], *codes: str) -> dict[str, Any]:
    return _operation(identity, tag, summary, {"200": _NONE, **errors("400", "413", *codes)}, requestBody=body)


def _access(catalog: Catalog) -> dict[str, Any]:
    uuid = example_uuid(catalog["virtual-network"])
    share = {"type": "array", "items": _object({"tenant": _TEXT, "tenant_access": _ACCESS}, "tenant", "tenant_access")}
    chown = _object({"uuid": ref_to("Uuid"), "owner": _TEXT}, "uuid", "owner")
    chmod = _object({"uuid": ref_to("Uuid"), "owner": _TEXT, "owner_access": _ACCESS, "global_access": _ACCESS, "share": share}, "uuid")
    owner = "8a1f0b1c-9d0e-4f2a-8b3c-4d5e6f708192"
    perms: dict[str, Schema] = {
        "token_info": {"type": ["object", "null"]},
        "is_cloud_admin_role": {"type": "boolean"},
        "is_global_read_only_role": {"type": "boolean"},
        "permissions": _TEXT,
    }
    told_apart = json_answer(_object({"enabled": {"type": "boolean"}}, "enabled"), "Whether the mode is another than no-auth.")
    mode = json_answer(_object({"aaa-mode": _TEXT}, "aaa-mode"), "How callers are told apart.")
    asked = [
        {"name": "uuid", "in": "query", "schema": UUID},
        {"name": "X-User-Token", "in": "header", "schema": _TEXT, "description": "The token to examine, in place of the caller's."},
    ]
    none = json_answer({"type": "object"}, "Done.")
    change = json_body(_object({"aaa-mode": _TEXT}, "aaa-mode"), {"aaa-mode": "rbac"})
    return {
        "/obj-perms": {
            "get": _operation(
                "obj_perms",
                "access",
                "What the caller may do",
                {"200": json_answer(_object(perms), "RWX."), **errors("400", "404")},
                parameters=asked,
            )
        },
        "/chown": _post(
            "chown", "access", "Give a resource to another owner", json_body(chown, {"uuid": uuid, "owner": owner}), none, "403", "404"
        ),
        "/chmod": _post(
            "chmod", "access", "Change who may do what", json_body(chmod, {"uuid": uuid, "global_access": 5}), none, "403", "404"
        ),
        "/multi-tenancy": {
            "get": _operation("multi_tenancy_read", "access", "Whether callers are told apart", {"200": told_apart, **errors()})
        },
        "/aaa-mode": {
            "get": _operation("aaa_mode_read", "access", "The mode of access control", {"200": mode, **errors("403")}),
            "put": _operation(
                "aaa_mode_update", "access", "Not allowed at run time", {"200": mode, **errors("400", "403", "413")}, requestBody=change
            ),
        },
    }


def _operations() -> dict[str, Any]:
    state = json_answer({"type": "object"}, "Yes.")
    operation = {"type": "string", "enum": ["STORE", "RETRIEVE", "DELETE"]}
    key = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
    pair = _object({"operation": operation, "key": key, "value": {}}, "operation", "key")
    return {
        "/livez": {"get": _operation("livez", "operations", "Whether the process answers", {"200": state}, **_PUBLIC)},
        "/readyz": {
            "get": _operation("readyz", "operations", "Whether requests will be served", {"200": state, "503": errors()["503"]}, **_PUBLIC)
        },
        "/useragent-kv": _post(
            "useragent_kv",
            "operations",
            "Notes that clients keep",
            json_body(pair, {"operation": "STORE", "key": "colour", "value": "blue"}),
            json_answer({}, "The value of RETRIEVE; otherwise empty."),
            "404",
        ),
    }
