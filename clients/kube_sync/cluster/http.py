"""The Kubernetes API over HTTP: lightkube finds configuration, credentials and TLS, the calls are plain."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2
import msgspec
import yaml
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import SERVICE_ACCOUNT, KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError

from kube_sync.cluster.api import MERGE_PATCH, CredentialError, KubeError, UnreachedError, UnreadableError
from kube_sync.cluster.messages import refusal

TIMEOUT = httpx2.Timeout(10.0)
# As many stay open as may be needed at the same time: to open a connection for one write costs more than the write.
LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=100)
# How long a watch may be silent is for its reader to say, who has a clock.
WATCHING = httpx2.Timeout(10.0, read=None)


class ConfigurationError(KubeError):
    """There is no telling which cluster to talk to, or how."""

    def __init__(self, why: object) -> None:
        super().__init__(f"no usable Kubernetes configuration: {why}")


@dataclass
class Connections(ConnectionParams):
    """What lightkube hands on to the HTTP client, and how many connections it may have."""

    limits: httpx2.Limits = field(default_factory=lambda: LIMITS)


class HttpKubeApi:
    """KubeApi on one connection pool; close it, or use it in an `async with`.

    A 401 makes it read the token's file, or run the program that fetches one, and ask once more (B48).
    """

    def __init__(self, config: SingleConfig) -> None:
        try:
            self._http = AsyncClient(config, Connections(timeout=TIMEOUT))
        except (ConfigError, OSError) as why:
            raise ConfigurationError(why) from why

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def read(self, path: str, **query: str) -> bytes:
        """GET; the answer as it came."""
        return await self._call("GET", path, query=query)

    async def get(self, path: str, **query: str) -> Any:
        """GET; the answer decoded."""
        return _decoded(await self.read(path, **query))

    async def create(self, path: str, document: Any) -> Any:
        """POST."""
        return _decoded(await self._call("POST", path, document=document))

    async def patch(self, path: str, document: Any) -> Any:
        """PATCH, merging."""
        return _decoded(await self._call("PATCH", path, document=document, content_type=MERGE_PATCH))

    async def replace(self, path: str, document: Any) -> Any:
        """PUT."""
        return _decoded(await self._call("PUT", path, document=document))

    @asynccontextmanager
    async def watch(self, path: str, **query: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """A GET whose lines are read as they come."""
        response = await self._send(self._http.build_request("GET", path, params=query, timeout=WATCHING), stream=True)
        try:
            yield _lines(response)
        finally:
            await response.aclose()

    async def _call(
        self, method: str, path: str, *, query: dict[str, str] | None = None, document: Any = None, content_type: str = "application/json"
    ) -> bytes:
        content = None if document is None else msgspec.json.encode(document)
        headers = {"Content-Type": content_type}
        response = await self._send(self._http.build_request(method, path, params=query, content=content, headers=headers))
        return response.content

    async def _send(self, request: httpx2.Request, *, stream: bool = False) -> httpx2.Response:
        """The answer, if it is a yes."""
        try:
            with _unreached():
                response = await self._http.send(request, stream=stream)
                if response.status_code >= 400:
                    raise refusal(response.status_code, await response.aread(), response.headers, response.reason_phrase)
        except (ConfigError, OSError, ValueError, LookupError) as why:
            # Of the token's file, or of the program that fetches a token and what it prints.
            raise CredentialError(why) from why
        return response


def configuration(kubeconfig: Path | None) -> SingleConfig:
    """The cluster to talk to: of that file, else of KUBECONFIG or ~/.kube/config, else the one this process runs in."""
    try:
        config = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        found = config.get()
    except (ConfigError, OSError, msgspec.ValidationError, yaml.YAMLError, LookupError, TypeError) as why:
        raise ConfigurationError(why) from why
    if found is None:
        raise ConfigurationError("it has no current context")
    return _with_absolute_token_file(found)


def _with_absolute_token_file(config: SingleConfig) -> SingleConfig:
    """As kubectl reads it: a relative path begins where the file is that names it."""
    if config.user is None or config.user.token_file is None:
        return config
    path = str(config.abs_file(config.user.token_file))
    return config._replace(user=msgspec.structs.replace(config.user, token_file=path))


@contextmanager
def _unreached() -> Iterator[None]:
    """What happens to a connection, as a KubeError."""
    try:
        yield
    except httpx2.HTTPError as why:
        raise UnreachedError("the Kubernetes API does not answer", _text(why)) from why


def is_inside(kubeconfig: Path | None) -> bool:
    """Whether `configuration` leads to the cluster that this process runs in."""
    return kubeconfig is None and (Path(SERVICE_ACCOUNT) / "token").is_file()


async def _lines(response: httpx2.Response) -> AsyncIterator[bytes]:
    """Whole lines only; what follows the last line end when the stream closes was cut off and will come again."""
    rest = b""
    with _unreached():
        async for chunk in response.aiter_bytes():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield line


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content) if content else {}
    except msgspec.DecodeError as why:
        raise UnreadableError(f"an answer that is not JSON: {why}") from why


def _text(why: Exception) -> str:
    return str(why) or type(why).__name__
