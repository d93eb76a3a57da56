"""`/docs` and `/openapi.json`: the document and a page to read it in, without anything from outside."""

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from api_server.errors import UnknownPath

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
    def of(cls, plain: bytes) -> "_Copy":
        return cls(plain, gzip.compress(plain, mtime=0), f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"')


class _Document:
    """Made when it is first asked for, which takes a while: in a thread, so that others are served meanwhile."""

    def __init__(self, describe: Callable[[], bytes]) -> None:
        self._describe = describe
        self._turn = asyncio.Lock()
        self._made: _Copy | None = None

    async def copy(self) -> _Copy:
        async with self._turn:
            if self._made is None:
                self._made = await asyncio.to_thread(lambda: _Copy.of(self._describe()))
            return self._made


def mount_docs(app: FastAPI, describe: Callable[[], bytes]) -> None:
    """Serve the document that `describe` makes, and its page, from `app`."""
    document = _Document(describe)
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Netweave API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
        swagger_ui_parameters=_LOOKS,
    )

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        copy = await document.copy()
        headers = {"ETag": copy.etag, "Vary": "Accept-Encoding"}
        if copy.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(copy.plain, media_type="application/json", headers=headers)
        return Response(copy.packed, media_type="application/json", headers={**headers, "Content-Encoding": "gzip"})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return page

    @app.get("/docs/assets/{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise UnknownPath(f"/docs/assets/{name}")
        return FileResponse(_assets() / name, media_type=_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})


def _assets() -> Path:
    """Where they lie; the package itself is not loaded."""
    spec = find_spec(_PACKAGE)
    assert spec is not None, "it is one of our requirements"
    assert spec.origin is not None
    return Path(spec.origin).parent / "static"
