"""`If-Match`: a write that happens only to the state its caller has seen (contract 2.7; RFC 9110, 13.1.1)."""

import re
from dataclasses import dataclass

from starlette.requests import Request

from api_server.errors import PreconditionFailed
from api_server.http.answers import etag_of
from api_server.model.resource import Resource

_TAG = re.compile(r'(W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The tags that a request's header names; None when it names none, so that everything matches."""

    text: str | None

    def check(self, found: Resource) -> None:
        """Raise PreconditionFailed unless the object, whose row is locked, is in one of the states named."""
        if self.text is not None and found.modified is not None:
            etag = etag_of(found.modified)
            if not _names(self.text, etag):
                raise PreconditionFailed(found.kind.name, found.uuid, self.text, etag)


ANY = IfMatch(None)


def if_match(request: Request) -> IfMatch:
    """What the request asks for; several headers are one list."""
    given = request.headers.getlist("if-match")
    return IfMatch(", ".join(given) if given else None)


def _names(text: str, etag: str) -> bool:
    """Strong comparison: a weak tag never matches. As with If-None-Match, the quotes may be missing (contract 1.4.2)."""
    if text.strip() in ("*", etag.strip('"')):
        return True
    return any(f'"{tag}"' == etag for weak, tag in _TAG.findall(text) if not weak)
