"""How much of an object an answer shows: the names in `fields`, and the flags beside it (contract 1.4.2, 1.5, 1.14)."""

from collections.abc import Iterable, Mapping
from typing import Any

from api_server.http.requests import present
from api_server.model.kind import Kind
from api_server.store.wire import Extent, View

Fields = frozenset[str] | None


def fields_of(text: object) -> Fields:
    """Names of a comma list, None when it was not given. What cannot be stored is the name of nothing."""
    if text is None:
        return None
    names = text if isinstance(text, list) else str(text).split(",")
    return frozenset(str(name).strip() for name in names if "\0" not in str(name))


def of_read(kind: Kind, query: Mapping[str, Any], fields: Fields, *, guarded: bool) -> View:
    """A single object: everything, or what `fields` names beside what is always there."""
    hrefs = not present(query, "exclude_hrefs")
    if fields is None:
        children: Extent = "" if present(query, "exclude_children") else "all"
        back_refs: Extent = "" if present(query, "exclude_back_refs") else "all"
        return View(hrefs=hrefs, far_hrefs=hrefs, children=children, back_refs=back_refs, guarded=guarded)
    return View(
        hrefs=hrefs,
        far_hrefs=hrefs,
        properties=_if_named(kind.properties, fields),
        refs=_if_named(kind.refs, fields),
        children=_if_named(kind.children, fields),
        back_refs=_if_named(kind.back_refs, fields),
        guarded=guarded,
    )


def of_detail(kind: Kind, fields: Fields, *, hrefs: bool, guarded: bool) -> View:
    """An element of a detail list: `fields` adds links and leaves nothing out."""
    children, back_refs = _if_named(kind.children, fields or ()), _if_named(kind.back_refs, fields or ())
    return View(hrefs=hrefs, children=children, back_refs=back_refs, guarded=guarded)


def of_entry(kind: Kind, fields: Fields, *, hrefs: bool, guarded: bool) -> View:
    """An element of a plain list, with what `fields` names."""
    named = fields or frozenset()
    return View(
        whole=False,
        parent=fields is not None,
        id_perms="id_perms" in named,
        perms2="perms2" in named,
        properties=_if_named(kind.properties, named),
        refs=_if_named(kind.refs, named),
        children=_if_named(kind.children, named),
        back_refs=_if_named(kind.back_refs, named),
        hrefs=hrefs,
        guarded=guarded,
    )


def of_init(kind: Kind, fields: Fields, *, guarded: bool) -> View:
    """An element of a watcher's `init`: as in a detail list, and with all links where it names no fields."""
    if fields is None:
        return View(children="all", back_refs="all", guarded=guarded)
    return of_detail(kind, fields, hrefs=True, guarded=guarded)


def _if_named(there: Mapping[str, Any], fields: Iterable[str]) -> Extent:
    return "" if there.keys().isdisjoint(fields) else "named"
