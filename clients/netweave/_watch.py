"""The stream of changes as values: what to ask, what its bytes say, and how a reader goes on after it was cut off. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, cast

import httpx

from ._errors import Forgotten, Unavailable, Unreachable, Unreadable
from ._kinds import hyphened
from ._refusals import PROBLEM, refusal
from ._requests import Call, Document
from ._retries import Retries

Happening = Literal["init", "create", "update", "delete"]

# A quiet stream shows a sign of life every minute.
TIMEOUT = httpx.Timeout(30.0, connect=5.0, read=150.0)
# How many changes a page holds.
PAGE = 500
# A server that starts again takes longer than a request that is tried again would wait.
PATIENT = Retries(times=60, first=0.1, longest=2.0)


@dataclass(frozen=True)
class Event:
    """
    What happened. An `init` has all objects of its kind: it comes first, and again where the server cannot go on from where the reader
    was; what the reader knew of the kind is then replaced by it. The others have one object, a delete only its uuid.
    """

    name: Happening
    kind: str
    documents: list[Document]
    # From where a later `watch` would go on; None while there is no such place yet.
    position: int | None

    @property
    def document(self) -> Document:
        """The object of a create, update or delete."""
        return self.documents[0]


class Reading:
    """One reader's way through the stream."""

    def __init__(
        self, url: str, kinds: Iterable[str], fields: Mapping[str, Iterable[str]] | None, since: int | None, *, anew: bool = True
    ) -> None:
        names = [hyphened(kind) for kind in kinds]
        if not names:
            raise ValueError("watch needs at least one kind")
        self._url = url
        self._params = {"resource_type": ",".join(names)}
        for kind, wanted in (fields or {}).items():
            self._params[f"{hyphened(kind).replace('-', '_')}_fields"] = ",".join(wanted)
        self._last = "" if since is None else str(since)
        self._anew = anew
        self._pauses = PATIENT.pauses()
        self._rest = bytearray()
        self._name, self._data = "", b""

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """What to ask now: all there is, or what came after the last event."""
        self._rest.clear()
        self._name, self._data = "", b""
        headers = {"Accept": f"text/event-stream, {PROBLEM}"} | ({"Last-Event-ID": self._last} if self._last else {})
        return http.build_request("GET", "/watch", params=self._params, headers=headers, timeout=TIMEOUT)

    def accept(self, reply: httpx.Response) -> None:
        """Raise what the reply says, unless it is the stream."""
        if not reply.is_success:
            raise refusal(reply)
        if not reply.headers.get("content-type", "").startswith("text/event-stream"):
            raise Unreadable("GET", str(reply.url), "no event stream")

    def read(self, piece: bytes) -> Iterator[Event]:
        """The events that this piece of the stream completes."""
        self._rest += piece
        if b"\n" not in piece:
            return
        # Not splitlines: text may hold what Unicode calls the end of a line.
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            if event := self._line(line.rstrip(b"\r")):
                self._pauses = PATIENT.pauses()
                yield event

    def pause(self, why: Exception | None) -> float:
        """How long to wait before asking again; Unreachable when it has been asked often enough."""
        pause = next(self._pauses, None)
        if pause is None:
            raise Unreachable(self._url, "GET /watch", why or "the stream ended each time") from why
        return pause

    def _line(self, line: bytes) -> Event | None:
        if not line:
            name, data = self._name, self._data
            self._name, self._data = "", b""
            if name == "stop" and not self._anew:
                raise Forgotten("what happened after the last event is not known any more", status=410)
            return self._event(name, data) if data and name in ("init", "create", "update", "delete") else None
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"id":
            self._last = value.decode()
        elif field == b"event":
            self._name = value.decode()
        elif field == b"data":
            self._data += value
        return None

    def _event(self, name: str, data: bytes) -> Event:
        try:
            ((key, said),) = json.loads(data).items()
            if name == "init":
                kind = key.removesuffix("s")
                documents = [each[kind] for each in said]
            else:
                kind, documents = key, [said]
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            raise Unreadable("GET", f"{self._url}/watch", data[:200].decode(errors="replace")) from why
        return Event(cast(Happening, name), kind, documents, int(self._last) if self._last else None)


# What a reader waits out.
CUT_OFF = (httpx.RequestError, Unavailable)


class Asked(TypedDict, total=False):
    """Which changes: of one or several kinds, of one object, by one caller or request, after or before a position, from a moment on."""

    kind: str | Sequence[str]
    uuid: str
    actor: str
    request_id: str
    after: int
    before: int
    since: str
    newest_first: bool


def changes(asked: Asked, following: Mapping[str, Any]) -> Call[tuple[list[Document], int | None]]:
    """A page of changes, and the position at which the next begins."""
    params: dict[str, Any] = {**asked, **following}
    kinds = params.pop("kind", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds:
        params["kind"] = ",".join(map(hyphened, kinds))
    text = {name: "true" if value is True else str(value) for name, value in params.items() if value is not False}
    return Call("GET", "/v2/changes", lambda body: (list(body["changes"]), body["next"]), text)


def page_of(limit: int | None) -> dict[str, int]:
    return {"limit": PAGE if limit is None else min(limit, PAGE)}


def next_of(asked: Asked, place: int) -> dict[str, int]:
    return {"before" if asked.get("newest_first") else "after": place}
