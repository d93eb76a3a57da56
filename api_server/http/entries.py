"""The entries of a request of many writes: read, told apart in errors, and put in an order in which each finds what it refers to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from api_server.errors import ApiError, BadRequest, UnknownKind
from api_server.http.requests import kind_named
from api_server.model.catalog import ROOT, Catalog
from api_server.model.kind import Kind
from api_server.model.resource import FqName

CREATE, UPDATE, DELETE, REF_UPDATE = "create", "update", "delete", "ref-update"
OPERATIONS = (CREATE, UPDATE, DELETE, REF_UPDATE)
LARGEST_COUNT = 10_000
PORT = "virtual-machine-interface"

Key = str | tuple[str, FqName]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One write: `data` is what the single call has in its body; where that names its object in the path, it has `uuid` or `fq_name`."""

    index: int
    operation: str
    kind: Kind
    data: dict[str, Any]
    unique_mac: bool = False

    @property
    def fq_name(self) -> FqName:
        return _texts(self.data.get("fq_name"))


@contextmanager
def placed(entry: Entry) -> Iterator[None]:
    """Add to an error which entry it was met at."""
    try:
        yield
    except ApiError as error:
        given = entry.data.get("uuid")
        uuid = given[:200] if isinstance(given, str) else None
        who = ":".join(entry.fq_name) or uuid or ""
        error.where = f"entry {entry.index} ({' '.join(filter(None, [entry.operation, entry.kind.name, who[:300]]))}): "
        place = {"index": entry.index, "operation": entry.operation, "kind": entry.kind.name}
        error.facts["entry"] = place | {"fq_name": list(entry.fq_name) or None, "uuid": uuid}
        raise


def parse_entries(catalog: Catalog, document: Mapping[str, Any]) -> list[Entry]:
    """The entries of a body `{"resources": [{"kind", "data", "operation"}]}`; an entry without operation creates."""
    given = document.get("resources")
    if not isinstance(given, list):
        raise BadRequest(f"resources must be a list: {given!r:.200}", field="resources")
    if len(given) > LARGEST_COUNT:
        raise BadRequest(f"resources: {len(given)} entries are more than {LARGEST_COUNT}", field="resources")
    return [_entry(catalog, index, each) for index, each in enumerate(given)]


def _entry(catalog: Catalog, index: int, given: Any) -> Entry:
    path = f"resources[{index}]"
    if not isinstance(given, dict) or not isinstance(given.get("data"), dict):
        raise BadRequest(f"{path} must be an object with kind and data: {given!r:.200}", field=path)
    operation = str(given.get("operation") or CREATE).lower().replace("_", "-")
    if operation not in OPERATIONS:
        raise BadRequest(f"{path}.operation: {given['operation']!r:.200} is none of {', '.join(OPERATIONS)}", field=f"{path}.operation")
    try:
        kind = kind_named(catalog, given.get("kind"))
    except UnknownKind as unknown:
        unknown.where, unknown.facts["entry"] = f"entry {index}: ", {"index": index}
        raise
    if kind.name == ROOT:
        raise BadRequest(f"{path}.kind: there is one {ROOT}, and it is no resource", field=f"{path}.kind")
    unique_mac = given.get("unique_mac", False)
    if not isinstance(unique_mac, bool):
        raise BadRequest(f"{path}.unique_mac must be true or false: {unique_mac!r:.200}", field=f"{path}.unique_mac")
    if unique_mac and (operation, kind.name) != (CREATE, PORT):
        raise BadRequest(f"{path}.unique_mac: only the creation of a {PORT} has it", field=f"{path}.unique_mac")
    return Entry(index, operation, kind, given["data"], unique_mac)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """As they were written, but what an entry creates comes before whatever refers to it. Nothing is moved over a delete."""
    ordered: list[Entry] = []
    for deletes, some in groupby(entries, key=lambda entry: entry.operation == DELETE):
        run = list(some)
        ordered += run if deletes else _sorted(run)
    return ordered


def _sorted(entries: Sequence[Entry]) -> Iterator[Entry]:
    makers: dict[Key, Entry] = {}
    for entry in reversed(entries):
        if entry.operation == CREATE:
            makers |= dict.fromkeys(_own(entry), entry)
    seen: set[int] = set()
    for first in entries:
        # A stack in place of recursion: a chain of refs may be as long as the request.
        stack = [(first, _needed(first, makers))] if first.index not in seen else []
        seen.add(first.index)
        while stack:
            entry, needed = stack[-1]
            maker = next((one for one in needed if one.index not in seen), None)
            if maker is None:
                yield stack.pop()[0]
            else:
                seen.add(maker.index)
                stack.append((maker, _needed(maker, makers)))


def _needed(entry: Entry, makers: Mapping[Key, Entry]) -> Iterator[Entry]:
    return iter([makers[key] for key in _mentioned(entry) if key in makers and makers[key] is not entry])


def _own(entry: Entry) -> Iterator[Key]:
    if isinstance(uuid := entry.data.get("uuid"), str):
        yield uuid
    yield entry.kind.name, entry.fq_name


def _mentioned(entry: Entry) -> Iterator[Key]:
    """By what it names others: its parent, the targets of its refs; and itself, where it is not made here."""
    data, kind = entry.data, entry.kind
    if entry.operation != CREATE:
        yield from _own(entry)
    else:
        yield from ((parent, entry.fq_name[:-1]) for parent in kind.parents)
    texts = (data.get("parent_uuid"), data.get("ref-uuid"))
    yield from (text for text in texts if isinstance(text, str))
    if isinstance(target := data.get("ref-type"), str):
        yield target.replace("_", "-"), _texts(data.get("ref-fq-name"))
    for name in kind.refs.keys() & data.keys():
        for ref in data[name] if isinstance(data[name], list) else ():
            if isinstance(ref, dict):
                yield ref["uuid"] if isinstance(ref.get("uuid"), str) else (kind.refs[name].target, _texts(ref.get("to")))


def _texts(value: Any) -> FqName:
    return tuple(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else ()
