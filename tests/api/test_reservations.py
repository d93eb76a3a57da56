"""ip-alloc, ip-free and subnet-ip-count (contract 1.13)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.contract.world import Document, World, subnet, subnets_of


async def alloc(world: World, network: Document, **body: Any) -> tuple[int, list[str]]:
    response = await world.action(f"virtual-network/{network['uuid']}/ip-alloc", **body)
    return response.status_code, response.json()["ip_addr"] if response.status_code == 200 else []


async def free(world: World, network: Document, *addresses: str) -> int:
    return (await world.action(f"virtual-network/{network['uuid']}/ip-free", ip_addr=list(addresses))).status_code


async def count(world: World, network: Document, *subnets: str) -> list[int]:
    response = await world.action(f"virtual-network/{network['uuid']}/subnet-ip-count", subnet_list=list(subnets))
    counted: list[int] = response.json()["ip_count_list"]
    return counted


def uuids(network: Document) -> list[str]:
    return [entry["subnet_uuid"] for entry in subnets_of(network)]


async def test_reserved_addresses_are_no_objects_and_no_objects_get_them(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")

    assert await alloc(world, network, count=2) == (200, ["10.1.1.252", "10.1.1.251"])
    assert (await world.address(network))["instance_ip_address"] == "10.1.1.250"
    assert (await world.post_address(network, instance_ip_address="10.1.1.251")).status_code == 409


async def test_one_address_is_the_default_count(world: World) -> None:
    assert await alloc(world, await world.network("a", "10.1.1.0/24")) == (200, ["10.1.1.252"])


async def test_a_count_that_cannot_be_met_takes_nothing(world: World) -> None:
    network = await world.network("a", "10.1.1.0/29")

    assert await alloc(world, network, count=5) == (409, [])
    assert await alloc(world, network, count=4) == (200, ["10.1.1.4", "10.1.1.3", "10.1.1.2", "10.1.1.1"])
    assert (await alloc(world, network))[0] == 409


async def test_subnet_and_family_are_honoured(world: World) -> None:
    network = await world.network("a", "10.1.1.0/29", "10.2.2.0/29", "2001:db8::/64")
    _, second, _ = uuids(network)

    assert await alloc(world, network, subnet=second) == (200, ["10.2.2.4"])
    assert await alloc(world, network, family="v6") == (200, ["2001:db8::ffff:ffff:ffff:fffc"])
    assert (await alloc(world, network, subnet=second, count=4))[0] == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"subnet": str(uuid4())}, 400),
        ({"count": 0}, 400),
        ({"count": "two"}, 400),
        ({"count": 10**9}, 400),
        ({"family": "v5"}, 400),
        ({"subnet": 7}, 400),
    ],
)
async def test_nonsense_is_400(world: World, body: Document, status: int) -> None:
    assert (await alloc(world, await world.network("a", "10.1.1.0/24"), **body))[0] == status


@pytest.mark.parametrize("verb", ["ip-alloc", "ip-free", "subnet-ip-count"])
async def test_an_unknown_network_is_404(world: World, verb: str) -> None:
    missing = str(uuid4())

    response = await world.action(f"virtual-network/{missing}/{verb}", ip_addr=[], subnet_list=[])

    assert (response.status_code, response.text) == (404, f"Virtual Network {missing} not found!")


async def test_a_freed_reservation_is_given_again(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    await alloc(world, network, count=3)

    assert await free(world, network, "10.1.1.251", "10.9.9.9") == 200

    assert (await world.address(network))["instance_ip_address"] == "10.1.1.251"


async def test_an_objects_address_is_not_freed_under_it(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    held = await world.address(network)

    assert await free(world, network, held["instance_ip_address"], "10.1.1.253") == 200

    assert (await world.post_address(network, instance_ip_address=held["instance_ip_address"])).status_code == 409
    assert (await world.post_address(network, instance_ip_address="10.1.1.253")).status_code == 409


async def test_a_malformed_address_is_400_and_frees_nothing(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    await alloc(world, network)

    assert await free(world, network, "10.1.1.252", "ten") == 400

    assert (await world.post_address(network, instance_ip_address="10.1.1.252")).status_code == 409


async def test_the_count_is_what_is_taken_in_the_pools(world: World) -> None:
    pool = [{"start": "10.2.2.10", "end": "10.2.2.20"}]
    network = await world.network("a", "10.1.1.0/24", subnet("10.2.2.0/24", allocation_pools=pool))
    first, second = uuids(network)
    assert await count(world, network, first, second, str(uuid4())) == [3, 0, 0]

    for address in ("10.1.1.254", "10.1.1.9", "10.2.2.15", "10.2.2.50"):
        await world.address(network, instance_ip_address=address)
    await alloc(world, network, subnet=first, count=2)

    assert await count(world, network, second, first) == [1, 6]


async def test_a_flat_subnet_is_reserved_and_counted_by_the_uuid_of_the_link(world: World) -> None:
    ipam = await world.create("network-ipam", "flat", ipam_subnet_method="flat-subnet", ipam_subnets={"subnets": [subnet("10.2.2.0/24")]})
    refs = [{"to": ipam["fq_name"], "attr": {"ipam_subnets": []}}]
    network = await world.network("a", network_ipam_refs=refs, virtual_network_properties={"forwarding_mode": "l3"})
    (shown,) = uuids(network)

    assert await alloc(world, network, subnet=shown) == (200, ["10.2.2.252"])
    assert await count(world, network, shown) == [4]
    assert await free(world, network, "10.2.2.252") == 200
    assert await count(world, network, shown) == [3]
