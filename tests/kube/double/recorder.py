"""Every request the double was sent, for assertions such as "no write when nothing changed"."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from .targets import Target
from .wire import Request


@dataclass
class Recorded:
    """One request: what it asked, and (None until then, or when reset) how it was answered."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    verb: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    status: int | None = None
    at: float = field(default_factory=time.monotonic)

    @property
    def writes(self) -> bool:
        """Whether it asked for a change that is kept."""
        return self.verb not in ("get", "list", "watch", "") and self.query.get("dryRun") != "All"


class Recorder:
    """The requests in order of arrival; safe to read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recorded: list[Recorded] = []
        self.connections = 0

    def note(self, request: Request, target: Target | None) -> Recorded:
        recorded = Recorded(request.method, request.path, request.query, request.headers, _readable(request.body))
        if target is not None:
            recorded.verb, recorded.resource, recorded.namespace = target.verb, target.resource, target.namespace
            recorded.name, recorded.subresource = target.name, target.subresource
        with self._lock:
            self._recorded.append(recorded)
        return recorded

    @property
    def requests(self) -> list[Recorded]:
        with self._lock:
            return list(self._recorded)

    def matching(self, **wanted: Any) -> list[Recorded]:
        """The requests whose attributes equal these: matching(verb="patch", resource="pods")."""
        return [each for each in self.requests if all(getattr(each, name) == value for name, value in wanted.items())]

    def count(self, **wanted: Any) -> int:
        return len(self.matching(**wanted))

    def writes(self, **wanted: Any) -> list[Recorded]:
        """The requests that asked for a change, dry runs not counted."""
        return self.matching(writes=True, **wanted)

    def tally(self) -> Counter[str]:
        """How often each `verb resource[/subresource]` was asked."""
        return Counter(
            f"{each.verb} {each.resource}{'/' if each.subresource else ''}{each.subresource}" for each in self.requests if each.verb
        )

    def clear(self) -> None:
        with self._lock:
            self._recorded.clear()
            self.connections = 0


def _readable(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
