"""Every kind with routes is created, read, listed, updated and deleted, with a value for each property and a ref of each type.

What a kind does beyond being stored stands in the tables below, each entry beside the line of the contract that asks for it.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from api_server.model.catalog import ROOT, load
from api_server.model.kind import Kind
from tests.contract.population import SYSTEM, Population, tag_of
from tests.contract.values import attribute_value, property_values
from tests.contract.world import Document, World, link

CATALOG = load()
KINDS = [kind for kind in CATALOG if kind.name != ROOT]

# Left out of the walk: the server gives the value, or refuses one that the schema would allow.
LEFT_OUT: dict[str, set[str]] = {
    # 4.4: an instance-ip is in a subnet of its network; 4.5: one kind of ref decides the pool, a router and a network refuse each other.
    "instance-ip": {"subnet_uuid", "network_ipam_refs", "virtual_router_refs"},
    # 3.4 firewall family: `all_applications` is the server's.
    "application-policy-set": {"all_applications"},
    # 3.4 firewall family: a service or a service group; the other refs follow from the endpoints.
    "firewall-rule": {"service_group_refs", "address_group_refs", "virtual_network_refs", "tag_refs"},
    # 3.4 tag: the server sets the ref to the type.
    "tag": {"tag_type_refs", "tag_type_name", "tag_value", "tag_predefined"},
    # 3.4 floating-ip-pool: the subnets are the network's own, whose uuids the server draws.
    "floating-ip-pool": {"floating_ip_pool_subnets"},
    # 3.4 logical-router: its external network is none of those that its ports are in.
    "logical-router": {"virtual_network_refs"},
    # 3.4 virtual-router: a link to an IPAM carries pools that are set aside in that IPAM.
    "virtual-router": {"network_ipam_refs"},
}

# Given instead of the generated value.
GIVEN: dict[str, Document] = {
    # 3.4 routing-instance: only the server makes a default one.
    "routing-instance": {"routing_instance_is_default": False},
}

# Never taken away again once it is there.
KEPT: dict[str, set[str]] = {
    # 3.4 firewall family: a rule has a service, or a service group.
    "firewall-rule": {"service"},
    # 4.5: the address and what it was chosen by cannot be changed.
    "instance-ip": {"instance_ip_address", "instance_ip_family", "virtual_network_refs"},
    # 3.4 floating-ip, alias-ip: the address stays.
    "floating-ip": {"floating_ip_address"},
    "alias-ip": {"alias_ip_address"},
    # 3.4 network-ipam: how it divides its addresses cannot be changed.
    "network-ipam": {"ipam_subnet_method", "ipam_subnetting"},
    # 3.4 logical-router: the type stays.
    "logical-router": {"logical_router_type"},
    # 3.4 tag: what names it cannot be changed.
    "tag": {"display_name", "tag_type_name", "tag_value"},
    # 3.4 virtual-machine-interface: it is in a network, and its routing instance follows that network.
    # 2.7: what the server draws stays, so a MAC that is taken away comes back as another.
    "virtual-machine-interface": {
        "virtual_network_refs",
        "routing_instance_refs",
        "virtual_machine_interface_mac_addresses",
    },
    # 3.4 virtual-network: a provider network stays one.
    "virtual-network": {"is_provider_network"},
}

# Refused as a whole: exactly one exists (3.4 global-system-config).
SINGLE = {SYSTEM}


@pytest.fixture
def population(world: World) -> Population:
    return Population(world, CATALOG)


async def body_of(population: Population, kind: Kind) -> tuple[Document, Document]:
    """A value for each property, and a ref of each type; those that the tables leave out are what the kind needs."""
    needs = await population.needs(kind)
    values = {**property_values(CATALOG, kind), **GIVEN.get(kind.name, {})}
    refs = {name: [await ref_to(population, name, kind)] for name in kind.refs if name not in LEFT_OUT.get(kind.name, ())}
    kept = {name: value for name, value in values.items() if name not in LEFT_OUT.get(kind.name, ())}
    return {**{name: value for name, value in needs.items() if name not in refs}, **kept}, refs


async def ref_to(population: Population, name: str, kind: Kind) -> Document:
    rule = kind.refs[name]
    target = await population.one(rule.target)
    attr = attribute_value(CATALOG, rule)
    if kind.name == "virtual-network" and rule.target == "network-ipam":
        attr = link("10.1.2.0/24")[0]["attr"]
    return {"to": target["fq_name"], "uuid": target["uuid"], "attr": attr}


def assert_shows(shown: Document, values: Mapping[str, Any], refs: Mapping[str, list[Document]]) -> None:
    """Everything that was given is there, and equal."""
    assert {name: shown.get(name) for name in values} == values
    for name, given in refs.items():
        found = {ref["uuid"]: (ref["to"], ref["attr"]) for ref in shown[name]}
        for ref in given:
            to, attr = found[ref["uuid"]]
            assert to == ref["to"]
            assert_contains(attr, ref["attr"])


def assert_contains(shown: Any, given: Any) -> None:
    """Equal, but for what the server fills in to a subnet (contract 4.2)."""
    if isinstance(given, dict) and "ipam_subnets" in given:
        for there, here in zip(shown["ipam_subnets"], given["ipam_subnets"], strict=True):
            assert {name: there[name] for name in here} == here
    else:
        assert shown == given


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name not in SINGLE], ids=lambda kind: str(kind.name))
async def test_a_kind_is_created_read_listed_updated_and_deleted(population: Population, kind: Kind) -> None:
    world = population.world
    values, refs = await body_of(population, kind)
    place = await population.place(kind)

    uuid = await created(world, kind, {**place, **values, **refs})
    shown = await world.read(kind.name, uuid)
    assert_shows(shown, values, refs)
    await assert_listed(world, kind, shown)

    renamed = {} if "display_name" in KEPT.get(kind.name, ()) else {"display_name": "renamed"}
    await world.update(kind.name, uuid, **renamed)
    assert_shows(await world.read(kind.name, uuid), {**values, **renamed}, refs)

    await assert_cleared_and_given_again(world, kind, uuid, values, refs)

    assert (await world.delete(kind.name, uuid)).status_code == 200
    assert (await world.api.get(f"/{kind.name}/{uuid}")).status_code == 404
    assert (await world.action("fqname-to-id", type=kind.name, fq_name=shown["fq_name"])).status_code == 404


async def created(world: World, kind: Kind, body: Document) -> str:
    response = await world.api.post(f"/{kind.collection}", json={kind.name: body})
    assert response.status_code == 200, response.text
    answered = response.json()[kind.name]
    if kind.name != "tag":
        assert answered["fq_name"] == body["fq_name"]
    assert answered.get("parent_type") == body.get("parent_type")
    uuid: str = answered["uuid"]
    return uuid


async def assert_listed(world: World, kind: Kind, shown: Document) -> None:
    uuid = shown["uuid"]
    (entry,) = await world.listed(kind.name, obj_uuids=uuid)
    (detail,) = await world.listed(kind.name, obj_uuids=uuid, detail="true")
    count = await world.api.get(f"/{kind.collection}", params={"obj_uuids": uuid, "count": "true"})
    assert entry == {"uuid": uuid, "fq_name": shown["fq_name"], "href": shown["href"]}
    assert_shows(detail[kind.name], {name: shown[name] for name in kind.properties if name in shown}, {})
    assert set(kind.refs) & set(detail[kind.name]) == set(kind.refs) & set(shown)
    assert count.json() == {kind.collection: {"count": 1}}


async def assert_cleared_and_given_again(world: World, kind: Kind, uuid: str, values: Document, refs: Document) -> None:
    """Null takes a property away, an empty list the refs; both can be put again."""
    kept = KEPT.get(kind.name, set())
    cleared = dict.fromkeys({*values} - kept)
    emptied: dict[str, list[Document]] = {name: [] for name in {*refs} - kept}

    await world.update(kind.name, uuid, **cleared, **emptied)
    shown = await world.read(kind.name, uuid)
    assert {*cleared, *emptied} & {*shown} == set()

    await world.update(kind.name, uuid, **{name: values[name] for name in cleared}, **{name: refs[name] for name in emptied})
    assert_shows(await world.read(kind.name, uuid), values, refs)


async def test_the_one_global_system_config_is_read_listed_and_updated_only(population: Population) -> None:
    world, kind = population.world, CATALOG[SYSTEM]
    only = await population.one(SYSTEM)
    before = await world.read(SYSTEM, only["uuid"])
    values = property_values(CATALOG, kind)

    second = await world.api.post(f"/{kind.collection}", json={SYSTEM: {"fq_name": ["another"]}})
    await world.update(SYSTEM, only["uuid"], **values)
    shown = await world.read(SYSTEM, only["uuid"])
    await world.update(SYSTEM, only["uuid"], **{name: before.get(name) for name in values})
    deleted = await world.delete(SYSTEM, only["uuid"])

    assert second.status_code == 400
    assert_shows(shown, values, {})
    assert deleted.status_code == 409


def test_the_walk_meets_every_kind_of_the_home_page_but_the_root() -> None:
    assert len(KINDS) == 125
    assert {*LEFT_OUT, *GIVEN, *KEPT, *SINGLE} <= {kind.name for kind in KINDS}


def test_what_the_tables_name_is_in_the_schema() -> None:
    for name, entries in [*LEFT_OUT.items(), *GIVEN.items(), *KEPT.items()]:
        kind = CATALOG[name]
        assert {*entries} <= {*kind.properties, *kind.refs}
    assert tag_of().keys() <= CATALOG["tag"].properties.keys()
