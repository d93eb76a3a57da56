"""Crowds over HTTP that commit for real: addresses given once, exhaustion told exactly (contract 4.7)."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.contract.world import Document, World, subnet, subnets_of

CLIENTS = 64


async def crowd(world: World, network: Document, count: int, **body: Any) -> Counter[int]:
    """So many instance-ips asked for by 64 clients at once; how often each status was answered."""
    turn = asyncio.Semaphore(CLIENTS)

    async def one(number: int) -> int:
        async with turn:
            return (await world.post_address(network, f"i{number}", **body)).status_code

    return Counter(await asyncio.gather(*(one(number) for number in range(count))))


async def held(world: World, network: Document) -> list[str]:
    found = await world.listed("instance-ip", back_ref_id=network["uuid"], fields="instance_ip_address")
    return [one["instance_ip_address"] for one in found]


@pytest.mark.parametrize("upward", [False, True], ids=["from the top", "from the start"])
async def test_64_clients_on_a_29_get_exactly_its_four_addresses(world: World, upward: bool) -> None:
    network = await world.network("a", subnet("10.1.1.0/29", addr_from_start=upward))

    assert await crowd(world, network, CLIENTS) == {200: 4, 400: 60}
    addresses = await held(world, network)
    assert len(addresses) == len(set(addresses)) == 4


async def test_64_clients_empty_a_24_exactly(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")

    assert await crowd(world, network, 280) == {200: 252, 400: 28}
    assert len(set(await held(world, network))) == 252


async def test_64_clients_on_a_16_never_get_one_address_twice(world: World) -> None:
    network = await world.network("a", "10.1.0.0/16")

    assert await crowd(world, network, 400) == {200: 400}
    assert len(set(await held(world, network))) == 400


async def test_of_many_who_ask_for_one_address_one_gets_it(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")

    assert await crowd(world, network, 30, instance_ip_address="10.1.1.9") == {200: 1, 409: 29}


async def test_networks_of_one_flat_ipam_share_in_a_crowd(world: World) -> None:
    entries = {"subnets": [subnet("10.1.1.0/28")]}
    ipam = await world.create("network-ipam", "flat", ipam_subnet_method="flat-subnet", ipam_subnets=entries)
    refs = [{"to": ipam["fq_name"], "attr": {"ipam_subnets": []}}]
    body: Document = {"network_ipam_refs": refs, "virtual_network_properties": {"forwarding_mode": "l3"}}
    one, two = await world.network("x", **body), await world.network("y", **body)

    answers = await asyncio.gather(
        *((world.post_address(network, f"{network['name']}{number}")) for number in range(10) for network in (one, two))
    )

    assert Counter(answer.status_code for answer in answers) == {200: 12, 400: 8}
    assert len({*await held(world, one), *await held(world, two)}) == 12


async def test_a_subnet_that_goes_while_addresses_are_taken_leaves_none_behind(world: World) -> None:
    for number in range(8):
        network = await world.network(f"n{number}", "10.1.1.0/24", "10.2.2.0/24")
        (_, kept) = subnets_of(network)
        refs = [{"to": network["network_ipam_refs"][0]["to"], "attr": {"ipam_subnets": [kept]}}]

        gone, *taken = await asyncio.gather(
            world.put("virtual-network", network["uuid"], network_ipam_refs=refs),
            *(world.post_address(network, f"n{number}-{each}") for each in range(4)),
        )

        addresses = await held(world, network)
        assert [answer.status_code for answer in taken] == [200] * 4
        assert gone.status_code in (200, 409), gone.text
        assert all(address.startswith("10.2.2." if gone.status_code == 200 else "10.") for address in addresses)


async def test_ids_of_networks_made_at_once_are_all_different(world: World) -> None:
    networks = await asyncio.gather(*(world.network(f"n{number}") for number in range(40)))

    assert len({network["virtual_network_network_id"] for network in networks}) == 40
