"""Which path is answered by which function: a few parametric routes, so that routing costs the same for every kind."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from api_server.errors import MethodNotAllowed
from api_server.http import (
    access,
    addresses,
    bulk,
    changes,
    collections,
    home,
    ipam,
    kv,
    lists,
    names,
    pools,
    refs,
    resources,
    schema,
    search,
    tags,
    watch,
)
from api_server.http.admission import admit
from api_server.http.idempotency import Handler, once
from api_server.http.requests import is_dry_run, server_of
from api_server.http.staleness import answered

# Tells of an answer that what it says would have been done was not.
DRY_RUN = "Dry-Run"


def _at(path: str, *, public: bool = False, **verbs: Handler) -> Route:
    """A route that knows all its verbs, so that 405 can name them, and lets in whom it may; HEAD is answered like GET."""
    allowed = sorted([*verbs, *(["HEAD"] if "GET" in verbs else [])])

    async def dispatch(request: Request) -> Response:
        handler = verbs.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            if request.path_params.keys() >= {"kind", "uuid"}:
                resources.kind_at(request)
            if request.path_params.keys() == {"collection"}:
                resources.collection_at(request)
            raise MethodNotAllowed(allowed)
        if not public:
            await admit(request)
        response = await (handler(request) if server_of(request).replica is None else answered(request, handler))
        if request.method not in ("GET", "HEAD") and is_dry_run(request):
            response.headers[DRY_RUN] = "true"
        return response

    route = Route(path, dispatch, methods=["GET"])
    # Every method comes here: Starlette's own 405 would not know all verbs.
    route.methods = None
    return route


# Beside the paths of the original: one comparison for all of them, so that these cost the old ones nothing.
V2 = [
    _at("/bulk", POST=once(bulk.bulk)),
    _at("/search", GET=search.find),
    _at("/changes", GET=changes.list_changes),
    _at("/ipam/utilization", GET=ipam.usage),
    _at("/ipam/subnets/{uuid}/map", GET=ipam.address_map),
    _at("/schema", GET=schema.all_kinds),
    _at("/schema/{kind}", GET=schema.one_kind),
]
ROUTES = [
    _at("/", public=True, GET=home.home),
    _at("/livez", public=True, GET=home.alive),
    _at("/healthz", public=True, GET=home.alive),
    _at("/readyz", public=True, GET=home.ready),
    _at("/fqname-to-id", POST=names.name_to_id),
    _at("/id-to-fqname", POST=names.id_to_name),
    _at("/ref-update", POST=once(refs.ref_update)),
    _at("/ref-relax-for-delete", POST=once(refs.ref_relax)),
    _at("/prop-collection-get", GET=collections.prop_collection_get),
    _at("/prop-collection-update", POST=once(collections.prop_collection_update)),
    _at("/list-bulk-collection", POST=lists.bulk),
    _at("/sync", POST=once(bulk.sync)),
    _at("/useragent-kv", POST=once(kv.useragent_kv)),
    _at("/obj-perms", GET=access.obj_perms),
    _at("/chown", POST=once(access.chown)),
    _at("/chmod", POST=once(access.chmod)),
    _at("/aaa-mode", GET=access.aaa_mode, PUT=access.set_aaa_mode),
    _at("/multi-tenancy", GET=access.multi_tenancy),
    _at("/int-pools", POST=once(pools.create), DELETE=pools.delete),
    _at("/int-pool", POST=once(pools.allocate), GET=pools.owner, DELETE=pools.deallocate),
    _at("/set-tag", POST=once(tags.set_tag)),
    _at("/watch", GET=watch.watch),
    _at("/virtual-network/{uuid}/ip-alloc", POST=once(addresses.ip_alloc)),
    _at("/virtual-network/{uuid}/ip-free", POST=once(addresses.ip_free)),
    _at("/virtual-network/{uuid}/subnet-ip-count", POST=addresses.subnet_ip_count),
    Mount("/v2", Router(V2, redirect_slashes=False)),
    _at("/{collection}", GET=lists.collection, POST=once(resources.create)),
    _at("/{kind}/{uuid}", GET=resources.read, PUT=resources.update, DELETE=resources.delete),
]


class TolerantPaths:
    """Clients in the wild append a slash or a blank; both are taken off (contract 1.1, 1.6)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"][-1:] in ("/", " ") and scope["path"] != "/":
            scope = {**scope, "path": scope["path"].rstrip("/ ") or "/"}
        await self.app(scope, receive, send)
