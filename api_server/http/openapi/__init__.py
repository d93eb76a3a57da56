"""The OpenAPI 3.1 document, made once from the catalog and served as bytes."""

import orjson

from api_server.http.openapi.actions import TAGS, action_paths
from api_server.http.openapi.answers import PROBLEM, add_dry_run, error_responses, parameter_components
from api_server.http.openapi.bulk import bulk_paths
from api_server.http.openapi.changes import TAG as CHANGES
from api_server.http.openapi.changes import change_paths
from api_server.http.openapi.headers import HEADERS, add_headers
from api_server.http.openapi.kinds import kind_paths
from api_server.http.openapi.schemas import all_schemas
from api_server.http.openapi.tags import TAG as TAGGING
from api_server.http.openapi.tags import tag_paths
from api_server.http.openapi.v2 import TAG, v2_paths
from api_server.model.catalog import ROOT, Catalog

_ABOUT = """Networks, interfaces and addresses, compatible with the Contrail VNC configuration API.

Errors are plain text; with `Accept: application/problem+json` they are RFC 9457 documents. Every success is 200."""

_TOKEN = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Auth-Token",
    "description": "Of the server's tokens file, or of its Keystone; without it 401 when authentication is on.",
}


def document(catalog: Catalog, *, version: str) -> bytes:
    """Describe every operation of every kind, and every action, in one document."""
    kinds = sorted((kind for kind in catalog if kind.name != ROOT), key=lambda kind: kind.name)
    paths = action_paths(catalog) | tag_paths(catalog) | v2_paths(catalog) | bulk_paths(catalog) | change_paths(catalog)
    for kind in kinds:
        paths |= kind_paths(catalog, kind)
    add_headers(paths)
    add_dry_run(paths)
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Netweave",
                "version": version,
                "description": _ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "tags": [*TAGS, TAGGING, CHANGES, TAG, *({"name": kind.name} for kind in kinds)],
            "paths": paths,
            # A server without authentication looks at no token.
            "security": [{"token": []}, {}],
            "components": {
                "securitySchemes": {"token": _TOKEN},
                "schemas": {**all_schemas(catalog), "Problem": PROBLEM},
                "parameters": parameter_components() | HEADERS,
                "responses": error_responses(),
            },
        }
    )
