"""The list call: which objects, how much of each, and a page at a time."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

from ._kinds import FqName, collection, colon_name, hyphened
from ._requests import Call, Document

T = TypeVar("T")
Query = dict[str, Any]

# What fits in a query line everywhere; more goes in a body (contract 1.2).
MOST_IN_A_QUERY = 25
DEFAULT_PAGE = 256

# Refers to no object: what a selection of none sends.
NOBODY = "00000000-0000-0000-0000-000000000000"


class Selection(TypedDict, total=False):
    """Which objects to list, and how much of each; what is absent or None does not restrict (contract 1.5)."""

    parent_id: str | Iterable[str] | None
    parent_fq_name: FqName | None
    parent_type: str | None
    back_ref_id: str | Iterable[str] | None
    obj_uuids: Iterable[str] | None
    fq_names: Iterable[FqName] | None
    filters: Mapping[str, Any] | str | None
    fields: Iterable[str] | None
    detail: bool


@dataclass(frozen=True)
class Page:
    """Some rows, and where the next ones begin: None after the last."""

    rows: list[Document]
    marker: str | None


def query(selection: Selection) -> Query:
    """The keys of contract 1.5 that the selection stands for; a value that names several objects is a list."""
    given: Query = {name: value for name, value in selection.items() if value not in (None, False)}
    return {ON_THE_WIRE.get(name, name): ENCODE[name](value) for name, value in given.items()}


def listing(kind: str, asked: Query) -> Call[list[Document]]:
    return _call(kind, asked, lambda body: _rows(kind, body))


def page(kind: str, asked: Query, marker: str, limit: int) -> Call[Page]:
    return _call(kind, asked | {"page_marker": marker, "page_limit": limit}, lambda body: Page(_rows(kind, body), body["marker"]))


def counting(kind: str, asked: Query) -> Call[int]:
    return _call(kind, asked | {"count": True}, lambda body: int(body[collection(kind)]["count"]))


def _call(kind: str, asked: Query, read: Callable[[Any], T]) -> Call[T]:
    """A GET, or the bulk call where a query line would be too long or a comma of a name would split it."""
    if any(isinstance(value, list) and (len(value) > MOST_IN_A_QUERY or _has_comma(value)) for value in asked.values()):
        body = {name: _joined(value) for name, value in asked.items()}
        return Call("POST", "/list-bulk-collection", read, body={"type": hyphened(kind), **body})
    return Call("GET", f"/{collection(kind)}", read, {name: _text(value) for name, value in asked.items()})


def _rows(kind: str, body: Any) -> list[Document]:
    """The rows without their wrappers: a detailed row comes as `{"virtual-network": {...}}`."""
    name = hyphened(kind)
    return [row[name] if row.keys() == {name} else row for row in body[collection(kind)]]


def _text(value: Any) -> str:
    return "true" if value is True else str(_joined(value))


def _joined(value: Any) -> Any:
    # Old servers want text joined by commas; a name that holds one can only go as a list.
    return ",".join(value) if isinstance(value, list) and not _has_comma(value) else value


def _has_comma(values: list[str]) -> bool:
    return any("," in value for value in values)


def _ids(given: str | Iterable[str]) -> list[str]:
    # A selection of no objects must not read as no selection, which is every object.
    return ([given] if isinstance(given, str) else list(given)) or [NOBODY]


def _filters(given: Mapping[str, Any] | str) -> str:
    if isinstance(given, str):
        return given
    return ",".join(f"{name}=={json.dumps(value, ensure_ascii=False)}" for name, value in given.items())


ON_THE_WIRE = {"parent_fq_name": "parent_fq_name_str"}

ENCODE: Mapping[str, Callable[[Any], Any]] = {
    "parent_id": _ids,
    "parent_fq_name": colon_name,
    "parent_type": hyphened,
    "back_ref_id": _ids,
    "obj_uuids": _ids,
    "fq_names": lambda names: _ids([colon_name(name) for name in names]),
    "filters": _filters,
    "fields": ",".join,
    "detail": bool,
}
