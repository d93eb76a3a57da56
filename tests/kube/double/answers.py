"""A request to a kind, done: verb by verb, from the body and the query to the reply."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from .kinds import Kind
from .pages import Pages
from .refusals import BadRequest, Invalid, TooLarge, UnsupportedMediaType
from .registry import Registry
from .removal import DeleteOptions, Removal
from .selectors import Selection
from .store import Entry
from .targets import Target
from .wire import Request

APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes


class Answers:
    """Answers every verb but watch."""

    def __init__(self, registry: Registry, removal: Removal, pages: Pages) -> None:
        self._registry = registry
        self._removal = removal
        self._pages = pages
        self._verbs: dict[str, Callable[[Target, Kind, Request], Reply]] = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }

    def answer(self, target: Target, kind: Kind, request: Request) -> Reply:
        if request.too_large:
            raise TooLarge(f"Request entity too large: limit is {3 * 1024 * 1024}")
        return self._verbs[target.verb](target, kind, request)

    def _get(self, target: Target, kind: Kind, _: Request) -> Reply:
        return Reply(200, self._registry.read(kind, target.namespace, target.name).full())

    def _list(self, target: Target, kind: Kind, request: Request) -> Reply:
        return Reply(200, self._pages.page(kind, selection_of(target, kind, request), request.query))

    def _create(self, target: Target, kind: Kind, request: Request) -> Reply:
        return Reply(201, self._registry.create(kind, target.namespace, document_of(request), dry_run=is_dry_run(request)).full())

    def _update(self, target: Target, kind: Kind, request: Request) -> Reply:
        entry, created = self._registry.update(
            kind,
            target.namespace,
            target.name,
            document_of(request),
            subresource=target.subresource,
            dry_run=is_dry_run(request),
            manager=manager_of(request),
        )
        return Reply(201 if created else 200, entry.full())

    def _patch(self, target: Target, kind: Kind, request: Request) -> Reply:
        if request.media_type == APPLY:
            return self._apply(target, kind, request)
        entry = self._registry.patch(
            kind,
            target.namespace,
            target.name,
            request.media_type,
            document_of(request),
            subresource=target.subresource,
            dry_run=is_dry_run(request),
            manager=manager_of(request),
        )
        return Reply(200, entry.full())

    def _apply(self, target: Target, kind: Kind, request: Request) -> Reply:
        if not request.query.get("fieldManager"):
            raise Invalid("PatchOptions.meta.k8s.io", "", [("fieldManager", "Required value: is required for apply patch")])
        entry, created = self._registry.apply(
            kind,
            target.namespace,
            target.name,
            document_of(request),
            manager=request.query["fieldManager"],
            force=request.query.get("force", "").lower() in ("1", "true"),
            subresource=target.subresource,
            dry_run=is_dry_run(request),
        )
        return Reply(201 if created else 200, entry.full())

    def _delete(self, target: Target, kind: Kind, request: Request) -> Reply:
        entry = self._registry.read(kind, target.namespace, target.name)
        entry, gone = self._removal.delete(entry, DeleteOptions.parse(document_of(request), request.query))
        return Reply(200, entry.full() if not gone or kind.returns_deleted else _success(entry))

    def _delete_collection(self, target: Target, kind: Kind, request: Request) -> Reply:
        options = DeleteOptions.parse(document_of(request), request.query)
        selection = selection_of(target, kind, request)
        body = self._pages.page(kind, selection, request.query | {"limit": "0"})
        for entry in list(self._registry.store.entries(kind.key).values()):
            if selection.matches(entry.obj):
                self._removal.delete(entry, options)
        return Reply(200, body)


def selection_of(target: Target, kind: Kind, request: Request) -> Selection:
    """What a list or watch selects; a collection addressed by name is a selection of one."""
    fields = request.query.get("fieldSelector", "")
    if target.name:
        fields = ",".join(filter(None, (fields, f"metadata.name={target.name}")))
    return Selection(kind, request.query.get("labelSelector", ""), fields, target.namespace)


def document_of(request: Request) -> Any:
    """The body, decoded."""
    if not request.body:
        return None
    if request.media_type not in ("", APPLY) and not request.media_type.endswith("json"):
        raise UnsupportedMediaType(f"the body of the request was in an unknown format - {request.media_type}")
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as why:
        if request.media_type == APPLY:
            return _yaml(request.body)
        raise BadRequest(f"the object provided is unrecognized: {why}") from why


def is_dry_run(request: Request) -> bool:
    """Whether nothing is to be stored."""
    asked = request.query.get("dryRun", "")
    if asked not in ("", "All"):
        raise Invalid("Options.meta.k8s.io", "", [("dryRun", f'Unsupported value: "{asked}": supported values: "All"')])
    return asked == "All"


def manager_of(request: Request) -> str:
    """Who writes, for field ownership: named in the query, else the program."""
    return request.query.get("fieldManager") or request.headers.get("user-agent", "unknown").partition("/")[0] or "unknown"


def _yaml(body: bytes) -> Any:
    try:
        return yaml.safe_load(body)
    except yaml.YAMLError as why:
        raise BadRequest(f"error decoding YAML: {why}") from why


def _success(entry: Entry) -> bytes:
    details = {"name": entry.key[1], "group": entry.kind.group, "kind": entry.kind.plural, "uid": entry.obj["metadata"]["uid"]}
    return orjson.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
