"""Label and field selectors, as a list or watch request carries them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from .kinds import Kind
from .refusals import BadRequest

Labels = Mapping[str, str]
Requirement = Callable[[Labels], bool]

_KEY = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s+\(([^()]*)\)")
_EQUALITY = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_EXISTS = re.compile(rf"(!?)\s*({_KEY})")


class Selection:
    """Which objects a request asks for: all requirements hold."""

    def __init__(self, kind: Kind, labels: str = "", fields: str = "", namespace: str = "") -> None:
        self.namespace = namespace
        self._labels = [_label_requirement(term) for term in _terms(labels)]
        self._fields = [_field_requirement(kind, term) for term in filter(None, fields.split(","))]

    @property
    def selective(self) -> bool:
        """Whether anything but the namespace narrows the answer."""
        return bool(self._labels or self._fields)

    def matches(self, obj: Mapping[str, Any]) -> bool:
        metadata = obj["metadata"]
        if self.namespace and metadata.get("namespace") != self.namespace:
            return False
        labels = metadata.get("labels") or {}
        return all(holds(labels) for holds in self._labels) and all(_holds(obj, *field) for field in self._fields)


def _terms(text: str) -> list[str]:
    """Split at commas outside parentheses."""
    return [term for term in re.split(r",(?![^(]*\))", text) if term.strip()]


def _label_requirement(term: str) -> Requirement:
    term = term.strip()
    if found := _SET.fullmatch(term):
        return _membership(found[1], found[2] == "in", {value.strip() for value in found[3].split(",")})
    if found := _EQUALITY.fullmatch(term):
        return _membership(found[1], found[2] != "!=", {found[3]})
    if found := _EXISTS.fullmatch(term):
        key, wanted = found[2], not found[1]
        return lambda labels: (key in labels) is wanted
    message = f'unable to parse requirement: found "{term}"'
    raise BadRequest(message)


def _membership(key: str, inside: bool, values: set[str]) -> Requirement:
    # `notin` and `!=` also choose objects that lack the key.
    return lambda labels: (key in labels and labels[key] in values) is inside


def _field_requirement(kind: Kind, term: str) -> tuple[str, bool, str]:
    found = re.fullmatch(r"\s*([A-Za-z.]+)\s*(==|=|!=)\s*(.*?)\s*", term)
    if found is None:
        message = f"invalid selector: '{term}'; can't understand '{term}'"
        raise BadRequest(message)
    path, operator, value = found.groups()
    namespaced = ("metadata.namespace",) if kind.namespaced else ()
    if path not in ("metadata.name", *namespaced, *kind.selectable):
        message = f"{kind.plural} cannot be selected by {term!r}: field label not supported: {path}"
        raise BadRequest(message)
    return path, operator != "!=", value


def _holds(obj: Mapping[str, Any], path: str, equal: bool, value: str) -> bool:
    return (_field_text(obj, path) == value) is equal


def _field_text(obj: Mapping[str, Any], path: str) -> str:
    if path == "source":
        path = "source.component"
    found: Any = obj
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    # An absent hostNetwork is the false it means.
    return "false" if found is None and path == "spec.hostNetwork" else str(found or "")
