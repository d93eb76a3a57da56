"""Every call of the API as a value: what to send, and how to read the answer. Pure; shared by both clients."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx

from ._errors import Unreadable
from ._kinds import FqName, fq_name_of, hyphened
from ._refusals import PROBLEM, refusal

T = TypeVar("T")
Document = dict[str, Any]
Names = list[str]
Addresses = list[str]
Counts = list[int]
Rows = list[Document]
Elements = dict[str, list[tuple[Any, str]]]
Operation = Literal["ADD", "DELETE"]
Excluded = Literal["children", "back_refs", "hrefs"]
Family = Literal["v4", "v6"]
Grouping = Literal["subnet", "network", "project"]

DEFAULT_URL = "http://127.0.0.1:8082"
TIMEOUT = httpx.Timeout(30.0, connect=5.0)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request; `read` makes the reply's JSON into the result, `repeatable` says that sending it twice does no harm."""

    method: str
    path: str
    read: Callable[[Any], T]
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    repeatable: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """The request as httpx sends it, asking for errors that carry a code and facts."""
        headers = {"Accept": f"application/json, {PROBLEM}", **self.headers}
        return http.build_request(self.method, self.path, params=self.params or None, json=self.body, headers=headers)

    def answer(self, reply: httpx.Response) -> T:
        """What the reply means: the result, or the error it is raised as."""
        if not reply.is_success:
            raise refusal(reply)
        try:
            return self.read(json.loads(reply.content) if reply.content.strip() else {})
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            raise Unreadable(self.method, str(reply.url), reply.text) from why


class InvalidUrl(ValueError):
    """The API's URL is none; the message shows what one looks like."""

    def __init__(self, url: str) -> None:
        super().__init__(f"api url {url!r}: expected http://host:port or https://host:port")


class InvalidToken(ValueError):
    """The token cannot be one; the message does not repeat it."""

    def __init__(self) -> None:
        super().__init__("token: expected printable ASCII characters in one line, as `netweave token` or Keystone tell it")


def headers_of(headers: Mapping[str, str] | None, token: str | None) -> dict[str, str]:
    """What each request carries; blanks and line ends around a token are not part of it."""
    token = (token or "").strip()
    if not (token.isascii() and token.isprintable()):
        raise InvalidToken
    return {**(headers or {}), **({"X-Auth-Token": token} if token else {})}


def checked_url(url: str) -> str:
    """The URL without a trailing slash; InvalidUrl if it is not one of HTTP."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as why:
        raise InvalidUrl(url) from why
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise InvalidUrl(url)
    return url.rstrip("/")


def create(kind: str, document: Mapping[str, Any], key: str | None) -> Call[Document]:
    name = hyphened(kind)
    return _once(Call("POST", f"/{name}s", lambda body: _object(body[name]), body={name: dict(document)}, repeatable=False), key)


def read(kind: str, uuid: str, fields: Iterable[str] | None, exclude: Iterable[str]) -> Call[Document]:
    name = hyphened(kind)
    params = {f"exclude_{what}": "true" for what in exclude}
    if fields is not None:
        params["fields"] = ",".join(fields)
    return Call("GET", _path(name, uuid), lambda body: _object(body[name]), params)


def update(kind: str, uuid: str, document: Mapping[str, Any], etag: str | None) -> Call[Document]:
    # An update that has nothing to say is answered with an empty body (contract 1.4.3).
    name = hyphened(kind)
    return _if(Call("PUT", _path(name, uuid), lambda body: _object(body.get(name, {})), body={name: dict(document)}), etag)


def delete(kind: str, uuid: str, etag: str | None) -> Call[None]:
    return _if(Call("DELETE", _path(hyphened(kind), uuid), _nothing), etag)


def bulk(entries: Iterable[Mapping[str, Any]], *, fields: Iterable[str], dry_run: bool) -> Call[Rows]:
    body, told = {"resources": [dict(entry) for entry in entries]}, ",".join(fields)
    params = ({"fields": told} if told else {}) | ({"dry_run": "true"} if dry_run else {})
    # With the key it may be asked again whatever became of the first answer.
    headers = {} if dry_run else {"Idempotency-Key": str(uuid4())}
    return Call("POST", "/v2/bulk", lambda reply: [_object(one) for one in reply["results"]], params, body, headers=headers)


def find(kind: str, fq_name: FqName) -> Call[str]:
    body = {"type": hyphened(kind), "fq_name": fq_name_of(fq_name, kind)}
    return Call("POST", "/fqname-to-id", lambda reply: str(reply["uuid"]), body=body)


def name_of(uuid: str) -> Call[tuple[str, Names]]:
    return Call("POST", "/id-to-fqname", lambda reply: (str(reply["type"]), [str(part) for part in reply["fq_name"]]), body={"uuid": uuid})


def ref_update(kind: str, uuid: str, ref_kind: str, target: Mapping[str, Any], operation: str, attr: Any) -> Call[str]:
    body = {"type": hyphened(kind), "uuid": uuid, "ref-type": hyphened(ref_kind), **target, "operation": operation, "attr": attr}
    return Call("POST", "/ref-update", lambda reply: str(reply["uuid"]), body=body)


def target(kind: str, uuid: str | None, fq_name: FqName | None) -> dict[str, Any]:
    """The target of a ref by uuid or by name; a uuid wins (contract 1.8)."""
    if uuid is None and fq_name is None:
        raise ValueError("a ref needs the target's uuid or its fq_name")
    return {"ref-uuid": uuid, "ref-fq-name": None if fq_name is None else fq_name_of(fq_name, kind)}


def ref_relax(uuid: str, ref_uuid: str) -> Call[str]:
    return Call("POST", "/ref-relax-for-delete", lambda reply: str(reply["uuid"]), body={"uuid": uuid, "ref-uuid": ref_uuid})


def prop_collection_get(uuid: str, fields: Iterable[str], position: str | None) -> Call[Elements]:
    params = {"uuid": uuid, "fields": ",".join(fields)} | ({} if position is None else {"position": position})
    return Call("GET", "/prop-collection-get", _elements, params)


def prop_collection_update(uuid: str, updates: Iterable[Mapping[str, Any]]) -> Call[None]:
    changes = [dict(change) for change in updates]
    # An element added without a position gets a fresh one each time (contract 1.9).
    once = any(str(change.get("operation")).lower() == "add" and change.get("position") is None for change in changes)
    return Call("POST", "/prop-collection-update", _nothing, body={"uuid": uuid, "updates": changes}, repeatable=not once)


def ip_alloc(network: str, count: int, subnet: str | None, family: str | None, key: str | None) -> Call[Addresses]:
    body = {"count": count, "subnet": subnet} | ({} if family is None else {"family": family})
    path = f"{_path('virtual-network', network)}/ip-alloc"
    return _once(Call("POST", path, lambda reply: list(reply["ip_addr"]), body=body, repeatable=False), key)


def ip_free(network: str, addresses: Iterable[str]) -> Call[None]:
    return Call("POST", f"{_path('virtual-network', network)}/ip-free", _nothing, body={"ip_addr": list(addresses)})


def subnet_ip_count(network: str, subnets: Iterable[str]) -> Call[Counts]:
    path, body = f"{_path('virtual-network', network)}/subnet-ip-count", {"subnet_list": list(subnets)}
    return Call("POST", path, lambda reply: [int(n) for n in reply["ip_count_list"]], body=body)


def home() -> Call[Document]:
    return Call("GET", "/", _object)


def search(text: str, kinds: Iterable[str] | None, limit: int | None) -> Call[Document]:
    chosen = {} if kinds is None else {"kinds": ",".join(map(hyphened, kinds))}
    return Call("GET", "/v2/search", _object, {"q": text, **chosen, **_limited(limit)})


def utilization(by: str, chosen: Mapping[str, str | None], limit: int | None) -> Call[Document]:
    params = {"by": by} | {name: uuid for name, uuid in chosen.items() if uuid is not None}
    return Call("GET", "/v2/ipam/utilization", _object, {**params, **_limited(limit)})


def address_map(subnet: str, start: str | None, limit: int | None) -> Call[Document]:
    params = {} if start is None else {"start": start}
    return Call("GET", f"/v2/ipam/subnets/{quote(subnet, safe='')}/map", _object, {**params, **_limited(limit)})


def schema(kind: str | None) -> Call[Document]:
    return Call("GET", "/v2/schema" if kind is None else f"/v2/schema/{quote(hyphened(kind), safe='')}", _object)


def _limited(limit: int | None) -> dict[str, str]:
    return {} if limit is None else {"limit": str(limit)}


def _once(call: Call[T], key: str | None) -> Call[T]:
    """The call under a key: the server does it once, so that it may be sent again."""
    return call if key is None else replace(call, headers={"Idempotency-Key": key}, repeatable=True)


def _if(call: Call[T], etag: str | None) -> Call[T]:
    """The call only to the state that has this ETag; a second one would find another state."""
    return call if etag is None else replace(call, headers={"If-Match": etag}, repeatable=False)


def _path(kind: str, uuid: str) -> str:
    return f"/{kind}/{quote(uuid, safe='')}"


def _object(body: Any) -> Document:
    if not isinstance(body, dict):
        raise TypeError("an object was expected")
    return body


def _elements(body: Any) -> Elements:
    return {name: [(value, str(position)) for value, position in elements] for name, elements in body.items()}


def _nothing(_: Any) -> None:
    return None
