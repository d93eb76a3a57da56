"""The Kubernetes API as the worker uses it: six calls and two ways to fail."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

MERGE_PATCH = "application/merge-patch+json"


class KubeApi(Protocol):
    """Paths are those of the API; what goes wrong is a KubeError."""

    async def get(self, path: str, **query: str) -> Any:
        """The decoded answer of a GET."""
        ...

    def watch(self, path: str, **query: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The lines of a watch, until the server closes it or falls silent."""
        ...

    async def create(self, path: str, document: Any) -> Any:
        """POST, answering what was stored."""
        ...

    async def patch(self, path: str, document: Any) -> Any:
        """A merge patch, answering what was stored."""
        ...


class KubeError(Exception):
    """Whatever kept a call from doing what it promises."""


class UnreachedError(KubeError):
    """No answer came, or it broke off."""

    def __init__(self, what: str, why: object) -> None:
        super().__init__(f"{what}: {why}")


class RefusedError(KubeError):
    """The API server's answer was no; knows its status, reason and how long it asks to be left alone."""

    def __init__(self, text: str, *, status: int, reason: str = "", retry_after: float | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after
