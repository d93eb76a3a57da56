"""
Every way the double says no, as the `Status` document a Kubernetes API server answers with.

* StatusError
  x BadRequest 400
  x Unauthorized 401
  x Forbidden 403
  x NotFound 404
  x MethodNotAllowed 405
  x Conflict 409
    + AlreadyExists
  x Expired 410
  x TooLarge 413
  x UnsupportedMediaType 415
  x Invalid 422
  x ServerTimeout 504
"""

from collections.abc import Mapping
from typing import Any


def status_document(code: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The body of a refusal, as `kubectl` and every client library read it."""
    document: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
    }
    if details:
        document["details"] = dict(details)
    return document | {"code": code}


class StatusError(Exception):
    """A request that is answered with a failed Status."""

    code = 500
    reason = "InternalError"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details
        self.metadata: dict[str, Any] = {}

    def document(self) -> dict[str, Any]:
        return status_document(self.code, self.reason, str(self), self.details) | {"metadata": self.metadata}


class BadRequest(StatusError):
    code = 400
    reason = "BadRequest"


class Unauthorized(StatusError):
    code = 401
    reason = "Unauthorized"

    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Forbidden(StatusError):
    code = 403
    reason = "Forbidden"

    @classmethod
    def terminating(cls, resource: str, name: str, namespace: str) -> "Forbidden":
        """Nothing is created in a namespace that is going."""
        cause = {"reason": "NamespaceTerminating", "message": f"namespace {namespace} is being terminated", "field": "metadata.namespace"}
        message = f"unable to create new content in namespace {namespace} because it is being terminated"
        return cls(f'{resource} "{name}" is forbidden: {message}', name=name, kind=resource, causes=[cause])


class NotFound(StatusError):
    code = 404
    reason = "NotFound"

    @classmethod
    def named(cls, resource: str, group: str, name: str) -> "NotFound":
        return cls(f'{_qualified(resource, group)} "{name}" not found', name=name, group=group, kind=resource)

    @classmethod
    def path(cls) -> "NotFound":
        return cls("the server could not find the requested resource")


class MethodNotAllowed(StatusError):
    code = 405
    reason = "MethodNotAllowed"


class Conflict(StatusError):
    """Somebody else was faster, or a precondition does not hold."""

    code = 409
    reason = "Conflict"

    @classmethod
    def stale(cls, resource: str, group: str, name: str) -> "Conflict":
        message = (
            f'Operation cannot be fulfilled on {_qualified(resource, group)} "{name}": the object has been modified; '
            "please apply your changes to the latest version and try again"
        )
        return cls(message, name=name, group=group, kind=resource)

    @classmethod
    def precondition(cls, resource: str, group: str, name: str, failed: str) -> "Conflict":
        message = f'Operation cannot be fulfilled on {_qualified(resource, group)} "{name}": Precondition failed: {failed}'
        return cls(message, name=name, group=group, kind=resource)


class AlreadyExists(Conflict):
    reason = "AlreadyExists"

    @classmethod
    def named(cls, resource: str, group: str, name: str) -> "AlreadyExists":
        return cls(f'{_qualified(resource, group)} "{name}" already exists', name=name, group=group, kind=resource)


class Expired(StatusError):
    code = 410
    reason = "Expired"


class TooLarge(StatusError):
    code = 413
    reason = "RequestEntityTooLarge"


class UnsupportedMediaType(StatusError):
    code = 415
    reason = "UnsupportedMediaType"


class Invalid(StatusError):
    """An object that breaks rules: every fault is told with its field."""

    code = 422
    reason = "Invalid"

    def __init__(self, what: str, name: str, problems: list[tuple[str, str]]) -> None:
        told = [f"{field}: {message}" for field, message in problems]
        text = told[0] if len(told) == 1 else "[" + ", ".join(told) + "]"
        causes = [{"reason": "FieldValueInvalid", "message": message, "field": field} for field, message in problems]
        super().__init__(f'{what} "{name}" is invalid: {text}', name=name, kind=what, causes=causes)


class ServerTimeout(StatusError):
    code = 504
    reason = "Timeout"


def _qualified(resource: str, group: str) -> str:
    return f"{resource}.{group}" if group else resource
