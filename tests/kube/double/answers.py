"""A request to a kind, done: verb by verb, from the body and the query to the reply."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from .kinds import Kind
from .pages import Pages
from .refusals import BadRequest, Conflict, Invalid, TooLarge, UnsupportedMediaType
from .registry import Registry, Write
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
            message = f"Request entity too large: limit is {3 * 1024 * 1024}"
            raise TooLarge(message)
        return self._verbs[target.verb](target, kind, request)

    def _get(self, target: Target, kind: Kind, _: Request) -> Reply:
        return Reply(200, self._registry.read(kind, target.namespace, target.name).full())

    def _list(self, target: Target, kind: Kind, request: Request) -> Reply:
        return Reply(200, self._pages.page(kind, selection_of(target, kind, request), request.query))

    def _create(self, target: Target, kind: Kind, request: Request) -> Reply:
        if target.subresource == "binding":
            return self._bind(target, kind, request)
        return Reply(201, self._registry.create(kind, target.namespace, document_of(request), write_of(target, request)).full())

    def _bind(self, target: Target, kind: Kind, request: Request) -> Reply:
        """What a scheduler does: a pod that has no node gets one, for good."""
        entry = self._registry.read(kind, target.namespace, target.name)
        bound = deepcopy(entry.obj)
        if bound["spec"].get("nodeName"):
            message = f"pod {target.name} is already assigned to node {bound['spec']['nodeName']!r}"
            raise Conflict(message, name=target.name, kind=kind.plural)
        bound["spec"]["nodeName"] = document_of(request)["target"]["name"]
        return Reply(201, _success(self._registry.store.put(kind, bound)))

    def _update(self, target: Target, kind: Kind, request: Request) -> Reply:
        how = write_of(target, request)
        entry, created = self._registry.update(kind, target.namespace, target.name, document_of(request), how)
        return Reply(201 if created else 200, entry.full())

    def _patch(self, target: Target, kind: Kind, request: Request) -> Reply:
        if request.media_type == APPLY:
            return self._apply(target, kind, request)
        entry = self._registry.read(kind, target.namespace, target.name)
        return Reply(200, self._registry.patch(entry, request.media_type, document_of(request), write_of(target, request)).full())

    def _apply(self, target: Target, kind: Kind, request: Request) -> Reply:
        if not request.query.get("fieldManager"):
            raise Invalid("PatchOptions.meta.k8s.io", "", [("fieldManager", "Required value: is required for apply patch")])
        how = write_of(target, request)
        entry, created = self._registry.apply(kind, target.namespace, target.name, document_of(request), how)
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
        message = f"the body of the request was in an unknown format - {request.media_type}"
        raise UnsupportedMediaType(message)
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as why:
        if request.media_type == APPLY:
            return _yaml(request.body)
        message = f"the object provided is unrecognized: {why}"
        raise BadRequest(message) from why


def write_of(target: Target, request: Request) -> Write:
    """How a request wants its change made; who writes is named in the query, else by the program's name."""
    query = request.query
    asked = query.get("dryRun", "")
    if asked not in ("", "All"):
        raise Invalid("Options.meta.k8s.io", "", [("dryRun", f'Unsupported value: "{asked}": supported values: "All"')])
    manager = query.get("fieldManager") or request.headers.get("user-agent", "").partition("/")[0] or "unknown"
    return Write(target.subresource, asked == "All", manager, query.get("force", "").lower() in ("1", "true"))


def _yaml(body: bytes) -> Any:
    try:
        return yaml.safe_load(body)
    except yaml.YAMLError as why:
        message = f"error decoding YAML: {why}"
        raise BadRequest(message) from why


def _success(entry: Entry) -> bytes:
    details = {"name": entry.key[1], "group": entry.kind.group, "kind": entry.kind.plural, "uid": entry.obj["metadata"]["uid"]}
    return orjson.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
