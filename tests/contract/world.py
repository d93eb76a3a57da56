"""A domain and a project of one test's own, and the few verbs that tests say everything with."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

Document = dict[str, Any]

DEFAULT_IPAM = ["default-domain", "default-project", "default-network-ipam"]
ROOT_KINDS = frozenset({"virtual-machine", "instance-ip", "route-target", "tag-type", "subnet", "domain"})
FAR_AWAY = "00000000-0000-4000-8000-00000000dead"


def subnet(cidr: str, **fields: Any) -> Document:
    """One entry of `ipam_subnets` (contract 4.2)."""
    prefix, length = cidr.split("/")
    return {"subnet": {"ip_prefix": prefix, "ip_prefix_len": int(length)}, **fields}


def link(*subnets: str | Document, to: list[str] | None = None) -> list[Document]:
    """`network_ipam_refs` of a network with these subnets."""
    entries = [subnet(each) if isinstance(each, str) else each for each in subnets]
    return [{"to": to or DEFAULT_IPAM, "attr": {"ipam_subnets": entries}}]


@dataclass(frozen=True, slots=True)
class World:
    """What one test owns: names in it meet no other test's."""

    api: httpx.AsyncClient
    domain: str = field(default_factory=lambda: f"domain-{uuid4().hex[:12]}")
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> list[str]:
        return [self.domain, "project"]

    @property
    def project_id(self) -> str:
        return self.ids["project"]

    async def found(self) -> "World":
        """The domain and the project, made."""
        self.ids["domain"] = (await self.create("domain", self.domain))["uuid"]
        self.ids["project"] = (await self.create("project", "project", parent_type="domain", fq_name=self.project))["uuid"]
        return self

    def fq_name(self, kind: str, name: str) -> list[str]:
        """Where `name` of this kind lives: in the project, or at the root under a name that only this test has."""
        if kind in ROOT_KINDS:
            return [name if kind == "domain" else f"{name}-{self.domain}"]
        return [*self.project, name]

    def document(self, kind: str, name: str, /, **body: Any) -> Document:
        """The body that creates it."""
        place: Document = {"fq_name": self.fq_name(kind, name)}
        if kind not in ROOT_KINDS:
            place["parent_type"] = "project"
        return {kind: {**place, **body}}

    async def post(self, kind: str, name: str, /, **body: Any) -> httpx.Response:
        return await self.api.post(f"/{kind}s", json=self.document(kind, name, **body))

    async def create(self, kind: str, name: str, /, **body: Any) -> Document:
        """Create it and answer what POST answered."""
        return _answer(await self.post(kind, name, **body), kind)

    async def read(self, kind: str, uuid: str, **query: str) -> Document:
        return _answer(await self.api.get(f"/{kind}/{uuid}", params=query), kind)

    async def put(self, kind: str, uuid: str, /, **body: Any) -> httpx.Response:
        return await self.api.put(f"/{kind}/{uuid}", json={kind: body})

    async def update(self, kind: str, uuid: str, /, **body: Any) -> None:
        response = await self.put(kind, uuid, **body)
        assert response.status_code == 200, response.text

    async def delete(self, kind: str, uuid: str) -> httpx.Response:
        return await self.api.delete(f"/{kind}/{uuid}")

    async def listed(self, kind: str, **query: str) -> list[Document]:
        response = await self.api.get(f"/{kind}s", params=query)
        assert response.status_code == 200, response.text
        found: list[Document] = response.json()[f"{kind}s"]
        return found

    async def action(self, path: str, **body: Any) -> httpx.Response:
        return await self.api.post(f"/{path}", json=body)

    async def network(self, name: str, *subnets: str | Document, **body: Any) -> Document:
        """A network with these subnets under the default IPAM, as GET shows it."""
        if subnets:
            body["network_ipam_refs"] = link(*subnets)
        made = await self.create("virtual-network", name, **body)
        return await self.read("virtual-network", made["uuid"])

    async def post_address(self, network: Mapping[str, Any], name: str = "", **body: Any) -> httpx.Response:
        """POST of an instance-ip in this network."""
        refs = [{"to": network["fq_name"], "uuid": network["uuid"]}]
        return await self.post("instance-ip", name or uuid4().hex, **{"virtual_network_refs": refs, **body})

    async def address(self, network: Mapping[str, Any], name: str = "", **body: Any) -> Document:
        """An instance-ip in this network, as GET shows it."""
        made = _answer(await self.post_address(network, name, **body), "instance-ip")
        return await self.read("instance-ip", made["uuid"])

    async def interface(self, network: Mapping[str, Any], name: str, **body: Any) -> Document:
        """A virtual-machine-interface in this network, as GET shows it."""
        refs = [{"to": network["fq_name"], "uuid": network["uuid"]}]
        made = await self.create("virtual-machine-interface", name, **{"virtual_network_refs": refs, **body})
        return await self.read("virtual-machine-interface", made["uuid"])


def subnets_of(network: Mapping[str, Any]) -> list[Document]:
    """The subnets that a network shows, in order."""
    return [entry for ref in network["network_ipam_refs"] for entry in ref["attr"]["ipam_subnets"]]


def by_number(addresses: list[str]) -> list[str]:
    """Addresses in the order of their numbers."""
    return sorted(addresses, key=ipaddress.ip_address)


def _answer(response: httpx.Response, kind: str) -> Document:
    assert response.status_code == 200, f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    document: Document = response.json()[kind]
    return document


@pytest.fixture
async def world(api: httpx.AsyncClient) -> World:
    return await World(api).found()
