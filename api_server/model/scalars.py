"""What a string, a number, a boolean or a date must be, field by field (contract 2.5)."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from api_server.model.kind import Field

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,40}\s*")
# PostgreSQL stores neither NUL nor half of a surrogate pair in a text.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_COMMUNITY = re.compile(r"no-export|accept-own|no-advertise|no-export-subconfed|no-reoriginate|[0-9]+:[0-9]+")
_SERVICE_INTERFACE = re.compile(r"management|left|right|other[0-9]*")
_BOUNDS = {"integer": (-(2**63), 2**63 - 1), "unsignedLong": (0, 2**64 - 1)}
_SHOWN = 80


class UnfitError(ValueError):
    """The value does not fit its field; the text says what would."""

    def __init__(self, value: Any, expected: str) -> None:
        super().__init__(f"{shown(value)} is not {expected}")


def shown(value: Any) -> str:
    """The value as a sentence can carry it: on one line, cut short."""
    text = repr(value) if isinstance(value, str | int | float | None) else f"{type(value).__name__} {value!r}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def parse_scalar(rule: Field, value: Any) -> Any:
    """The value as it is stored (`"1400"` is 1400); UnfitError says what is wrong with it."""
    parsed = _PARSERS[rule.type](rule, value)
    if rule.enum and parsed not in rule.enum:
        raise UnfitError(value, f"one of {', '.join(map(str, rule.enum))}")
    return parsed


def _string(rule: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise UnfitError(value, "a string")
    if _UNSTORABLE.search(value):
        raise UnfitError(value, "a text without NUL characters and lone surrogates")
    pattern, expected = PATTERNS.get(rule.simple, (None, ""))
    if pattern and not pattern.fullmatch(value):
        raise UnfitError(value, expected)
    return value


def _integer(rule: Field, value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    else:
        raise UnfitError(value, "an integer")
    lowest, highest = _BOUNDS[rule.type]
    low, high = rule.low if rule.low is not None else lowest, rule.high if rule.high is not None else highest
    if not low <= number <= high:
        raise UnfitError(value, f"between {low} and {high}")
    return number


def _boolean(_: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UnfitError(value, "true or false")
    return value


def _date(rule: Field, value: Any) -> str:
    text = _string(rule, value)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise UnfitError(value, "a date and time as ISO-8601 writes it") from None
    return text


_PARSERS: dict[str, Callable[[Field, Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "unsignedLong": _integer,
    "boolean": _boolean,
    "dateTime": _date,
}
# Named strings that follow a pattern, and how a sentence calls it.
PATTERNS = {
    "CommunityAttribute": (_COMMUNITY, "no-export, accept-own, no-advertise, no-export-subconfed, no-reoriginate or number:number"),
    "ServiceInterfaceType": (_SERVICE_INTERFACE, "management, left, right or other<number>"),
}
