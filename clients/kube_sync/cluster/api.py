"""The Kubernetes API as the worker uses it: a few calls, and the ways in which they fail."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

MERGE_PATCH = "application/merge-patch+json"


class Feed(Protocol):
    """What a list+watch asks for; paths are those of the API, what goes wrong is a KubeError."""

    async def read(self, path: str, **query: str) -> bytes:
        """The answer of a GET as it came: whoever follows many objects decodes of each what it keeps."""
        ...

    def watch(self, path: str, **query: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The lines of a watch until the server closes it; a server that falls silent is waited for without end."""
        ...


class KubeApi(Protocol):
    """Calls about single objects."""

    async def get(self, path: str, **query: str) -> Any:
        """The decoded answer of a GET."""
        ...

    async def create(self, path: str, document: Any) -> Any:
        """POST, answering what was stored."""
        ...

    async def patch(self, path: str, document: Any) -> Any:
        """A merge patch, answering what was stored."""
        ...


class WholeApi(Feed, KubeApi, Protocol):
    """All calls that the worker makes."""


class KubeError(Exception):
    """Whatever kept a call from doing what it promises."""


class UnreachedError(KubeError):
    """No answer came, or it broke off."""

    def __init__(self, what: str, why: object) -> None:
        super().__init__(f"{what}: {why}")


class CredentialError(KubeError):
    """The worker's own credentials cannot be had: a token file is gone, or the program that fetches a token fails."""

    def __init__(self, why: object) -> None:
        super().__init__(f"no credentials for the Kubernetes API: {why}")


class UnreadableError(KubeError):
    """What came is not what an API server sends: a line that was cut off, or something in between that answers pages of its own."""


class SilentError(KubeError):
    """A watch on which nothing was heard for so long that nobody can be there any more (B33)."""


class RefusedError(KubeError):
    """The API server's answer was no; knows its status, reason and how long it asks to be left alone."""

    def __init__(self, text: str, *, status: int, reason: str = "", retry_after: float | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
