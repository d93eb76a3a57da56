"""One request for each operation of the OpenAPI document that must be answered 200: its example, with parents and refs that exist."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from api_server.model.catalog import Catalog
from api_server.model.kind import Kind
from tests.contract.population import Population, name_of
from tests.contract.world import Document, World, subnets_of

# Paths whose answers end only when the request says so, with what to say.
ENDLESS = {"/watch": {"timeout": "0"}}
# Operations that no request can succeed in, with the line of the contract.
NEVER = {
    # 3.4 global-system-config: exactly one may exist; 1.4.4: objects of section 6 stay.
    "global_system_config_create",
    "global_system_config_delete",
    # 1.15: refused until it is a setting of all processes.
    "aaa_mode_update",
}


# The five operations of a kind, with the path and the method of each.
VERBS = {"create": ("/{collection}", "post"), "list": ("/{collection}", "get")} | {
    verb: ("/{kind}/{{uuid}}", method) for verb, method in (("read", "get"), ("update", "put"), ("delete", "delete"))
}


@dataclass(frozen=True, slots=True)
class Seed:
    """What to put into a request, and into what was generated to make it mean something."""

    path: dict[str, str]
    query: dict[str, str]
    body: Any = None
    kind: Kind | None = None
    place: Document = field(default_factory=dict)

    def settle(self, body: Any) -> Any:
        """A generated document in a place that exists, without refs to what does not; any other body as it is."""
        if self.kind is None or not isinstance(body, dict) or not isinstance(body.get(self.kind.name), dict):
            return body
        own = {name: value for name, value in body[self.kind.name].items() if name not in self.kind.refs}
        return {**body, self.kind.name: {**own, **self._place()}}

    def _place(self) -> Document:
        """The place under a name that nothing has yet."""
        if self.kind is None or not self.place:
            return {}
        return {"parent_uuid": None, "uuid": None, **self.place, "fq_name": [*self.place["fq_name"][:-1], name_of(self.kind)]}


@dataclass(frozen=True, slots=True)
class Seeds:
    """Makes what the requests of one test refer to."""

    population: Population

    @property
    def world(self) -> World:
        return self.population.world

    @property
    def catalog(self) -> Catalog:
        return self.population.catalog

    async def of_kind(self, kind: Kind, verb: str, example: Any) -> Seed:
        """For create, list, read, update or delete of a kind."""
        if verb == "list":
            return Seed({}, {})
        if verb == "create":
            place = {**await self.population.needs(kind), **await self.population.place(kind)}
            return Seed({}, {}, {kind.name: {**example[kind.name], **place}}, kind, place)
        made = await self.new(kind) if verb == "delete" else await self.population.one(kind.name)
        return Seed({"uuid": made["uuid"]}, {}, example, kind)

    async def new(self, kind: Kind) -> Document:
        """One that nobody else refers to."""
        body = {**await self.population.place(kind), **await self.population.needs(kind)}
        response = await self.world.api.post(f"/{kind.collection}", json={kind.name: body})
        assert response.status_code == 200, response.text
        made: Document = response.json()[kind.name]
        return made

    async def of_action(self, path: str, verb: str) -> Seed:
        """For the paths that belong to no kind, and the address verbs of a network."""
        if verb == "get" and path in {"/", "/livez", "/readyz", "/obj-perms", "/aaa-mode", "/multi-tenancy", "/v2/schema"}:
            return Seed({}, {})
        return await (ACTIONS.get(f"{verb} {path}") or ACTIONS[path])(self)

    async def network(self) -> Document:
        return await self.world.network(name_of(self.catalog["virtual-network"]), "10.1.1.0/24")


async def name_to_id(seeds: Seeds) -> Seed:
    return Seed({}, {}, {"type": "project", "fq_name": seeds.world.project})


async def id_to_name(seeds: Seeds) -> Seed:
    return Seed({}, {}, {"uuid": seeds.world.project_id})


async def bulk(seeds: Seeds) -> Seed:
    return Seed({}, {}, {"type": "project", "obj_uuids": [seeds.world.project_id], "detail": True})


async def ref_update(seeds: Seeds) -> Seed:
    network, policy = await seeds.network(), await seeds.population.one("network-policy")
    target = {"ref-type": "network-policy", "ref-uuid": policy["uuid"], "attr": None}
    return Seed({}, {}, {"type": "virtual-network", "uuid": network["uuid"], "operation": "ADD", **target})


async def relax(seeds: Seeds) -> Seed:
    added = await ref_update(seeds)
    await seeds.world.action("ref-update", **added.body)
    return Seed({}, {}, {"uuid": added.body["uuid"], "ref-uuid": added.body["ref-uuid"]})


async def collection_get(seeds: Seeds) -> Seed:
    return Seed({}, {"uuid": seeds.world.project_id, "fields": "annotations"})


async def collection_update(seeds: Seeds) -> Seed:
    update = {"field": "annotations", "operation": "set", "value": {"key": "colour", "value": "red"}}
    return Seed({}, {}, {"uuid": seeds.world.project_id, "updates": [update]})


async def chown(seeds: Seeds) -> Seed:
    return Seed({}, {}, {"uuid": (await seeds.network())["uuid"], "owner": str(uuid4())})


async def chmod(seeds: Seeds) -> Seed:
    return Seed({}, {}, {"uuid": (await seeds.network())["uuid"], "global_access": 5})


async def watch(_: Seeds) -> Seed:
    return Seed({}, {"resource_type": "virtual_network,project", **ENDLESS["/watch"]})


async def changes(seeds: Seeds) -> Seed:
    return Seed({}, {"uuid": seeds.world.project_id, "newest_first": "true"})


async def keys(_: Seeds) -> Seed:
    return Seed({}, {}, {"operation": "STORE", "key": uuid4().hex, "value": "blue"})


async def tagged(seeds: Seeds) -> Seed:
    network, tag = await seeds.network(), await seeds.population.one("tag")
    return Seed(
        {}, {}, {"obj_type": "virtual-network", "obj_uuid": network["uuid"], "label": {"value": tag["fq_name"][-1].partition("=")[2]}}
    )


async def pool(_: Seeds) -> Seed:
    return Seed({}, {}, {"pool": uuid4().hex, "start": 1, "end": 100})


async def made_pool(seeds: Seeds) -> Seed:
    made = await pool(seeds)
    response = await seeds.world.action("int-pools", **made.body)
    assert response.status_code == 200, response.text
    return Seed({}, {}, {"pool": made.body["pool"]})


async def number(seeds: Seeds) -> Seed:
    name = (await made_pool(seeds)).body["pool"]
    return Seed({}, {"pool": name, "value": "1"}, {"pool": name, "value": 1})


async def alloc(seeds: Seeds) -> Seed:
    return Seed({"uuid": (await seeds.network())["uuid"]}, {}, {"count": 2})


async def free(seeds: Seeds) -> Seed:
    network = await seeds.network()
    reserved = await seeds.world.action(f"virtual-network/{network['uuid']}/ip-alloc", count=1)
    return Seed({"uuid": network["uuid"]}, {}, reserved.json())


async def count(seeds: Seeds) -> Seed:
    network = await seeds.network()
    return Seed({"uuid": network["uuid"]}, {}, {"subnet_list": [subnets_of(network)[0]["subnet_uuid"]]})


async def utilization(seeds: Seeds) -> Seed:
    return Seed({}, {"network": (await seeds.network())["uuid"]})


async def address_map(seeds: Seeds) -> Seed:
    return Seed({"uuid": subnets_of(await seeds.network())[0]["subnet_uuid"]}, {})


async def search(seeds: Seeds) -> Seed:
    return Seed({}, {"q": seeds.world.domain})


async def schema(_: Seeds) -> Seed:
    return Seed({"kind": "virtual-network"}, {})


async def many(seeds: Seeds) -> Seed:
    network = await seeds.network()
    address = {"fq_name": [name_of(seeds.catalog["instance-ip"])], "virtual_network_refs": [{"to": network["fq_name"]}]}
    change = {"uuid": network["uuid"], "display_name": "changed"}
    entries = [{"kind": "instance-ip", "data": address}, {"kind": "virtual-network", "operation": "update", "data": change}]
    return Seed({}, {}, {"resources": entries})


ACTIONS: dict[str, Callable[[Seeds], Awaitable[Seed]]] = {
    "/fqname-to-id": name_to_id,
    "/id-to-fqname": id_to_name,
    "/list-bulk-collection": bulk,
    "/ref-update": ref_update,
    "/v2/bulk": many,
    "/sync": many,
    "/ref-relax-for-delete": relax,
    "/prop-collection-get": collection_get,
    "/prop-collection-update": collection_update,
    "/chown": chown,
    "/chmod": chmod,
    "/useragent-kv": keys,
    "/set-tag": tagged,
    "/watch": watch,
    "/v2/changes": changes,
    "post /int-pools": pool,
    "delete /int-pools": made_pool,
    "/int-pool": number,
    "/virtual-network/{uuid}/ip-alloc": alloc,
    "/virtual-network/{uuid}/ip-free": free,
    "/virtual-network/{uuid}/subnet-ip-count": count,
    "/v2/schema/{kind}": schema,
    "/v2/search": search,
    "/v2/ipam/utilization": utilization,
    "/v2/ipam/subnets/{uuid}/map": address_map,
}
