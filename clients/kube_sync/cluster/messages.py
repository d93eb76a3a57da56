"""What an API server sends to a list+watch: pages, events and refusals, decoded no further than the list+watch needs (4.2)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from kube_sync.cluster.api import RefusedError, UnreadableError

BOOKMARK, DELETED, ERROR = "BOOKMARK", "DELETED", "ERROR"
GONE: Final = {"Expired", "Gone"}


class PageMetadata(msgspec.Struct, rename={"version": "resourceVersion", "token": "continue"}):
    """Of which moment a page is, and where the next one begins."""

    version: str = ""
    token: str = ""


class Page(msgspec.Struct):
    """A page of a list; its items are views of its bytes, so each costs memory only while it is looked at."""

    metadata: PageMetadata
    items: list[msgspec.Raw] | None = None


class Event(msgspec.Struct):
    """A line of a watch; what its object is depends on its type."""

    type: str
    object: msgspec.Raw


class Status(msgspec.Struct):
    """A refusal, as the API server words it."""

    code: int | None = None
    reason: str | None = None
    message: str | None = None


class _ObjectMetadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    namespace: Any = None
    name: Any = None


class _Object(msgspec.Struct):
    metadata: _ObjectMetadata = msgspec.field(default_factory=_ObjectMetadata)


_PAGE = msgspec.json.Decoder(Page)
_EVENT = msgspec.json.Decoder(Event)
_OBJECT = msgspec.json.Decoder(_Object)
_STATUS = msgspec.json.Decoder(Status)


def page_of(content: bytes) -> Page:
    """The page in the answer to a list."""
    try:
        return _PAGE.decode(content)
    except msgspec.DecodeError as why:
        raise UnreadableError(f"an answer that is no list: {why}") from why


def event_of(line: bytes) -> Event:
    """The event in a line of a watch (B35)."""
    try:
        return _EVENT.decode(line)
    except msgspec.DecodeError as why:
        raise UnreadableError(f"a line in a watch that is no event: {why}") from why


def metadata_of(item: bytes | msgspec.Raw) -> _ObjectMetadata:
    """Version and name of an object of which perhaps nothing else can be read."""
    try:
        return _OBJECT.decode(item).metadata
    except msgspec.DecodeError:
        return _ObjectMetadata()


def refusal_of(item: bytes | msgspec.Raw) -> RefusedError:
    """The error that an ERROR event tells."""
    try:
        status = _STATUS.decode(item)
    except msgspec.DecodeError:
        status = Status()
    return RefusedError(status.message or "an error without words", status=status.code or 500, reason=status.reason or "")


def refusal(status: int, content: bytes, headers: Mapping[str, str], fallback: str) -> RefusedError:
    """The error that an answer tells."""
    try:
        told = _STATUS.decode(content)
    except msgspec.DecodeError:
        told = Status(message=content.decode(errors="replace").strip())
    after = seconds_of(headers.get("Retry-After", ""), datetime.now(UTC))
    return RefusedError(told.message or fallback, status=status, reason=told.reason or "", retry_after=after)


def seconds_of(retry_after: str, now: datetime) -> float | None:
    """How long a Retry-After header asks to wait: it tells seconds or a date (RFC 9110, 10.2.3)."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds())


def is_gone(why: RefusedError) -> bool:
    """Whether a version is too old, or from a future that a restored server does not know: then only a new list helps."""
    too_large = why.status == 504 and "resource version" in str(why).lower()
    return why.status == 410 or why.reason in GONE or too_large
