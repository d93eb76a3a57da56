"""Contract section 12, behaviours 13-25: subnets and the addresses taken from them."""

import pytest

from tests.contract.world import FAR_AWAY, World, link, subnet, subnets_of


async def test_behaviour_13_addresses_come_from_the_top_and_gateway_and_dns_are_shown(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    (shown,) = subnets_of(network)

    first, second = await world.address(network), await world.address(network)

    assert (shown["default_gateway"], shown["dns_server_address"]) == ("10.1.1.254", "10.1.1.253")
    assert (first["instance_ip_address"], second["instance_ip_address"]) == ("10.1.1.252", "10.1.1.251")
    assert first["subnet_uuid"] == shown["subnet_uuid"]


async def test_behaviour_14_addr_from_start_counts_upward(world: World) -> None:
    network = await world.network("a", subnet("10.1.1.0/24", addr_from_start=True))

    first, second = await world.address(network), await world.address(network)

    assert subnets_of(network)[0]["default_gateway"] == "10.1.1.1"
    assert (first["instance_ip_address"], second["instance_ip_address"]) == ("10.1.1.3", "10.1.1.4")


async def test_behaviour_15_an_address_in_use_is_409_until_its_holder_is_gone(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    holder = await world.address(network, instance_ip_address="10.1.1.9")

    refused = await world.post_address(network, instance_ip_address="10.1.1.9")
    assert (await world.delete("instance-ip", holder["uuid"])).status_code == 200
    again = await world.post_address(network, instance_ip_address="10.1.1.9")

    assert refused.status_code == 409
    assert "IP address already in use" in refused.text
    assert again.status_code == 200


async def test_behaviour_16_the_gateway_address_may_be_held_by_many(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")

    answers = [await world.post_address(network, instance_ip_address="10.1.1.254") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("address", ["10.1.1.0", "10.1.1.255", "10.1.1.253"], ids=["network", "broadcast", "service"])
async def test_behaviour_16_a_reserved_address_is_409(world: World, address: str) -> None:
    network = await world.network("a", "10.1.1.0/24")

    response = await world.post_address(network, instance_ip_address=address)

    assert response.status_code == 409
    assert "IP address already in use" in response.text


async def test_behaviour_17_an_exhausted_pool_is_400_for_objects_and_409_for_ip_alloc(world: World) -> None:
    pool = [{"start": "10.1.1.10", "end": "10.1.1.10"}]
    network = await world.network("a", subnet("10.1.1.0/24", allocation_pools=pool))
    assert (await world.address(network))["instance_ip_address"] == "10.1.1.10"

    refused = await world.post_address(network)
    reserved = await world.action(f"virtual-network/{network['uuid']}/ip-alloc", count=1)

    assert refused.status_code == 400
    assert "exhausted" in refused.text
    assert reserved.status_code == 409


async def test_behaviour_18_pools_bind_the_search_and_not_the_wish(world: World) -> None:
    pool = [{"start": "10.1.1.10", "end": "10.1.1.20"}]
    network = await world.network("a", subnet("10.1.1.0/24", allocation_pools=pool))

    wished = await world.post_address(network, instance_ip_address="10.1.1.50")
    outside = await world.post_address(network, instance_ip_address="10.2.0.1")
    found = await world.address(network)

    assert wished.status_code == 200
    assert outside.status_code == 400
    assert found["instance_ip_address"] == "10.1.1.20"


async def test_behaviour_19_a_subnet_in_use_stays(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    held = await world.address(network)

    refused = await world.put("virtual-network", network["uuid"], network_ipam_refs=link())
    unchanged = await world.read("virtual-network", network["uuid"])
    await world.delete("instance-ip", held["uuid"])
    accepted = await world.put("virtual-network", network["uuid"], network_ipam_refs=link())

    assert refused.status_code == 409
    assert f"Cannot Delete IP Block, IP({held['instance_ip_address']}) is in use" in refused.text
    assert unchanged["network_ipam_refs"] == network["network_ipam_refs"]
    assert accepted.status_code == 200


async def test_behaviour_20_subnets_may_not_overlap_inside_a_network(world: World) -> None:
    refused = await world.post("virtual-network", "a", network_ipam_refs=link("10.1.0.0/16", "10.1.1.0/24"))
    apart = [
        await world.post("virtual-network", "b", network_ipam_refs=link("10.1.0.0/16")),
        await world.post("virtual-network", "c", network_ipam_refs=link("10.1.1.0/24")),
    ]

    assert refused.status_code == 400
    assert "Overlapping addresses: [IPNetwork('10.1.0.0/16'), IPNetwork('10.1.1.0/24')]" in refused.text
    assert [response.status_code for response in apart] == [200, 200]


async def _flat_ipam(world: World) -> list[str]:
    subnets = {"subnets": [subnet("10.1.1.0/24")]}
    made = await world.create("network-ipam", "flat", ipam_subnet_method="flat-subnet", ipam_subnets=subnets)
    fq_name: list[str] = made["fq_name"]
    return fq_name


async def test_behaviour_21_networks_of_one_flat_ipam_share_its_addresses(world: World) -> None:
    ipam = await _flat_ipam(world)
    networks = [
        await world.network(name, virtual_network_properties={"forwarding_mode": "l3"}, network_ipam_refs=link(to=ipam))
        for name in ("x", "y")
    ]

    held = [(await world.address(network))["instance_ip_address"] for network in networks for _ in range(3)]

    assert held == [f"10.1.1.{last}" for last in range(252, 246, -1)]


async def test_behaviour_21_a_flat_ipam_wants_a_routed_network(world: World) -> None:
    ipam = await _flat_ipam(world)

    response = await world.post(
        "virtual-network", "z", virtual_network_properties={"forwarding_mode": "l2"}, network_ipam_refs=link(to=ipam)
    )

    assert response.status_code == 400


async def test_behaviour_22_subnet_uuid_picks_the_subnet(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24", "10.1.2.0/24")
    second = subnets_of(network)[1]["subnet_uuid"]

    held = await world.address(network, subnet_uuid=second)
    refused = await world.post_address(network, subnet_uuid=FAR_AWAY)

    assert (held["instance_ip_address"], held["subnet_uuid"]) == ("10.1.2.252", second)
    assert refused.status_code == 400
    assert FAR_AWAY in refused.text


async def test_behaviour_23_an_address_cannot_be_changed(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    held = await world.address(network)

    other = await world.put("instance-ip", held["uuid"], instance_ip_address="10.1.1.77")
    same = await world.put("instance-ip", held["uuid"], instance_ip_address=held["instance_ip_address"])

    assert other.status_code == 400
    assert "can not be changed" in other.text
    assert same.status_code == 200
    assert (await world.read("instance-ip", held["uuid"]))["instance_ip_address"] == held["instance_ip_address"]


async def test_behaviour_24_a_family_picks_the_subnet(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24", "fd00:1::/64")

    held = await world.address(network, instance_ip_family="v6")

    assert held["instance_ip_address"] == "fd00:1::ffff:ffff:ffff:fffc"


async def test_behaviour_25_a_count_holds_objects_and_what_is_reserved(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    for _ in range(10):
        await world.address(network)

    count = await world.action(
        f"virtual-network/{network['uuid']}/subnet-ip-count", subnet_list=[subnets_of(network)[0]["subnet_uuid"], FAR_AWAY]
    )

    assert (count.status_code, count.json()) == (200, {"ip_count_list": [13, 0]})
