"""Floating and alias ips: which address they get, of which subnets, and that nothing else has it (contract 3.4 floating-ip, alias-ip)."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.api.holdings import held_addresses
from tests.contract.world import Document, World, link, subnet, subnets_of

FLAT = {"ipam_subnet_method": "flat-subnet"}
ROUTED = {"virtual_network_properties": {"forwarding_mode": "l3"}}
KINDS = pytest.mark.parametrize("kind", ["floating-ip", "alias-ip"])


async def pool_of(world: World, network: Document, kind: str = "floating-ip", **body: Any) -> Document:
    name = [*network["fq_name"], "pool"]
    return await world.create(f"{kind}-pool", "pool", fq_name=name, parent_type="virtual-network", **body)


async def post(world: World, pool: Document, name: str = "f", kind: str = "floating-ip", **body: Any) -> httpx.Response:
    return await world.post(kind, name, **{"fq_name": [*pool["fq_name"], name], "parent_type": f"{kind}-pool", **body})


async def taken(world: World, pool: Document, name: str = "f", kind: str = "floating-ip", **body: Any) -> str:
    """The address that a new one gets."""
    response = await post(world, pool, name, kind, **body)
    assert response.status_code == 200, response.text
    address: str = (await world.read(kind, response.json()[kind]["uuid"]))[f"{kind.replace('-', '_')}_address"]
    return address


@KINDS
async def test_addresses_come_from_the_pools_network_in_scan_order(world: World, kind: str) -> None:
    network = await world.network("a", "10.1.1.0/24")
    pool = await pool_of(world, network, kind)
    await world.address(network)

    assert [await taken(world, pool, name, kind) for name in ("f", "g")] == ["10.1.1.251", "10.1.1.250"]


@KINDS
@pytest.mark.parametrize("address", ["10.1.1.9", "10.1.1.254", "10.1.1.253", "10.1.1.0", "10.1.1.255"])
async def test_an_address_in_use_and_every_reserved_one_is_409(world: World, kind: str, address: str) -> None:
    network = await world.network("a", "10.1.1.0/24")
    pool = await pool_of(world, network, kind)
    await world.address(network, instance_ip_address="10.1.1.9")

    refused = await post(world, pool, kind=kind, **{f"{kind.replace('-', '_')}_address": address})

    assert (refused.status_code, refused.text) == (409, f"IP address already in use: {address}")


@KINDS
@pytest.mark.parametrize(("address", "text"), [("10.2.2.2", "exhausted"), ("fd00::1", "exhausted"), ("10.1.1", "is not an address")])
async def test_an_address_outside_or_malformed_is_400(world: World, kind: str, address: str, text: str) -> None:
    pool = await pool_of(world, await world.network("a", "10.1.1.0/24"), kind)

    refused = await post(world, pool, kind=kind, **{f"{kind.replace('-', '_')}_address": address})

    assert (refused.status_code, text in refused.text) == (400, True), refused.text


async def test_an_address_of_one_kind_is_in_use_for_the_others(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    floating, alias = [await pool_of(world, network, kind) for kind in ("floating-ip", "alias-ip")]
    await taken(world, floating, floating_ip_address="10.1.1.7")
    await taken(world, alias, kind="alias-ip", alias_ip_address="10.1.1.8")

    answers = [await world.post_address(network, instance_ip_address=address) for address in ("10.1.1.7", "10.1.1.8")]
    answers.append(await post(world, floating, "g", floating_ip_address="10.1.1.8"))
    answers.append(await post(world, alias, "b", "alias-ip", alias_ip_address="10.1.1.7"))

    assert [answer.status_code for answer in answers] == [409] * 4


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "10.1.1.252"),
        ({"floating_ip_address_family": "v6"}, "fd00::ffff:ffff:ffff:fffc"),
        ({"floating_ip_address": "fd00::7"}, "fd00::7"),
        ({"floating_ip_address": "10.1.1.7", "floating_ip_address_family": "v4"}, "10.1.1.7"),
        ({"floating_ip_address": "10.1.1.7", "floating_ip_address_family": "v6"}, None),
    ],
)
async def test_the_family_is_v4_unless_the_caller_says_otherwise(world: World, body: Document, expected: str | None) -> None:
    pool = await pool_of(world, await world.network("a", "fd00::/64", "10.1.1.0/24"))

    answer = await post(world, pool, **body)

    assert answer.status_code == (200 if expected else 400), answer.text
    if expected:
        assert (await world.read("floating-ip", answer.json()["floating-ip"]["uuid"]))["floating_ip_address"] == expected


async def test_of_the_listed_subnets_the_first_with_a_free_address_gives_one(world: World, database_url: str) -> None:
    network = await world.network("a", "10.1.1.0/24", "10.2.2.0/29", "10.3.3.0/24")
    _, second, third = (one["subnet_uuid"] for one in subnets_of(network))
    pool = await pool_of(world, network, floating_ip_pool_subnets={"subnet_uuid": [second, third]})

    addresses = [await taken(world, pool, f"f{number}") for number in range(5)]

    assert addresses == ["10.2.2.4", "10.2.2.3", "10.2.2.2", "10.2.2.1", "10.3.3.252"]
    assert (await post(world, pool, "g", floating_ip_address="10.1.1.9")).status_code == 400
    assert await held_addresses(database_url, network["uuid"]) == Counter(addresses)


async def test_a_pool_lists_subnets_of_its_network_only(world: World) -> None:
    network, other = await world.network("a", "10.1.1.0/24"), await world.network("b", "10.2.2.0/24")
    (mine,), (foreign,) = subnets_of(network), subnets_of(other)
    listed = {"subnet_uuid": [mine["subnet_uuid"], foreign["subnet_uuid"]]}
    place = {"fq_name": [*network["fq_name"], "pool"], "parent_type": "virtual-network"}

    refused = await world.post("floating-ip-pool", "pool", **place, floating_ip_pool_subnets=listed)
    pool = await pool_of(world, network, floating_ip_pool_subnets={"subnet_uuid": [mine["subnet_uuid"]]})
    changed = await world.put("floating-ip-pool", pool["uuid"], floating_ip_pool_subnets=listed)

    assert [(one.status_code, foreign["subnet_uuid"] in one.text) for one in (refused, changed)] == [(400, True)] * 2


async def test_a_pool_gives_from_a_flat_ipam_whose_link_it_lists(world: World) -> None:
    ipam = await world.create("network-ipam", "flat", **FLAT, ipam_subnets={"subnets": [subnet("10.9.0.0/24")]})
    refs = [*link("10.1.1.0/24"), {"to": ipam["fq_name"], "attr": {"ipam_subnets": []}}]
    network = await world.network("a", network_ipam_refs=refs, **ROUTED)
    shown = next(one["subnet_uuid"] for one in subnets_of(network) if "subnet" not in one)
    pool = await pool_of(world, network, floating_ip_pool_subnets={"subnet_uuid": [shown]})

    assert await taken(world, pool) == "10.9.0.252"
    left = await world.put("virtual-network", network["uuid"], network_ipam_refs=network["network_ipam_refs"][:1])
    assert (left.status_code, left.text) == (409, "Cannot Delete IP Block, Floating IP(10.9.0.252) is in use")


@KINDS
async def test_a_full_pool_is_exhausted_and_a_released_address_is_given_again(world: World, kind: str) -> None:
    pool = await pool_of(world, await world.network("a", "10.1.1.0/29"), kind)
    made = [(await post(world, pool, f"f{number}", kind)).json()[kind]["uuid"] for number in range(4)]

    refused = await post(world, pool, "more", kind)
    await world.delete(kind, made[2])

    assert (refused.status_code, "exhausted" in refused.text) == (400, True)
    assert await taken(world, pool, "again", kind) == "10.1.1.2"


@KINDS
async def test_the_address_stays(world: World, kind: str) -> None:
    pool, name = await pool_of(world, await world.network("a", "10.1.1.0/24"), kind), f"{kind.replace('-', '_')}_address"
    uuid = (await post(world, pool, kind=kind)).json()[kind]["uuid"]

    changed = await world.put(kind, uuid, **{name: "10.1.1.9"})
    await world.update(kind, uuid, **{name: "10.1.1.252"})
    await world.update(kind, uuid, **{name: None})

    assert (changed.status_code, name in changed.text) == (400, True)
    assert (await world.read(kind, uuid))[name] == "10.1.1.252"


@KINDS
async def test_it_is_the_projects_of_its_name_unless_another_is_given(world: World, kind: str) -> None:
    pool = await pool_of(world, await world.network("a", "10.1.1.0/24"), kind)
    other = await world.create("project", "other", fq_name=[world.domain, "other"], parent_type="domain")

    uuids = [
        (await post(world, pool, name, kind, **body)).json()[kind]["uuid"]
        for name, body in (("f", {}), ("g", {"project_refs": [{"uuid": other["uuid"]}]}))
    ]

    assert [[ref["uuid"] for ref in (await world.read(kind, uuid))["project_refs"]] for uuid in uuids] == [
        [world.project_id],
        [other["uuid"]],
    ]


async def test_below_an_instance_ip_the_given_address_is_stored(world: World, database_url: str) -> None:
    network = await world.network("a", "10.1.1.0/24")
    address = await world.address(network)
    place = {"fq_name": [*address["fq_name"], "f"], "parent_type": "instance-ip"}

    made = await world.create("floating-ip", "f", **place, floating_ip_address="192.0.2.7")

    assert (await world.read("floating-ip", made["uuid"]))["floating_ip_address"] == "192.0.2.7"
    assert (await held_addresses(database_url, network["uuid"])).total() == 1


async def test_ports_come_and_go(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    pool, port = await pool_of(world, network), await world.interface(network, "port")
    uuid = (await post(world, pool)).json()["floating-ip"]["uuid"]

    await world.update("floating-ip", uuid, virtual_machine_interface_refs=[{"uuid": port["uuid"]}])
    blocked = await world.delete("virtual-machine-interface", port["uuid"])
    await world.update("floating-ip", uuid, virtual_machine_interface_refs=[])

    assert (blocked.status_code, f"/floating-ip/{uuid}" in blocked.text) == (409, True)
    assert (await world.delete("virtual-machine-interface", port["uuid"])).status_code == 200


@KINDS
async def test_a_subnet_stays_while_an_address_of_it_is_in_use(world: World, kind: str) -> None:
    network = await world.network("a", "10.1.1.0/24")
    pool = await pool_of(world, network, kind)
    address, label = await taken(world, pool, kind=kind), {"floating-ip": "Floating IP", "alias-ip": "Alias IP"}[kind]

    removed = await world.put("virtual-network", network["uuid"], network_ipam_refs=[])

    assert (removed.status_code, removed.text) == (409, f"Cannot Delete IP Block, {label}({address}) is in use")


async def test_a_crowd_of_all_kinds_gets_each_address_once(world: World, database_url: str) -> None:
    network = await world.network("a", "10.1.1.0/27")
    pools = {kind: await pool_of(world, network, kind) for kind in ("floating-ip", "alias-ip")}
    asked = [post(world, pools[kind], f"f{number}", kind) for number in range(16) for kind in pools]
    asked += [world.post_address(network) for _ in range(16)]

    answers = Counter(answer.status_code for answer in await asyncio.gather(*asked))

    assert answers == {200: 28, 400: 20}
    held = await held_addresses(database_url, network["uuid"])
    assert (held.total(), len(held)) == (28, 28)


@KINDS
async def test_of_many_who_ask_for_one_address_one_gets_it(world: World, kind: str) -> None:
    pool = await pool_of(world, await world.network("a", "10.1.1.0/24"), kind)
    body = {f"{kind.replace('-', '_')}_address": "10.1.1.9"}

    answers = await asyncio.gather(*(post(world, pool, f"f{number}", kind, **body) for number in range(16)))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 15}


@pytest.mark.parametrize("attempt", range(8))
@pytest.mark.parametrize("kind", ["floating-ip", "instance-ip"])
async def test_a_network_leaves_a_flat_ipam_or_takes_an_address_of_it_never_both(world: World, kind: str, attempt: int) -> None:
    ipam = await world.create("network-ipam", "flat", **FLAT, ipam_subnets={"subnets": [subnet("10.9.0.0/24")]})
    network = await world.network("a", network_ipam_refs=[{"to": ipam["fq_name"], "attr": {"ipam_subnets": []}}], **ROUTED)
    pool = await pool_of(world, network)
    asked = post(world, pool) if kind == "floating-ip" else world.post_address(network)

    left, made = await asyncio.gather(world.put("virtual-network", network["uuid"], network_ipam_refs=[]), asked)

    assert (left.status_code, made.status_code) in {(200, 400), (409, 200)}, (left.text, made.text)


async def test_a_network_its_pools_and_their_addresses_may_come_in_one_request(world: World, database_url: str) -> None:
    network = {"fq_name": [*world.project, "a"], "parent_type": "project", "network_ipam_refs": link("10.1.1.0/24")}
    entries = [{"kind": "virtual-network", "data": network}]
    for kind in ("floating-ip", "alias-ip"):
        name = [*network["fq_name"], kind]
        entries.append({"kind": f"{kind}-pool", "data": {"fq_name": name, "parent_type": "virtual-network"}})
        entries += [{"kind": kind, "data": {"fq_name": [*name, f"f{number}"], "parent_type": f"{kind}-pool"}} for number in range(3)]

    answer = await world.api.post("/v2/bulk", json={"resources": [{**entry, "operation": "CREATE"} for entry in entries]})

    assert answer.status_code == 200, answer.text
    (made,) = await world.listed("virtual-network", parent_id=world.project_id)
    assert await held_addresses(database_url, made["uuid"]) == Counter(f"10.1.1.{last}" for last in range(247, 253))
