"""Headers that make writes safe to repeat and to race, and let reads lag, said of every operation that takes them."""

from typing import Any

from api_server.http.openapi.answers import ONLY_ASK, errors

HEADERS = {
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "Write only if the resource still has this ETag, or one of these; 412 if not (RFC 9110).",
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "description": "A key of the caller's choosing. The same request with the same key is done once, and answered again with the "
        "header `Idempotent-Replayed: true`; kept for a day.",
    },
    "Max-Staleness": {
        "name": "Max-Staleness",
        "in": "header",
        "schema": {"type": "integer", "minimum": 0, "maximum": 1_000_000_000},
        "description": "How old in seconds the answer may be: a replica may give it, and then says in the header `Age` how old it is at "
        "most. Zero, and as a rule nothing, asks for what is true now.",
    },
}
# The actions that change one resource.
_OF_ONE = ("/ref-update", "/prop-collection-update", "/chown", "/chmod", "/set-tag")
# The reads that a replica may answer, beside those and the lists of each kind.
_MAY_LAG = (
    *("/fqname-to-id", "/id-to-fqname", "/list-bulk-collection", "/prop-collection-get", "/int-pool"),
    *("/v2/search", "/v2/changes", "/v2/ipam/utilization", "/v2/ipam/subnets/{uuid}/map"),
)


def add_headers(paths: dict[str, Any]) -> None:
    """Tell the operations of `paths` which headers they take, and what those may be answered with."""
    for path, item in paths.items():
        verbs = ("put", "delete") if path.endswith("/{uuid}") else ("post",) if path in _OF_ONE else ()
        for verb in verbs:
            if verb in item:
                _add(item[verb], "If-Match", "412")
        if "post" in item and item["post"]["operationId"] not in ONLY_ASK:
            _add(item["post"], "Idempotency-Key", "422")
        read = item.get("get", item.get("post", {}))
        if path in _MAY_LAG or (path.endswith("/{uuid}") and "get" in item) or read.get("operationId", "").endswith("_list"):
            _add(read, "Max-Staleness", "400")


def _add(operation: dict[str, Any], header: str, code: str) -> None:
    operation.setdefault("parameters", []).append({"$ref": f"#/components/parameters/{header}"})
    operation["responses"] |= errors(code)
