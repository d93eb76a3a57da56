"""Resources of any kind, made with the parents and the targets that they need."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from api_server.model.catalog import ROOT, Catalog
from api_server.model.kind import Kind
from tests.contract.world import DEFAULT_IPAM, Document, World, link

SYSTEM = "global-system-config"

# What a kind cannot be made without, or what makes it fit as a target of any other.
NEEDS: dict[str, Document] = {
    # Contract 3.4 virtual-network: others may refer to a provider network only.
    "virtual-network": {"is_provider_network": True, "network_ipam_refs": link("10.1.1.0/24", to=DEFAULT_IPAM)},
    # Contract 3.4 virtual-machine-interface: a health check of a port is link-local.
    "service-health-check": {"service_health_check_properties": {"health_check_type": "link-local", "monitor_type": "PING"}},
    "loadbalancer-healthmonitor": {
        "loadbalancer_healthmonitor_properties": {"monitor_type": "PING", "delay": 5, "timeout": 5, "max_retries": 3}
    },
    "floating-ip": {"floating_ip_address": "10.1.1.77"},
    # Contract 3.4 qos: a number is one class's, and all tests share a server.
    "forwarding-class": {"forwarding_class_id": None},
    # Contract 3.4 firewall family: a service, or one service group.
    "firewall-rule": {"service": {"protocol": "any"}},
}
# Contract 3.4: what these refer to, they always refer to.
REFERS: dict[str, list[str]] = {"virtual-machine-interface": ["virtual-network"], "instance-ip": ["virtual-network"]}
# Contract 3.4 virtual-network: a parent has one of these at most, so each gets a parent of its own.
ALONE = {"bridge-domain"}
# Contract 3.4 floating-ip: below an instance-ip no address is taken, the given one is stored.
PREFERRED_PARENTS = ["project", "instance-ip"]


@dataclass(frozen=True, slots=True)
class Population:
    """One resource of each kind that was asked for, in the world of one test."""

    world: World
    catalog: Catalog
    _made: dict[str, Document] = field(default_factory=dict)

    async def one(self, name: str) -> Document:
        """A resource of that kind to put others below, or to refer to: the same one each time."""
        if name not in self._made:
            self._made[name] = await self._find_or_make(name)
        return self._made[name]

    async def place(self, kind: Kind) -> Document:
        """A free name, and the parent it is below."""
        name = name_of(kind)
        parent = parent_of(kind)
        if parent is None:
            return {"fq_name": [name]}
        above = await (self._find_or_make if kind.name in ALONE else self.one)(parent)
        return {"fq_name": [*above["fq_name"], name], "parent_type": parent}

    async def needs(self, kind: Kind) -> Document:
        """What the kind cannot do without."""
        refs = {self.catalog[target].snake + "_refs": [{"to": (await self.one(target))["fq_name"]}] for target in REFERS.get(kind.name, ())}
        own = tag_of() if kind.name == "tag" else NEEDS.get(kind.name, {})
        return {**own, **refs}

    async def _find_or_make(self, name: str) -> Document:
        if name in {"domain", "project"}:
            return {"uuid": self.world.ids[name], "fq_name": self.world.project[: 2 if name == "project" else 1]}
        if name == SYSTEM:
            (only,) = await self.world.listed(SYSTEM)
            return only
        kind = self.catalog[name]
        body = {**await self.place(kind), **await self.needs(kind)}
        response = await self.world.api.post(f"/{kind.collection}", json={name: body})
        assert response.status_code == 200, f"{name}: {response.text}"
        made: dict[str, Any] = response.json()[name]
        return made


def parent_of(kind: Kind) -> str | None:
    """The kind to put it below; None for the root."""
    parents = [name for name in kind.parents if name != ROOT]
    for preferred in PREFERRED_PARENTS:
        if preferred in parents:
            return preferred
    return parents[0] if parents else None


def name_of(kind: Kind) -> str:
    """A name that no other resource has."""
    if kind.name == "route-target":
        # Not of `random`: hypothesis starts that anew for every example.
        return f"target:64512:{1 + uuid4().int % 7_000_000}"
    return f"{kind.name}-{uuid4().hex[:12]}"


def tag_of() -> Document:
    """The type and the value of a tag; the two make its name (contract 3.4 tag)."""
    return {"tag_type_name": "label", "tag_value": uuid4().hex}
