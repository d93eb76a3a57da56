"""The Kubernetes API over HTTP: lightkube finds configuration, credentials and TLS, the calls are plain."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import httpx2
import msgspec
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError

from kube_sync.cluster.api import MERGE_PATCH, KubeError, RefusedError, UnreachedError

TIMEOUT = 10.0
# A watch sends a bookmark about every minute; silence this long means that nobody is there any more (B33).
SILENCE = 140.0


class ConfigurationError(KubeError):
    """There is no telling which cluster to talk to, or how."""

    def __init__(self, why: object) -> None:
        super().__init__(f"no usable Kubernetes configuration: {why}")


class HttpKubeApi:
    """KubeApi on one connection pool; close it, or use it in an `async with`."""

    def __init__(self, config: SingleConfig, *, silence: float = SILENCE) -> None:
        self._http = AsyncClient(config, ConnectionParams(timeout=httpx2.Timeout(TIMEOUT)))
        self._watching = httpx2.Timeout(TIMEOUT, read=silence)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, **query: str) -> Any:
        """GET; the answer decoded."""
        return await self._call("GET", path, query=query)

    async def create(self, path: str, document: Any) -> Any:
        """POST."""
        return await self._call("POST", path, document=document)

    async def patch(self, path: str, document: Any) -> Any:
        """PATCH, merging."""
        return await self._call("PATCH", path, document=document, content_type=MERGE_PATCH)

    @asynccontextmanager
    async def watch(self, path: str, **query: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """A GET whose lines are read as they come."""
        try:
            async with self._http.stream("GET", path, params=query, timeout=self._watching) as response:
                if response.status_code >= 400:
                    await response.aread()
                    raise _refusal(response)
                yield _lines(response)
        except httpx2.HTTPError as why:
            raise UnreachedError("the Kubernetes API does not answer", _text(why)) from why

    async def _call(
        self, method: str, path: str, *, query: dict[str, str] | None = None, document: Any = None, content_type: str = "application/json"
    ) -> Any:
        content = None if document is None else msgspec.json.encode(document)
        try:
            response = await self._http.request(method, path, params=query, content=content, headers={"Content-Type": content_type})
        except httpx2.HTTPError as why:
            raise UnreachedError("the Kubernetes API does not answer", _text(why)) from why
        if response.status_code >= 400:
            raise _refusal(response)
        return _decoded(response.content)


def configuration(kubeconfig: Path | None) -> SingleConfig:
    """The cluster to talk to: of that file, else of KUBECONFIG or ~/.kube/config, else the one this process runs in."""
    try:
        config = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        found = config.get()
    except (ConfigError, OSError, msgspec.ValidationError) as why:
        raise ConfigurationError(why) from why
    if found is None:
        raise ConfigurationError("it has no current context")
    return found


async def _lines(response: httpx2.Response) -> AsyncIterator[bytes]:
    """Whole lines only; what follows the last line end when the stream closes was cut off and will come again."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line


def _refusal(response: httpx2.Response) -> RefusedError:
    status: Any = {}
    with suppress(msgspec.DecodeError):
        status = msgspec.json.decode(response.content)
    told = status if isinstance(status, dict) else {}
    text = str(told.get("message") or response.text.strip() or response.reason_phrase)
    after = response.headers.get("Retry-After", "")
    return RefusedError(
        text, status=response.status_code, reason=str(told.get("reason") or ""), retry_after=float(after) if after.isdigit() else None
    )


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content) if content else {}
    except msgspec.DecodeError as why:
        raise UnreachedError("an answer that is not JSON", why) from why


def _text(why: Exception) -> str:
    return str(why) or type(why).__name__
