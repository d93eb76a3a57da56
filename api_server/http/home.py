"""`GET /`: every path that clients learn from the server (contract 1.3), and whether it is alive and ready."""

from functools import lru_cache

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api_server.errors import Unavailable
from api_server.http.requests import base_of, json_response, server_of
from api_server.model.catalog import ROOT, Catalog
from api_server.store.readiness import is_ready

# Action names as the published client looks them up; they differ from the paths in places.
ACTIONS = (
    ("name-to-id", "/fqname-to-id", "POST"),
    ("id-to-name", "/id-to-fqname", "POST"),
    ("ref-update", "/ref-update", "POST"),
    ("ref-relax-for-delete", "/ref-relax-for-delete", "POST"),
    ("prop-collection-get", "/prop-collection-get", "GET"),
    ("prop-collection-update", "/prop-collection-update", "POST"),
    ("list-bulk-collection", "/list-bulk-collection", "POST"),
    ("useragent-keyvalue", "/useragent-kv", "POST"),
    ("obj-perms", "/obj-perms", "GET"),
    ("chown", "/chown", "POST"),
    ("chmod", "/chmod", "POST"),
    ("aaa-mode", "/aaa-mode", "PUT"),
    ("set-tag", "/set-tag", "POST"),
    ("watch", "/watch", "GET"),
    ("int-pools", "/int-pools", "POST"),
    ("int-pools", "/int-pools", "DELETE"),
    ("int-pool", "/int-pool", "POST"),
    ("int-pool", "/int-pool", "GET"),
    ("int-pool", "/int-pool", "DELETE"),
    ("virtual-network-ip-alloc", "/virtual-network/%s/ip-alloc", "POST"),
    ("virtual-network-ip-free", "/virtual-network/%s/ip-free", "POST"),
    ("virtual-network-subnet-ip-count", "/virtual-network/%s/subnet-ip-count", "POST"),
)


def _links(catalog: Catalog) -> list[tuple[str, str, str, str | None]]:
    return [
        ("root", ROOT, f"/{ROOT}", None),
        *(("collection", kind.name, f"/{kind.collection}", None) for kind in catalog),
        *(("resource-base", kind.name, f"/{kind.name}", None) for kind in catalog),
        *(("action", name, path, method) for name, path, method in ACTIONS),
    ]


@lru_cache(maxsize=64)
def _page(base: str, links: tuple[tuple[str, str, str, str | None], ...]) -> bytes:
    return orjson.dumps(
        {
            "href": base,
            "links": [{"link": {"rel": rel, "name": name, "href": base + path, "method": method}} for rel, name, path, method in links],
        }
    )


async def home(request: Request) -> Response:
    return json_response(_page(base_of(request), tuple(_links(server_of(request).catalog))))


async def alive(request: Request) -> Response:
    """The process answers."""
    return Response("ok", media_type="text/plain")


async def ready(request: Request) -> Response:
    """The database answers and its bootstrap objects are there."""
    async with server_of(request).database.connection() as connection:
        if not await is_ready(connection):
            raise Unavailable("Api server is Initializing: the bootstrap objects are not there yet")
    return Response("ok", media_type="text/plain")
