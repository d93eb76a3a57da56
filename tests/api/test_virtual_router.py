"""A pool of a flat ipam is one virtual router's at most, however many ask at once (contract 3.4 virtual-router)."""

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg
import httpx
import pytest

from tests.contract.world import Document, World, subnet

SET_ASIDE = {"start": "10.2.2.16", "end": "10.2.2.31", "vrouter_specific_pool": True}


async def flat_ipam(world: World) -> Document:
    subnets = {"subnets": [subnet("10.2.2.0/24", allocation_pools=[SET_ASIDE, {"start": "10.2.2.100", "end": "10.2.2.101"}])]}
    return await world.create("network-ipam", "flat", ipam_subnet_method="flat-subnet", ipam_subnets=subnets)


def place(world: World, name: str) -> Document:
    return {"fq_name": ["default-global-system-config", f"{name}-{world.domain}"], "parent_type": "global-system-config"}


def pools(ipam: Mapping[str, Any], *ranges: tuple[int, int]) -> list[Document]:
    """The link to an ipam with these ranges of 10.2.2."""
    documents = [{"start": f"10.2.2.{first}", "end": f"10.2.2.{last}"} for first, last in ranges]
    return [{"uuid": ipam["uuid"], "attr": {"allocation_pools": documents}}]


async def post(world: World, name: str, **body: Any) -> httpx.Response:
    return await world.api.post("/virtual-routers", json={"virtual-router": {**place(world, name), **body}})


async def test_of_many_routers_that_ask_for_one_pool_one_gets_it(world: World) -> None:
    ipam = await flat_ipam(world)

    answers = await asyncio.gather(*(post(world, f"r{number}", network_ipam_refs=pools(ipam, (16, 20))) for number in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert all("is used by virtual-router" in answer.text for answer in answers if answer.status_code == 400)


@pytest.mark.parametrize("attempt", range(5))
async def test_of_two_routers_that_grow_into_one_pool_one_does(world: World, attempt: int) -> None:
    ipam = await flat_ipam(world)
    routers = [
        (await post(world, f"r{first}", network_ipam_refs=pools(ipam, (first, first + 1)))).json()["virtual-router"] for first in (16, 30)
    ]

    answers = await asyncio.gather(
        world.put("virtual-router", routers[0]["uuid"], network_ipam_refs=pools(ipam, (16, 24))),
        world.put("virtual-router", routers[1]["uuid"], network_ipam_refs=pools(ipam, (24, 31))),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 400], [answer.text for answer in answers]


async def test_pools_of_two_routers_give_different_addresses(world: World) -> None:
    ipam = await flat_ipam(world)
    given = set()
    for first in (16, 18):
        made = (await post(world, f"r{first}", network_ipam_refs=pools(ipam, (first, first + 1)))).json()["virtual-router"]
        for number in range(2):
            held = await world.create("instance-ip", f"i{first}-{number}", virtual_router_refs=[{"uuid": made["uuid"]}])
            given.add((await world.read("instance-ip", held["uuid"]))["instance_ip_address"])

    assert given == {f"10.2.2.{last}" for last in range(16, 20)}


@pytest.mark.parametrize("value", [None, "", 0, [], {}, False])
@pytest.mark.parametrize("field", ["allocation_pools", "subnet"])
async def test_a_falsy_attribute_never_fails(world: World, field: str, value: object) -> None:
    ipam = await flat_ipam(world)

    answers = [
        await post(world, "r", network_ipam_refs=[{"uuid": ipam["uuid"], "attr": attr}])
        for attr in (value, {field: value}, {field: [value]}, {field: [{"start": value, "ip_prefix": value}]})
    ]

    assert all(answer.status_code in (200, 400, 409) for answer in answers), [answer.text for answer in answers]


async def test_a_router_and_an_address_of_its_pool_may_come_in_one_request(world: World) -> None:
    ipam = await flat_ipam(world)
    router = {**place(world, "r"), "network_ipam_refs": pools(ipam, (16, 17))}
    address = {"fq_name": [f"i-{world.domain}"], "virtual_router_refs": [{"to": router["fq_name"]}]}
    entries = [("virtual-router", router), ("instance-ip", address)]

    answer = await world.api.post(
        "/v2/bulk", json={"resources": [{"kind": kind, "operation": "create", "data": data} for kind, data in entries]}
    )

    assert answer.status_code == 200, answer.text
    held = (await world.action("fqname-to-id", type="instance-ip", fq_name=address["fq_name"])).json()["uuid"]
    assert (await world.read("instance-ip", held))["instance_ip_address"] == "10.2.2.17"


async def test_a_router_that_is_older_than_its_rules_gives_addresses_too(world: World, database_url: str) -> None:
    ipam = await flat_ipam(world)
    made = (await post(world, "r", network_ipam_refs=pools(ipam, (16, 17)))).json()["virtual-router"]
    connection = await asyncpg.connect(database_url)
    await connection.execute("DELETE FROM subnet WHERE router = $1::uuid", made["uuid"])
    await connection.close()

    held = await world.create("instance-ip", "i", virtual_router_refs=[{"uuid": made["uuid"]}])

    assert (await world.read("instance-ip", held["uuid"]))["instance_ip_address"] == "10.2.2.17"


async def test_a_router_stays_while_an_address_of_its_pools_is_held_though_the_ref_was_relaxed(world: World) -> None:
    ipam = await flat_ipam(world)
    made = (await post(world, "r", network_ipam_refs=pools(ipam, (16, 17)))).json()["virtual-router"]
    held = await world.create("instance-ip", "i", virtual_router_refs=[{"uuid": made["uuid"]}])
    referred = await world.delete("virtual-router", made["uuid"])
    await world.action("ref-relax-for-delete", **{"uuid": held["uuid"], "ref-uuid": made["uuid"]})

    refused = await world.delete("virtual-router", made["uuid"])
    await world.delete("instance-ip", held["uuid"])

    assert (referred.status_code, f"/instance-ip/{held['uuid']}" in referred.text) == (409, True)
    assert (refused.status_code, refused.text) == (409, "Cannot Delete IP Block, IP(10.2.2.17) is in use")
    assert (await world.delete("virtual-router", made["uuid"])).status_code == 200
