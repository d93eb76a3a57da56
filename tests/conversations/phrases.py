"""Which request a phrase of a conversation stands for."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from api_server.model.catalog import ROOT
from api_server.model.kind import Kind
from tests.contract.world import DEFAULT_IPAM, subnet
from tests.conversations.files import CATALOG, Mistake, Request
from tests.conversations.matching import ABSENT
from tests.conversations.scope import Scope

Document = dict[str, Any]
NETWORK, INTERFACE, ADDRESS = "virtual-network", "virtual-machine-interface", "instance-ip"
# Kinds of which a conversation's objects live in its project, then in its domain, unless it says otherwise.
PLACES = ["project", "domain"]
NOTHING = object()


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request; where it makes or reads an object, its kind and the name to keep it under."""

    method: str
    path: str
    body: Any = NOTHING
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None
    kind: str = ""
    name: str = ""


def call_of(request: Request, scope: Scope) -> Call:
    """Raises Mistake where nobody understands the phrase."""
    phrase, body = scope.fill(request.phrase), scope.fill(request.body)
    for pattern, function in PHRASES:
        if match := pattern.fullmatch(phrase):
            said = {key: value or "" for key, value in match.groupdict().items()}
            call = function(scope, body, **said)
            return replace(call, body=_without_absent(call.body))
    raise Mistake(f"nobody understands {phrase!r}; README.md has the phrases")


def _without_absent(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _without_absent(value) for key, value in said.items() if value != ABSENT}
    return [_without_absent(each) for each in said] if isinstance(said, list) else said


def _kind(name: str) -> Kind:
    if name not in CATALOG.kinds:
        raise Mistake(f"there is no kind {name!r}")
    return CATALOG[name]


def _fields(body: Any) -> tuple[Document, dict[str, str]]:
    """The fields of an object, and the headers that were written among them."""
    if body is not None and not isinstance(body, dict):
        raise Mistake(f"an object is a mapping, not {body!r}")
    fields = dict(body or {})
    return fields, fields.pop("$headers", {})


def _create(scope: Scope, body: Any, kind: str, name: str = "", parent: str = "") -> Call:
    fields, headers = _fields(body)
    document = {**_place(scope, _kind(kind), name or f"some-{uuid4().hex[:8]}", parent, fields), **fields}
    return Call("POST", f"/{_kind(kind).collection}", {kind: document}, headers, kind=kind, name=name)


def _place(scope: Scope, kind: Kind, name: str, parent: str, fields: Document) -> Document:
    """The full name: below what was said, or the project, or the domain, or at the root; beside strangers it carries the mark."""
    if parent and parent != "root":
        above = scope.object(parent)
        own = any(scope.mark in each for each in above.shown["fq_name"])
        return {"fq_name": [*above.shown["fq_name"], name if own else f"{name}-{scope.mark}"], "parent_type": above.kind}
    real = [each for each in kind.parents if each != ROOT]
    if parent == "root" or not real:
        return {"fq_name": [f"{name}-{scope.mark}"]}
    for place in PLACES:
        if place in real:
            return {"fq_name": [*scope.object(place).shown["fq_name"], name], "parent_type": place}
    if "fq_name" in fields:
        return {}
    raise Mistake(f"say what the {kind.name} is in: create {kind.name} {name} in <name of a {' or a '.join(real)}>")


def _network(scope: Scope, body: Any, name: str = "", parent: str = "") -> Call:
    fields, headers = _fields(body if isinstance(body, dict) else {"subnets": body})
    subnets, ipam = fields.pop("subnets", None), fields.pop("ipam", {"to": DEFAULT_IPAM})
    if subnets is not None:
        entries = [_subnet(each) for each in (subnets if isinstance(subnets, list) else [subnets])]
        fields["network_ipam_refs"] = [{**ipam, "attr": {"ipam_subnets": entries}}]
    return _create(scope, {**fields, "$headers": headers}, NETWORK, name, parent)


def _subnet(said: Any) -> Document:
    if isinstance(said, str):
        return subnet(said)
    if not isinstance(said, dict) or "cidr" not in said:
        raise Mistake(f"a subnet is 10.1.1.0/24, or a mapping with cidr; not {said!r}")
    return subnet(said["cidr"], **{key: value for key, value in said.items() if key != "cidr"})


def _interface(scope: Scope, body: Any, name: str = "", network: str = "", parent: str = "") -> Call:
    refs = {"virtual_network_refs": [scope.object(network).link]} if network else {}
    return _create(scope, {**refs, **(body or {})}, INTERFACE, name, parent)


def _address(scope: Scope, body: Any, name: str = "", network: str = "", port: str = "") -> Call:
    """A text is the address that is asked for."""
    fields = {"instance_ip_address": body} if isinstance(body, str) else dict(body or {})
    refs = {"virtual_network_refs": [scope.object(network).link]} if network else {}
    if port:
        refs["virtual_machine_interface_refs"] = [scope.object(port).link]
    return _create(scope, {**refs, **fields}, ADDRESS, name)


def _find(_: Scope, body: Any, kind: str, name: str) -> Call:
    return Call("POST", "/fqname-to-id", {"type": _kind(kind).name, "fq_name": body}, kind=kind, name=name)


def _read(scope: Scope, body: Any, name: str, query: str = "", alias: str = "") -> Call:
    _, headers = _fields(body)
    found = scope.object(name)
    return Call("GET", found.path + query, headers=headers, kind=found.kind, name=alias)


def _update(scope: Scope, body: Any, name: str) -> Call:
    fields, headers = _fields(body)
    found = scope.object(name)
    return Call("PUT", found.path, {found.kind: fields}, headers)


def _delete(scope: Scope, body: Any, name: str) -> Call:
    _, headers = _fields(body)
    return Call("DELETE", scope.object(name).path, headers=headers)


def _link(scope: Scope, body: Any, name: str, target: str) -> Call:
    return _ref_update(scope, "ADD", name, target, attr=body)


def _unlink(scope: Scope, body: Any, name: str, target: str) -> Call:
    return _ref_update(scope, "DELETE", name, target, attr=body)


def _ref_update(scope: Scope, operation: str, name: str, target: str, attr: Any) -> Call:
    one, other = scope.object(name), scope.object(target)
    ends = {"type": one.kind, "uuid": one.shown["uuid"], "ref-type": other.kind, "ref-uuid": other.shown["uuid"]}
    return Call("POST", "/ref-update", {**ends, "operation": operation, "attr": attr})


def _http(_: Scope, body: Any, method: str, path: str) -> Call:
    """What goes along is the body; with headers beside it, or as a text that need not be JSON, it says so by `$body` or `$raw`."""
    special = isinstance(body, dict) and body.keys() & {"$headers", "$raw", "$body"}
    if not special:
        return Call(method, path, NOTHING if body is None else body)
    if unknown := body.keys() - {"$headers", "$raw", "$body"}:
        raise Mistake(f"{sorted(unknown)} beside $headers, $raw or $body: put them into $body")
    return Call(method, path, body.get("$body", NOTHING), body.get("$headers", {}), body.get("$raw"))


_NAME = r"[A-Za-z_]\w*"
_AS = rf"(?: (?P<name>{_NAME}))?"
_IN = rf"(?: in (?P<parent>{_NAME}))?"
_ON = rf"(?: on (?P<network>{_NAME}))?"
PHRASES: list[tuple[re.Pattern[str], Callable[..., Call]]] = [
    (re.compile(pattern), function)
    for pattern, function in (
        (rf"create (?P<kind>[\w-]+){_AS}{_IN}", _create),
        (rf"network{_AS}{_IN}", _network),
        (rf"interface{_AS}{_ON}{_IN}", _interface),
        (rf"address{_AS}{_ON}(?: for (?P<port>{_NAME}))?", _address),
        (rf"find (?P<kind>[\w-]+) (?P<name>{_NAME})", _find),
        (rf"read (?P<name>{_NAME})(?P<query>\?\S*)?(?: as (?P<alias>{_NAME}))?", _read),
        (rf"update (?P<name>{_NAME})", _update),
        (rf"delete (?P<name>{_NAME})", _delete),
        (rf"link (?P<name>{_NAME}) to (?P<target>{_NAME})", _link),
        (rf"unlink (?P<name>{_NAME}) from (?P<target>{_NAME})", _unlink),
        (r"(?P<method>GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS) (?P<path>/\S*)", _http),
    )
]
