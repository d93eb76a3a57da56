"""Headers that make writes safe to repeat and to race, said of every operation that takes them."""

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
}
# The actions that change one resource.
_OF_ONE = ("/ref-update", "/prop-collection-update", "/chown", "/chmod", "/set-tag")


def add_headers(paths: dict[str, Any]) -> None:
    """Tell the operations of `paths` which headers they take, and what those may be answered with."""
    for path, item in paths.items():
        verbs = ("put", "delete") if path.endswith("/{uuid}") else ("post",) if path in _OF_ONE else ()
        for verb in verbs:
            if verb in item:
                _add(item[verb], "If-Match", "412")
        if "post" in item and item["post"]["operationId"] not in ONLY_ASK:
            _add(item["post"], "Idempotency-Key", "422")


def _add(operation: dict[str, Any], header: str, code: str) -> None:
    operation.setdefault("parameters", []).append({"$ref": f"#/components/parameters/{header}"})
    operation["responses"] |= errors(code)
