"""A reply that says no, made into the error it means."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from ._errors import (
    AddressInUse,
    AddressOutside,
    AlreadyExists,
    BadRequest,
    ChildrenPresent,
    Conflict,
    Forbidden,
    Forgotten,
    Immutable,
    InvalidProperty,
    InvalidReference,
    KeyReused,
    MacInUse,
    MethodNotAllowed,
    NotFound,
    Overlap,
    OverQuota,
    ParentNotFound,
    PreconditionFailed,
    Refused,
    ServerError,
    StillReferenced,
    SubnetExhausted,
    SubnetInUse,
    SystemObject,
    TooLarge,
    Unauthorized,
    Unavailable,
)

PROBLEM = "application/problem+json"

BY_CODE: Mapping[str, type[Refused]] = {
    "bad-request": BadRequest,
    "invalid-property": InvalidProperty,
    "invalid-reference": InvalidReference,
    "unknown-reference": InvalidReference,
    "subnet-exhausted": SubnetExhausted,
    "address-outside": AddressOutside,
    "overlap": Overlap,
    "immutable": Immutable,
    "forbidden": Forbidden,
    "not-found": NotFound,
    "parent-not-found": ParentNotFound,
    "method-not-allowed": MethodNotAllowed,
    "already-exists": AlreadyExists,
    "address-in-use": AddressInUse,
    "mac-in-use": MacInUse,
    "children-present": ChildrenPresent,
    "still-referred": StillReferenced,
    "subnet-in-use": SubnetInUse,
    "system-object": SystemObject,
    "forgotten": Forgotten,
    "over-quota": OverQuota,
    "precondition-failed": PreconditionFailed,
    "idempotency-key-reused": KeyReused,
    "too-large": TooLarge,
    "unavailable": Unavailable,
}

BY_STATUS: Mapping[int, type[Refused]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    410: Forgotten,
    412: OverQuota,
    413: TooLarge,
    422: KeyReused,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}

# The texts that old servers and clients agree on (contract 7.2); named groups become facts.
BY_TEXT: tuple[tuple[int, str, type[Refused]], ...] = (
    (409, r"already exists with uuid: (?P<uuid>[0-9a-f-]{36})", AlreadyExists),
    (409, r"(?P<uuid>[0-9a-f-]{36}) already exists with fq_name", AlreadyExists),
    (409, r"Delete when children still present: (?P<blocking>\[.*\])", ChildrenPresent),
    (409, r"Delete when resource still referred: (?P<blocking>\[.*\])", StillReferenced),
    (409, r"IP address already in use", AddressInUse),
    (409, r"Cannot modify system resource|Can not delete system created", SystemObject),
    (400, r"IP address already in use", AddressInUse),
    (409, r"Cannot Delete IP Block", SubnetInUse),
    (400, r"is in no subnet", AddressOutside),
    (400, r"exhausted", SubnetExhausted),
    (409, r"exhausted", SubnetExhausted),
    (400, r"Overlapping addresses", Overlap),
    (400, r"Bad property in", InvalidProperty),
    (400, r"Bad reference in|Unknown reference in", InvalidReference),
)


def refusal(reply: httpx.Response) -> Refused:
    """The error that this reply is, from its problem document or else from its status and text."""
    refused = _refusal(reply)
    after = reply.headers.get("retry-after", "")
    refused.retry_after = float(after) if after.isdecimal() else None
    return refused


def _refusal(reply: httpx.Response) -> Refused:
    problem = _problem(reply)
    if problem is None:
        return _from_text(reply.status_code, _words(reply))
    code = problem.get("code")
    text = str(problem.get("detail") or problem.get("title") or reply.reason_phrase)
    facts = {name: fact for name, fact in problem.items() if name not in {"type", "title", "status", "detail", "code", "instance"}}
    if not isinstance(code, str) or code not in BY_CODE:
        return _by_status(reply.status_code)(text, status=reply.status_code, code=code if isinstance(code, str) else None, facts=facts)
    return BY_CODE[code](text, status=reply.status_code, code=code, facts=facts)


def _problem(reply: httpx.Response) -> dict[str, Any] | None:
    if not reply.headers.get("content-type", "").startswith(PROBLEM):
        return None
    try:
        problem = reply.json()
    except ValueError:
        return None
    return problem if isinstance(problem, dict) else None


def _words(reply: httpx.Response) -> str:
    """The message: the original wraps some of them in a page of HTML, with the words in `<pre>`."""
    wrapped = re.search(r"<pre>(.*?)</pre>", reply.text, re.DOTALL)
    return (wrapped[1] if wrapped else reply.text).strip() or reply.reason_phrase


def _from_text(status: int, text: str) -> Refused:
    for of_status, pattern, kind in BY_TEXT:
        if status == of_status and (found := re.search(pattern, text, re.DOTALL)):
            return kind(text, status=status, facts={name: _fact(fact) for name, fact in found.groupdict().items()})
    return _by_status(status)(text, status=status)


def _fact(text: str) -> str | list[str]:
    # A list of URLs in Python's own quotes; a URL holds none.
    return re.findall(r"'([^']*)'", text) if text.startswith("[") else text


def _by_status(status: int) -> type[Refused]:
    return BY_STATUS.get(status) or (ServerError if status >= 500 else Refused)
