"""What a request is about: path and method read as verb, kind, namespace, name and subresource."""

from collections.abc import Mapping
from dataclasses import dataclass

from .kinds import POD, Kind
from .refusals import MethodNotAllowed, NotFound
from .store import KindKey
from .wire import Request

_COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_OBJECT_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_SUBRESOURCE_VERBS = {"status": ("get", "update", "patch"), "binding": ("create",)}
READING = frozenset(("get", "list", "watch"))


@dataclass(frozen=True)
class Target:
    """The address of a request, in the words that RBAC uses."""

    verb: str
    group: str
    version: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def writes(self) -> bool:
        return self.verb not in READING


def target_of(request: Request) -> Target | None:
    """The target of a request to a resource; None for discovery, health and the like."""
    steps = [step for step in request.path.split("/") if step]
    if steps[:1] == ["api"] and len(steps) > 2:
        group, version, rest = "", steps[1], steps[2:]
    elif steps[:1] == ["apis"] and len(steps) > 3:
        group, version, rest = steps[1], steps[2], steps[3:]
    else:
        return None
    namespace = ""
    # /namespaces/x is the namespace itself, /namespaces/x/status its subresource, /namespaces/x/pods what is inside.
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource, name, subresource = [*rest, "", ""][:3]
    verbs = _OBJECT_VERBS if name else _COLLECTION_VERBS
    verb = verbs.get(request.method, "create" if subresource and request.method == "POST" else "")
    if verb == "list" and request.query.get("watch", "").lower() in ("1", "true"):
        verb = "watch"
    return Target(verb, group, version, resource, namespace, name, subresource)


def served(target: Target, kinds: Mapping[KindKey, Kind]) -> Kind:
    """The kind a target names, or the refusal that its address deserves."""
    kind = kinds.get((target.group, target.resource))
    if kind is None or kind.version != target.version:
        raise NotFound.path()
    if target.subresource and not _has(kind, target.subresource):
        raise NotFound.path()
    if kind.namespaced != bool(target.namespace) and (target.name or target.namespace or target.verb == "create"):
        raise MethodNotAllowed("the server does not allow this method on the requested resource")
    if not target.verb or (target.subresource and target.verb not in _SUBRESOURCE_VERBS[target.subresource]):
        raise MethodNotAllowed("the server does not allow this method on the requested resource")
    return kind


def _has(kind: Kind, subresource: str) -> bool:
    return kind.status if subresource == "status" else (subresource, kind.key) == ("binding", POD.key)
