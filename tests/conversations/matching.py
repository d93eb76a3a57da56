"""Whether an answer has what a conversation expects: objects may have more keys, everything else is equal, kind for kind."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.conversations.files import Mistake

ANY, ABSENT = "$any", "$absent"


def differences(wanted: Any, found: Any, at: str = "") -> list[str]:
    """What is not as wanted, each with its path; nothing when all is well."""
    return list(_differences(wanted, found, at))


def _differences(wanted: Any, found: Any, at: str) -> Iterator[str]:
    if wanted == ANY:
        return
    if isinstance(wanted, dict) and any(str(key).startswith("$") for key in wanted):
        if len(wanted) > 1 or next(iter(wanted)) not in OPERATORS:
            raise Mistake(f"{at or 'it'}: {sorted(wanted)} is not one of {sorted(OPERATORS)} alone")
        ((name, value),) = wanted.items()
        yield from OPERATORS[name](value, found, at)
    elif isinstance(wanted, dict):
        yield from _object(wanted, found, at)
    elif isinstance(wanted, list):
        yield from _list(wanted, found, at)
    elif not equal(wanted, found):
        yield f"{at or 'it'} is {found!r}, not {wanted!r}"


def _object(wanted: dict[str, Any], found: Any, at: str) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{at or 'it'} is {found!r}, no object"
        return
    for key, value in wanted.items():
        path = f"{at}.{key}" if at else str(key)
        if value == ABSENT:
            if key in found:
                yield f"{path} is there: {found[key]!r}"
        elif key not in found:
            yield f"{path} is not there; there are {sorted(found)}"
        else:
            yield from _differences(value, found[key], path)


def _list(wanted: list[Any], found: Any, at: str) -> Iterator[str]:
    if not isinstance(found, list):
        yield f"{at or 'it'} is {found!r}, no list"
    elif len(found) != len(wanted):
        yield f"{at or 'it'} has {len(found)} elements, not {len(wanted)}: {found!r}"
    else:
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _differences(one, other, f"{at}.{number}" if at else str(number))


def equal(one: Any, other: Any) -> bool:
    """Equal, where true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _exactly(wanted: Any, found: Any, at: str) -> Iterator[str]:
    if not equal(wanted, found):
        yield f"{at or 'it'} is {found!r}, not exactly {wanted!r}"


def _contains(wanted: Any, found: Any, at: str) -> Iterator[str]:
    """In a list an element like each wanted one, no element for two; in a text each wanted piece."""
    if not isinstance(found, list):
        for each in wanted if isinstance(wanted, list) else [wanted]:
            if not isinstance(found, str) or str(each) not in found:
                yield f"{at or 'it'} is {found!r}, without {each!r}"
        return
    left = list(found)
    for each in wanted if isinstance(wanted, list) else [wanted]:
        like = next((other for other in left if not differences(each, other)), None)
        if like is None:
            yield f"{at or 'it'} has nothing like {each!r}: {found!r}"
        else:
            left.remove(like)


def _unordered(wanted: Any, found: Any, at: str) -> Iterator[str]:
    if not isinstance(wanted, list) or not isinstance(found, list) or len(wanted) != len(found):
        yield f"{at or 'it'} is {found!r}, not {wanted!r} in any order"
    else:
        yield from _contains(wanted, found, at)


def _not(wanted: Any, found: Any, at: str) -> Iterator[str]:
    if not differences(wanted, found):
        yield f"{at or 'it'} is {found!r}, like {wanted!r}"


def _matches(wanted: Any, found: Any, at: str) -> Iterator[str]:
    if not isinstance(found, str) or not re.search(wanted, found):
        yield f"{at or 'it'} is {found!r}, which does not match {wanted!r}"


OPERATORS: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "$exactly": _exactly,
    "$contains": _contains,
    "$unordered": _unordered,
    "$not": _not,
    "$matches": _matches,
}
