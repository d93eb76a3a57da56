"""Lists, whole or by pages that all show one moment."""

import base64
import binascii
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import orjson

from .kinds import Kind
from .refusals import BadRequest, Expired, ServerTimeout
from .selectors import Selection
from .store import Entry, Key, Store

Query = dict[str, str]


@dataclass(frozen=True)
class Position:
    """Where a list goes on: after a key, at a revision, or (None) at whatever is present then."""

    number: int | None
    after: Key | None
    era: int  # how often tokens had been expired when this one was given

    def token(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps({"rv": self.number, "after": self.after, "era": self.era})).decode()

    @classmethod
    def parse(cls, token: str) -> "Position":
        try:
            content = orjson.loads(base64.urlsafe_b64decode(token))
            return cls(content["rv"], (content["after"][0], content["after"][1]), content["era"])
        except (binascii.Error, ValueError, LookupError, TypeError):
            raise BadRequest("continue key is not valid: encoding is not valid") from None


class Pages:
    """Answers list requests from the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._era = 0

    def expire(self) -> None:
        """Refuse every continue token given so far."""
        self._era += 1

    def page(self, kind: Kind, selection: Selection, query: Query) -> bytes:
        """One page as the body of its reply."""
        limit = _limit(query)
        position = self._position(query)
        number = self._store.number if position.number is None else position.number
        matching = self._matching(kind, selection, position, number)
        shown = list(islice(matching, limit or None))
        metadata: dict[str, object] = {"resourceVersion": self._store.revisions.text(number)}
        # A page looks no further than one object behind its end, unless it must say how many there are.
        if next(matching, None) is not None:
            metadata["continue"] = Position(number, shown[-1].key, self._era).token()
            if not selection.selective:
                metadata["remainingItemCount"] = 1 + sum(1 for _ in matching)
        return _document(kind, metadata, shown)

    def _position(self, query: Query) -> Position:
        if token := query.get("continue"):
            if query.get("resourceVersion") not in (None, "", "0"):
                raise BadRequest("specifying resource version is not allowed when using continue")
            position = Position.parse(token)
            if position.number is not None and position.era < self._era:
                raise _expired(position, self._era)
            return position
        version = query.get("resourceVersion") or "0"
        number = self._store.revisions.number(version)
        if number > self._store.number:
            cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
            message = f"Timeout: Too large resource version: {version}, current: {self._store.version}"
            raise ServerTimeout(message, causes=[cause], retryAfterSeconds=1)
        return Position(number if query.get("resourceVersionMatch") == "Exact" else None, None, self._era)

    def _matching(self, kind: Kind, selection: Selection, position: Position, number: int) -> Iterator[Entry]:
        try:
            entries = self._store.entries_at(kind.key, number)
        except Expired as why:
            raise (_expired(position, self._era) if position.after else why) from None
        start = 0 if position.after is None else bisect_right(entries, position.after, key=lambda entry: entry.key)
        return (entry for entry in islice(entries, start, None) if selection.matches(entry.obj))


def _limit(query: Query) -> int:
    text = query.get("limit") or "0"
    if not text.isdecimal():
        message = f"limit: invalid value {text!r}: must be a whole number"
        raise BadRequest(message)
    return int(text)


def _expired(position: Position, era: int) -> Expired:
    refusal = Expired("The continue token is too old: list again from the start, or go on inconsistently with the token given here")
    refusal.metadata = {"continue": Position(None, position.after, era).token()}
    return refusal


def _document(kind: Kind, metadata: dict[str, object], entries: list[Entry]) -> bytes:
    head = orjson.dumps({"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata})
    # Items of built-in kinds do not repeat their kind; custom ones do.
    items = (entry.full() if kind.custom else entry.item() for entry in entries)
    return b'%b,"items":[%b]}' % (head[:-1], b",".join(items))
