"""Instance-ips: which address they get, what they may ask for, what stays (contract 4.3 to 4.5)."""

import asyncio
from typing import Any

import pytest

from tests.contract.world import DEFAULT_IPAM, Document, World, link, subnet, subnets_of


async def answer(world: World, network: Document, **body: Any) -> tuple[int, str]:
    """The status of a POST in the network, and the address it gave or the text of the refusal."""
    response = await world.post_address(network, **body)
    if response.status_code != 200:
        return response.status_code, response.text
    held = await world.read("instance-ip", response.json()["instance-ip"]["uuid"])
    return 200, held["instance_ip_address"]


async def addresses(world: World, network: Document, count: int, **body: Any) -> list[str]:
    return [(await world.address(network, **body))["instance_ip_address"] for _ in range(count)]


async def flat_ipam(world: World, entry: Document) -> Document:
    made = await world.create("network-ipam", "flat", ipam_subnet_method="flat-subnet", ipam_subnets={"subnets": [entry]})
    return await world.read("network-ipam", made["uuid"])


async def mixed_network(world: World, **body: Any) -> Document:
    """A network with 10.1.1.0/29 of its own and 10.2.2.0/29 from a flat ipam."""
    ipam = await flat_ipam(world, subnet("10.2.2.0/29"))
    refs = [{"to": ipam["fq_name"], "attr": {"ipam_subnets": []}}, *link("10.1.1.0/29")]
    return await world.network("a", network_ipam_refs=refs, virtual_network_properties={"forwarding_mode": "l3"}, **body)


# --- order ---


async def test_a_freed_address_is_the_next_one_given(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    held = [await world.address(network) for _ in range(4)]

    for each in (held[2], held[1]):
        await world.delete("instance-ip", each["uuid"])

    assert await addresses(world, network, 3) == ["10.1.1.251", "10.1.1.250", "10.1.1.248"]


async def test_an_address_freed_far_ahead_waits_for_its_turn(world: World) -> None:
    network = await world.network("a", "10.1.0.0/16")
    far = await world.address(network, instance_ip_address="10.1.7.7")

    await world.delete("instance-ip", far["uuid"])

    assert await addresses(world, network, 2) == ["10.1.255.252", "10.1.255.251"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"alloc_unit": 4}, ["10.1.1.248", "10.1.1.244"]),
        ({"alloc_unit": 4, "addr_from_start": True}, ["10.1.1.4", "10.1.1.8"]),
        (
            {"allocation_pools": [{"start": "10.1.1.40", "end": "10.1.1.40"}, {"start": "10.1.1.9", "end": "10.1.1.9"}]},
            ["10.1.1.40", "10.1.1.9"],
        ),
        ({"default_gateway": "0.0.0.0", "dns_server_address": "0.0.0.0"}, ["10.1.1.254", "10.1.1.253"]),
        ({"allocation_pools": [{"start": "10.1.1.9", "end": "10.1.1.9", "vrouter_specific_pool": True}]}, None),
    ],
    ids=["blocks", "blocks from the start", "pools", "neither gateway nor DNS", "a pool for routers only"],
)
async def test_addresses_come_in_scan_order(world: World, fields: Document, expected: list[str] | None) -> None:
    network = await world.network("a", subnet("10.1.1.0/24", **fields))

    if expected is None:
        assert (await world.post_address(network)).status_code == 400
    else:
        assert await addresses(world, network, 2) == expected


async def test_more_than_one_chunk_comes_without_gap_or_repeat(world: World) -> None:
    network = await world.network("a", subnet("10.1.1.0/24", addr_from_start=True))
    taken = await world.action(f"virtual-network/{network['uuid']}/ip-alloc", count=200)

    assert taken.json()["ip_addr"] == [f"10.1.1.{number}" for number in range(3, 203)]
    assert await addresses(world, network, 1) == ["10.1.1.203"]


async def test_the_next_subnet_is_used_when_one_is_used_up(world: World) -> None:
    network = await world.network("a", "10.1.1.0/29", "10.2.2.0/29")

    assert await addresses(world, network, 5) == ["10.1.1.4", "10.1.1.3", "10.1.1.2", "10.1.1.1", "10.2.2.4"]


# --- choice of a subnet ---


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (None, "10.1.1.4"),
        ("user-defined-subnet-preferred", "10.1.1.4"),
        ("user-defined-subnet-only", "10.1.1.4"),
        ("flat-subnet-preferred", "10.2.2.4"),
        ("flat-subnet-only", "10.2.2.4"),
    ],
)
async def test_the_mode_says_which_subnets_come_first(world: World, mode: str | None, expected: str) -> None:
    network = await mixed_network(world, address_allocation_mode=mode)

    assert await addresses(world, network, 1) == [expected]


@pytest.mark.parametrize("mode", ["user-defined-subnet-only", "flat-subnet-only"])
async def test_a_mode_with_only_ends_with_its_subnets(world: World, mode: str) -> None:
    network = await mixed_network(world, address_allocation_mode=mode)
    await addresses(world, network, 4)

    status, text = await answer(world, network)

    assert status == 400
    assert "exhausted" in text


async def test_an_asked_address_or_subnet_is_found_whatever_the_mode(world: World) -> None:
    network = await mixed_network(world, address_allocation_mode="flat-subnet-only")
    flat, own = subnets_of(network)

    assert await answer(world, network, instance_ip_address="10.1.1.2") == (200, "10.1.1.2")
    assert await answer(world, network, subnet_uuid=own["subnet_uuid"]) == (200, "10.1.1.4")
    assert await answer(world, network, subnet_uuid=flat["subnet_uuid"]) == (200, "10.2.2.4")


async def test_a_full_asked_subnet_is_exhausted_though_another_is_free(world: World) -> None:
    network = await world.network("a", "10.1.1.0/29", "10.2.2.0/24")
    asked = subnets_of(network)[0]["subnet_uuid"]
    await addresses(world, network, 4, subnet_uuid=asked)

    status, text = await answer(world, network, subnet_uuid=asked)

    assert (status, "exhausted" in text) == (400, True)


@pytest.mark.parametrize(
    "body",
    [
        {"instance_ip_address": "10.1.1.2", "instance_ip_family": "v6"},
        {"instance_ip_address": "10.9.9.9"},
        {"instance_ip_address": "2001:db8::9"},
        {"instance_ip_family": "v6"},
    ],
    ids=["wrong family", "outside", "other version", "no subnet of the family"],
)
async def test_what_no_subnet_can_give_is_400_with_the_exhausted_text(world: World, body: Document) -> None:
    network = await world.network("a", "10.1.1.0/24")

    status, text = await answer(world, network, **body)

    assert (status, "exhausted" in text) == (400, True)


async def test_an_address_outside_the_asked_subnet_is_400(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24", "10.2.2.0/24")

    status, text = await answer(world, network, subnet_uuid=subnets_of(network)[0]["subnet_uuid"], instance_ip_address="10.2.2.9")

    assert (status, "exhausted" in text) == (400, True)


@pytest.mark.parametrize("text", ["ten", "10.1.1", "10.1.1.300", "10.1.1.9/24", "fe80::1%eth0"])
async def test_malformed_addresses_are_400(world: World, text: str) -> None:
    network = await world.network("a", "10.1.1.0/24")

    status, answered = await answer(world, network, instance_ip_address=text)

    assert (status, text in answered) == (400, True)


async def test_a_network_without_subnets_is_exhausted(world: World) -> None:
    status, text = await answer(world, await world.network("a"))

    assert (status, "exhausted" in text) == (400, True)


async def test_an_address_inside_a_block_cannot_be_asked_for(world: World) -> None:
    network = await world.network("a", subnet("10.1.1.0/24", alloc_unit=4))

    assert (await answer(world, network, instance_ip_address="10.1.1.10"))[0] == 400
    assert await answer(world, network, instance_ip_address="10.1.1.8") == (200, "10.1.1.8")
    assert (await answer(world, network, instance_ip_address="10.1.1.252"))[0] == 409


async def test_an_address_that_was_asked_for_outside_the_pools_does_not_enter_them(world: World) -> None:
    network = await world.network("a", subnet("10.1.1.0/24", allocation_pools=[{"start": "10.1.1.10", "end": "10.1.1.10"}]))
    held = await world.address(network, instance_ip_address="10.1.1.50")
    await world.delete("instance-ip", held["uuid"])

    assert await addresses(world, network, 1) == ["10.1.1.10"]
    assert (await answer(world, network))[0] == 400


async def test_addresses_are_canonical_text(world: World) -> None:
    network = await world.network("a", "2001:db8::/64")

    assert await answer(world, network, instance_ip_address="2001:0DB8:0::9") == (200, "2001:db8::9")


# --- gateways and machines ---


async def test_a_port_of_a_machine_does_not_get_the_gateway(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    machine = await world.create("virtual-machine", "m")
    on_machine: Document = {"virtual_machine_refs": [{"uuid": machine["uuid"]}]}
    bound = await world.interface(network, "bound", **on_machine)
    loose = await world.interface(network, "loose")
    gateway: Document = {"instance_ip_address": "10.1.1.254"}

    refused = await answer(world, network, virtual_machine_interface_refs=[{"uuid": bound["uuid"]}], **gateway)
    assert refused == (400, "Gateway IP cannot be used by VM port")
    held = await world.address(network, virtual_machine_interface_refs=[{"uuid": loose["uuid"]}], **gateway)

    both = [{"uuid": loose["uuid"]}, {"uuid": bound["uuid"]}]
    assert (await world.put("instance-ip", held["uuid"], virtual_machine_interface_refs=both)).status_code == 400
    assert (
        await world.put("virtual-machine-interface", loose["uuid"], virtual_machine_refs=[{"uuid": machine["uuid"]}])
    ).status_code == 400


# --- changes ---


@pytest.mark.parametrize(
    "change",
    [{"instance_ip_address": "10.1.1.9"}, {"subnet_uuid": "00000000-0000-4000-8000-000000000001"}, {"instance_ip_family": "v6"}],
    ids=["address", "subnet", "family"],
)
async def test_what_was_given_cannot_be_changed_and_null_leaves_it(world: World, change: Document) -> None:
    held = await world.address(await world.network("a", "10.1.1.0/24"), instance_ip_family="v4")

    assert (await world.put("instance-ip", held["uuid"], **change)).status_code == 400
    await world.update("instance-ip", held["uuid"], **dict.fromkeys(change))

    after = await world.read("instance-ip", held["uuid"])
    assert {name: after[name] for name in change} == {name: held[name] for name in change}


async def test_the_network_cannot_be_changed_and_ports_may_share_an_address(world: World) -> None:
    network, other = await world.network("a", "10.1.1.0/24"), await world.network("b", "10.1.1.0/24")
    held = await world.address(network)
    ports = [{"uuid": (await world.interface(network, name))["uuid"]} for name in ("p", "q")]

    assert (await world.put("instance-ip", held["uuid"], virtual_network_refs=[{"uuid": other["uuid"]}])).status_code == 400
    await world.update("instance-ip", held["uuid"], virtual_machine_interface_refs=ports)

    assert len((await world.read("instance-ip", held["uuid"]))["virtual_machine_interface_refs"]) == 2


# --- other sources of addresses ---


async def test_a_flat_ipam_gives_addresses_without_a_network(world: World) -> None:
    ipam = await flat_ipam(world, subnet("10.2.2.0/29"))
    refs: Document = {"network_ipam_refs": [{"to": ipam["fq_name"]}]}
    made = await world.create("instance-ip", "one", **refs)
    held = await world.read("instance-ip", made["uuid"])

    assert (held["instance_ip_address"], "subnet_uuid" in held) == ("10.2.2.4", False)
    assert (await world.post("instance-ip", "two", instance_ip_address="10.2.2.1", **refs)).status_code == 400
    assert (await world.delete("network-ipam", ipam["uuid"])).status_code == 409


async def test_a_network_beside_an_ipam_wins(world: World) -> None:
    ipam = await flat_ipam(world, subnet("10.2.2.0/29"))

    held = await world.address(await world.network("a", "10.1.1.0/24"), network_ipam_refs=[{"to": ipam["fq_name"]}])

    assert held["instance_ip_address"] == "10.1.1.252"


async def test_an_ipam_that_is_not_flat_has_nothing_to_give(world: World) -> None:
    response = await world.post("instance-ip", "one", network_ipam_refs=[{"to": DEFAULT_IPAM}])

    assert (response.status_code, "exhausted" in response.text) == (400, True)


async def test_an_instance_ip_needs_a_source(world: World) -> None:
    for body in ({}, {"instance_ip_address": "10.1.1.9"}):
        assert (await world.post("instance-ip", "one", **body)).status_code == 400


@pytest.mark.parametrize("name", ["ip-fabric", "__link_local__"])
async def test_the_fabrics_addresses_are_stored_as_they_come(world: World, name: str) -> None:
    (network,) = await world.listed("virtual-network", fq_names=f"default-domain:default-project:{name}")
    refs = [{"uuid": network["uuid"]}]

    for number in ("one", "two"):
        made = await world.create("instance-ip", number, virtual_network_refs=refs, instance_ip_address="192.0.2.7")
        assert (await world.read("instance-ip", made["uuid"]))["instance_ip_address"] == "192.0.2.7"
        await world.delete("instance-ip", made["uuid"])
    bare = await world.create("instance-ip", "bare", virtual_network_refs=refs)
    assert "instance_ip_address" not in await world.read("instance-ip", bare["uuid"])
    await world.delete("instance-ip", bare["uuid"])


async def router_with_pool(world: World) -> Document:
    """A virtual router that has 10.2.2.16 - 10.2.2.18 of a flat /24 to itself."""
    pool = {"start": "10.2.2.16", "end": "10.2.2.31", "vrouter_specific_pool": True}
    ipam = await flat_ipam(world, subnet("10.2.2.0/24", allocation_pools=[pool, {"start": "10.2.2.100", "end": "10.2.2.101"}]))
    own = {"allocation_pools": [{"start": "10.2.2.16", "end": "10.2.2.18"}], "subnet": []}
    name = ["default-global-system-config", f"router-{world.domain}"]
    document = {"fq_name": name, "parent_type": "global-system-config", "network_ipam_refs": [{"to": ipam["fq_name"], "attr": own}]}
    response = await world.api.post("/virtual-routers", json={"virtual-router": document})
    assert response.status_code == 200, response.text
    made: Document = response.json()["virtual-router"]
    return made


async def test_a_virtual_router_gives_from_its_own_pools_alone(world: World) -> None:
    router = await router_with_pool(world)
    refs: Document = {"virtual_router_refs": [{"uuid": router["uuid"]}]}
    made = [await world.create("instance-ip", f"i{number}", **refs) for number in range(3)]

    held = [(await world.read("instance-ip", each["uuid"]))["instance_ip_address"] for each in made]

    assert held == ["10.2.2.18", "10.2.2.17", "10.2.2.16"]
    refused = await world.post("instance-ip", "more", **refs)
    assert (refused.status_code, "exhausted" in refused.text) == (400, True)
    await world.delete("instance-ip", made[1]["uuid"])
    again = await world.create("instance-ip", "again", **refs)
    assert (await world.read("instance-ip", again["uuid"]))["instance_ip_address"] == "10.2.2.17"


async def test_a_virtual_router_goes_with_nothing_else(world: World) -> None:
    router, network = await router_with_pool(world), await world.network("a", "10.1.1.0/24")
    refs: Document = {"virtual_router_refs": [{"uuid": router["uuid"]}]}

    both = await world.post("instance-ip", "both", virtual_network_refs=[{"uuid": network["uuid"]}], **refs)

    assert (both.status_code, both.text) == (400, "router_refs and network_refs are not allowed")
    assert (await world.post("instance-ip", "sub", subnet_uuid=subnets_of(network)[0]["subnet_uuid"], **refs)).status_code == 400


@pytest.mark.parametrize("attempt", range(8))
async def test_a_port_gets_the_gateway_or_a_machine_never_both(world: World, attempt: int) -> None:
    network, machine = await world.network("a", "10.1.1.0/24"), await world.create("virtual-machine", "m")
    port = await world.interface(network, "p")
    refs: Document = {"virtual_machine_interface_refs": [{"uuid": port["uuid"]}]}

    addressed, given = await asyncio.gather(
        world.post_address(network, instance_ip_address="10.1.1.254", **refs),
        world.put("virtual-machine-interface", port["uuid"], virtual_machine_refs=[{"uuid": machine["uuid"]}]),
    )

    assert (addressed.status_code, given.status_code) in {(200, 400), (400, 200)}, (addressed.text, given.text)
