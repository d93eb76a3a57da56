"""`/docs` and `/openapi.json`: the document and a page to read it in, without anything from outside."""

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from api_server.errors import UnknownPath
from api_server.http.openapi import document
from api_server.http.requests import server_of
from api_server.model.catalog import Catalog

# The files of Swagger UI 5, the first that reads OpenAPI 3.1; of the package that ships them nothing else is used.
_PACKAGE = "fastapi_offline"
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}
# Six hundred operations are found by name, not by scrolling.
_LOOKS = {"docExpansion": "none", "filter": True, "defaultModelsExpandDepth": -1, "tryItOutEnabled": True}


@dataclass(frozen=True, slots=True)
class _Copy:
    """The document as it is sent; weak, for one tag stands for both forms (RFC 9110, 8.8.1)."""

    plain: bytes
    packed: bytes
    etag: str

    @classmethod
    def of(cls, catalog: Catalog) -> "_Copy":
        plain = document(catalog, version=version("netweave"))
        return cls(plain, gzip.compress(plain, mtime=0), f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"')


class _Copies:
    """The document of each catalog: made when it is first asked for, which takes a while, in a thread, so that others are served."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._made: dict[Catalog, _Copy] = {}

    async def of(self, catalog: Catalog) -> _Copy:
        async with self._turn:
            if catalog not in self._made:
                self._made[catalog] = await asyncio.to_thread(_Copy.of, catalog)
            return self._made[catalog]


_copies = _Copies()
_page = get_swagger_ui_html(
    openapi_url="/openapi.json",
    title="Netweave API",
    swagger_js_url="/docs/assets/swagger-ui-bundle.js",
    swagger_css_url="/docs/assets/swagger-ui.css",
    swagger_favicon_url="/docs/assets/favicon.png",
    swagger_ui_parameters=_LOOKS,
)


async def openapi(request: Request) -> Response:
    """`/openapi.json`, to who has it already only that it is the same."""
    copy = await _copies.of(server_of(request).catalog)
    headers = {"ETag": copy.etag, "Vary": "Accept-Encoding"}
    if copy.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(copy.plain, media_type="application/json", headers=headers)
    return Response(copy.packed, media_type="application/json", headers={**headers, "Content-Encoding": "gzip"})


async def page(request: Request) -> Response:
    """`/docs`."""
    return _page


async def asset(request: Request) -> Response:
    """A file of the page."""
    name = request.path_params["name"]
    if name not in _ASSETS:
        raise UnknownPath(request.scope["path"])
    return FileResponse(_assets() / name, media_type=_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})


def _assets() -> Path:
    """Where they lie; the package itself is not loaded."""
    spec = find_spec(_PACKAGE)
    assert spec is not None, "it is one of our requirements"
    assert spec.origin is not None
    return Path(spec.origin).parent / "static"
