"""
Everything that can go wrong when asking a VNC API, as one tree.

* VncError
  x Unreachable           no answer: not connected, cut off, or too late
  x Unreadable            an answer that no VNC API gives
  x Refused               an answer of 400 or more; knows status, code and facts
    + BadRequest 400
      - InvalidProperty
      - InvalidReference
      - SubnetExhausted   (409 from ip-alloc)
      - AddressOutside
      - Overlap
      - Immutable
    + Unauthorized 401
    + Forbidden 403
    + NotFound 404
      - ParentNotFound
    + MethodNotAllowed 405
    + Conflict 409
      - AlreadyExists     .uuid of the object that has the name
      - AddressInUse
      - MacInUse
      - SubnetInUse
      - ChildrenPresent   .blocking, the hrefs of the children
      - StillReferenced   .blocking, the hrefs of the referrers
      - SystemObject
    + Forgotten 410       .position, after which changes are kept
    + OverQuota 412
    + PreconditionFailed 412
    + TooLarge 413
    + KeyReused 422
    + ServerError 500
      - Unavailable 502, 503, 504

The code of a problem document chooses the class; a server that answers in plain text is understood by status and words (contract 7).
"""

from collections.abc import Mapping
from typing import Any


class VncError(Exception):
    """Whatever kept a call from doing what it promises."""


class Unreachable(VncError):
    """No answer came; whether the server did what was asked is not known."""

    def __init__(self, url: str, asked: str, reason: object) -> None:
        super().__init__(f"no answer from {url} to {asked}: {reason}")
        self.url = url


class Unreadable(VncError):
    """An answer came, but not one of a VNC API: the URL is probably that of something else."""

    def __init__(self, method: str, url: str, answer: str) -> None:
        super().__init__(f"{method} {url} was answered with what no VNC API says: {answer[:80]!r}")


class Refused(VncError):
    """The server's answer was no."""

    # For how many seconds it, or a proxy before it, asks to be left alone.
    retry_after: float | None = None

    def __init__(self, text: str, *, status: int, code: str | None = None, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.facts = dict(facts or {})


class BadRequest(Refused):
    """What was sent is wrong and will be wrong the next time."""


class InvalidProperty(BadRequest):
    """A property's value does not fit its kind (contract 2.5)."""


class InvalidReference(BadRequest):
    """A ref is malformed or its target does not exist (contract 2.6)."""


class SubnetExhausted(BadRequest):
    """No address is free; asking again may succeed once somebody gives one back."""


class AddressOutside(BadRequest):
    """The address that was asked for is in no subnet of the network."""


class Overlap(BadRequest):
    """Two subnets share addresses (contract 4.6)."""


class Immutable(BadRequest):
    """The field cannot change after the object was made."""


class Unauthorized(Refused):
    """The token is missing or no longer valid."""


class Forbidden(Refused):
    """The caller may not do this."""


class NotFound(Refused):
    """There is no such object, kind or path."""


class ParentNotFound(NotFound):
    """The object's parent does not exist (contract 2.2)."""


class MethodNotAllowed(Refused):
    """The path exists and does not do this."""


class Conflict(Refused):
    """The present state of other objects forbids it."""


class AlreadyExists(Conflict):
    """An object of this kind has the name, or some object has the uuid."""

    @property
    def uuid(self) -> str | None:
        """The object that is there already, if the server told."""
        found = self.facts.get("uuid")
        return found if isinstance(found, str) else None


class AddressInUse(Conflict):
    """Another object holds the address."""


class MacInUse(Conflict):
    """Another port of the network has the MAC address that was to be this one's alone."""


class SubnetInUse(Conflict):
    """A subnet cannot go while something holds an address of it (contract 4.6)."""


class _Blocked(Conflict):
    @property
    def blocking(self) -> list[str]:
        """The hrefs of the objects in the way, as far as the server told."""
        found = self.facts.get("blocking")
        return [str(href) for href in found] if isinstance(found, list) else []


class ChildrenPresent(_Blocked):
    """Delete refused: the object still has children."""


class StillReferenced(_Blocked):
    """Delete refused: other objects still refer to this one."""


class SystemObject(Conflict):
    """The object belongs to the server and stays as it is."""


class Forgotten(Refused):
    """Changes that were asked for are no longer kept."""

    @property
    def position(self) -> int | None:
        """After which position they are."""
        found = self.facts.get("position")
        return found if isinstance(found, int) else None


class OverQuota(Refused):
    """The project may not have more of this kind."""


class PreconditionFailed(Refused):
    """The object is not in the state that `if_match` named: somebody has changed it since."""

    @property
    def etag(self) -> str | None:
        """The state that it is in, if the server told."""
        found = self.facts.get("etag")
        return found if isinstance(found, str) else None


class KeyReused(Refused):
    """The idempotency key came with another request before."""


class TooLarge(Refused):
    """The body is larger than the server takes."""


class ServerError(Refused):
    """The server failed; the request may have been fine."""


class Unavailable(ServerError):
    """The server cannot work now; later it may."""
