"""`/docs` and `/openapi.json`: the document and a page to read it in, without anything from outside."""

from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, Response

from api_server.errors import UnknownPath

# The package ships the files of Swagger UI 5, the first that reads OpenAPI 3.1; only they are taken from it.
_STATIC = files("fastapi_offline") / "static"
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}
# Six hundred operations are found by name, not by scrolling.
_LOOKS = {"docExpansion": "none", "filter": True, "defaultModelsExpandDepth": -1, "tryItOutEnabled": True}


def mount_docs(app: FastAPI, document: bytes) -> None:
    """Serve the document and its page from `app`."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Netweave API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
        swagger_ui_parameters=_LOOKS,
    )
    assets = {name: (_STATIC / name).read_bytes() for name in _ASSETS}

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(document, media_type="application/json")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return page

    @app.get("/docs/assets/{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        if name not in assets:
            raise UnknownPath(f"/docs/assets/{name}")
        return Response(assets[name], media_type=_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})
