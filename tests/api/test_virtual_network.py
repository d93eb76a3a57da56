"""What a virtual network does beyond being stored (contract 3.4, 4.2, 4.6)."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.world import DEFAULT_IPAM, Document, World, link, subnet, subnets_of


async def subnet_answer(world: World, network: Document, *subnets: str | Document) -> tuple[int, str]:
    """Status and text of a PUT that gives the network these subnets."""
    response = await world.put("virtual-network", network["uuid"], network_ipam_refs=link(*subnets) if subnets else [])
    return response.status_code, response.text


async def shown(world: World, network: Document) -> list[Document]:
    return subnets_of(await world.read("virtual-network", network["uuid"]))


def pools(*ranges: tuple[int, int]) -> list[Document]:
    return [{"start": f"10.1.1.{start}", "end": f"10.1.1.{end}"} for start, end in ranges]


# --- number, sharing ---


async def test_the_number_is_the_servers_and_a_freed_one_is_given_again(world: World) -> None:
    first = await world.network("a")
    number = first["virtual_network_network_id"]
    assert (await world.post("virtual-network", "b", virtual_network_network_id=number + 1)).status_code == 403
    assert (await world.put("virtual-network", first["uuid"], virtual_network_network_id=number + 1)).status_code == 403
    await world.update("virtual-network", first["uuid"], virtual_network_network_id=number)
    await world.update("virtual-network", first["uuid"], virtual_network_network_id=None)
    assert (await world.read("virtual-network", first["uuid"]))["virtual_network_network_id"] == number

    await world.delete("virtual-network", first["uuid"])

    assert (await world.network("b"))["virtual_network_network_id"] <= number


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (False, 0)),
        ({"is_shared": True}, (True, 7)),
        ({"perms2": {"owner": "o", "global_access": 7}}, (True, 7)),
        ({"router_external": True}, (False, 0)),
    ],
    ids=["nothing", "shared", "for everyone", "external"],
)
async def test_a_new_network_says_whether_it_is_shared(world: World, body: Document, expected: tuple[bool, int]) -> None:
    network = await world.network("a", **body)

    assert (network["is_shared"], network["perms2"]["global_access"]) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"is_shared": True}, (True, 7)),
        ({"router_external": True}, (False, 5)),
        ({"perms2": {"owner": "o", "global_access": 5}}, (True, 5)),
        ({"is_shared": True, "perms2": {"owner": "o", "global_access": 5}}, None),
        ({"router_external": True, "perms2": {"owner": "o", "global_access": 7}}, None),
        ({"mtu": 1400}, (False, 0)),
    ],
    ids=["shared", "external", "access alone", "shared against access", "external against access", "something else"],
)
async def test_an_update_keeps_sharing_and_access_in_line(world: World, body: Document, expected: tuple[bool, int] | None) -> None:
    network = await world.network("a")

    response = await world.put("virtual-network", network["uuid"], **body)

    after = await world.read("virtual-network", network["uuid"])
    assert response.status_code == (200 if expected else 400)
    assert (after["is_shared"], after["perms2"]["global_access"]) == (expected or (False, 0))


async def test_a_vxlan_id_is_one_networks_until_it_lets_go(world: World) -> None:
    taken = uuid4().int % (1 << 24 - 1) + 1
    properties = {"virtual_network_properties": {"vxlan_network_identifier": taken}}
    first = await world.network("a", **properties)
    second = await world.network("b")

    refused = await world.put("virtual-network", second["uuid"], **properties)
    assert (refused.status_code, refused.text) == (400, f"Cannot set VXLAN_ID: {taken}, it has already been set")
    await world.update("virtual-network", first["uuid"], virtual_network_properties={"vxlan_network_identifier": None})

    assert (await world.put("virtual-network", second["uuid"], **properties)).status_code == 200
    await world.delete("virtual-network", second["uuid"])
    assert (await world.post("virtual-network", "c", **properties)).status_code == 200


# --- route targets, providers, the default routing instance ---


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("target:64500:1", 200),
        ("target:10.0.0.1:7", 200),
        ("target:64512:100", 200),
        ("target:64512:8000001", 400),
        ("target:64500", 400),
        ("64500:1", 400),
        ("target:ten:1", 400),
    ],
)
@pytest.mark.parametrize("name", ["route_target_list", "import_route_target_list", "export_route_target_list"])
async def test_route_targets_are_well_formed_and_not_the_systems(world: World, name: str, target: str, status: int) -> None:
    response = await world.post("virtual-network", "a", **{name: {"route_target": [target]}})

    assert response.status_code == status, response.text


async def test_service_chains_do_not_import_what_they_export(world: World) -> None:
    lists: Document = {name: {"route_target": ["target:64500:1"]} for name in ("import_route_target_list", "export_route_target_list")}

    assert (await world.post("virtual-network", "a", multi_policy_service_chains_enabled=True, **lists)).status_code == 409
    assert (await world.post("virtual-network", "a", **lists)).status_code == 200


async def test_a_provider_network_stays_one_and_keeps_its_details_under_machines(world: World) -> None:
    details = {"segmentation_id": 5, "physical_network": "p"}
    assert (await world.post("virtual-network", "x", provider_properties={"segmentation_id": 5})).status_code == 400
    network = await world.network("a", is_provider_network=True, provider_properties=details)
    assert (await world.put("virtual-network", network["uuid"], is_provider_network=False)).status_code == 400
    machine = await world.create("virtual-machine", "m")
    await world.interface(network, "port", virtual_machine_refs=[{"uuid": machine["uuid"]}])

    other = await world.put("virtual-network", network["uuid"], provider_properties={**details, "segmentation_id": 6})

    assert other.status_code == 409
    assert (await world.put("virtual-network", network["uuid"], provider_properties=details)).status_code == 200


async def test_a_plain_network_refers_to_one_provider_network_only(world: World) -> None:
    provider, other = await world.network("p", is_provider_network=True), await world.network("q", is_provider_network=True)
    plain = await world.network("a", virtual_network_refs=[{"uuid": provider["uuid"]}])
    assert (await world.post("virtual-network", "b", virtual_network_refs=[{"uuid": provider["uuid"]}])).status_code == 200

    both = [{"uuid": provider["uuid"]}, {"uuid": other["uuid"]}]

    assert (await world.put("virtual-network", plain["uuid"], virtual_network_refs=both)).status_code == 400
    assert (await world.post("virtual-network", "c", virtual_network_refs=[{"uuid": plain["uuid"]}])).status_code == 400


async def test_the_routing_instance_comes_and_goes_with_the_network(world: World) -> None:
    network = await world.network("a")
    (link_to_instance,) = network["routing_instances"]
    instance = await world.read("routing-instance", link_to_instance["uuid"])
    assert (instance["fq_name"], instance["routing_instance_is_default"]) == ([*network["fq_name"], "a"], True)

    assert (await world.delete("virtual-network", network["uuid"])).status_code == 200

    assert (await world.api.get(f"/routing-instance/{instance['uuid']}")).status_code == 404


@pytest.mark.parametrize("name", ["ip-fabric", "__link_local__"])
async def test_the_fabric_networks_stay(world: World, name: str) -> None:
    (network,) = await world.listed("virtual-network", fq_names=f"default-domain:default-project:{name}")

    assert (await world.delete("virtual-network", network["uuid"])).status_code == 409


# --- subnets declared ---


async def test_what_a_subnet_leaves_open_is_filled_in(world: World) -> None:
    network = await world.network("a", subnet("10.1.1.7/24"), subnet("10.2.0.0/24", addr_from_start=True), subnet("2001:db8::/64"))

    first, second, third = subnets_of(network)

    assert (first["subnet"], first["default_gateway"], first["dns_server_address"]) == (
        {"ip_prefix": "10.1.1.0", "ip_prefix_len": 24},
        "10.1.1.254",
        "10.1.1.253",
    )
    assert (second["default_gateway"], second["dns_server_address"]) == ("10.2.0.1", "10.2.0.2")
    assert third["default_gateway"] == "2001:db8::ffff:ffff:ffff:fffe"
    assert len({entry["subnet_uuid"] for entry in (first, second, third)}) == 3


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        (subnet("10.1.1.0/31"), "10.1.1.0/31"),
        (subnet("10.1.1.0/32"), "10.1.1.0/32"),
        (subnet("2001:db8::/127"), "2001:db8::/127"),
        (subnet("10.1.1.0/24", default_gateway="10.2.0.1"), "default_gateway"),
        (subnet("10.1.1.0/24", default_gateway="10.1.1.255"), "default_gateway"),
        (subnet("10.1.1.0/24", default_gateway="2001:db8::1"), "default_gateway"),
        (subnet("10.1.1.0/24", default_gateway="ten"), "default_gateway"),
        (subnet("10.1.1.0/24", dns_server_address="ten"), "dns_server_address"),
        (subnet("10.1.1.0/24", subnet_uuid="7"), "subnet_uuid"),
        (subnet("10.1.1.0/24", alloc_unit=3), "alloc_unit"),
        (subnet("10.1.1.0/24", alloc_unit=512), "alloc_unit"),
        (subnet("10.1.1.0/24", allocation_pools=[{"start": "10.2.0.1", "end": "10.2.0.9"}]), "allocation_pools[0]"),
        (subnet("10.1.1.0/24", allocation_pools=pools((20, 10))), "allocation_pools[0]"),
        (subnet("10.1.1.0/24", allocation_pools=[{"start": "10.1.1.1", "end": "2001:db8::1"}]), "allocation_pools[0]"),
        (subnet("10.1.1.0/24", allocation_pools=[{"start": "10.1.1.1"}]), "allocation_pools[0]"),
        (subnet("10.1.1.0/24", allocation_pools=pools((10, 20), (20, 30))), "allocation_pools"),
        ({"subnet_name": "none"}, "subnet"),
    ],
)
async def test_a_faulty_subnet_is_400_that_names_it_and_leaves_nothing(world: World, entry: Document, names: str) -> None:
    response = await world.post("virtual-network", "a", network_ipam_refs=link(entry))

    assert response.status_code == 400
    assert names in response.text
    assert (await world.post("virtual-network", "a", network_ipam_refs=link("10.1.1.0/24"))).status_code == 200


@pytest.mark.parametrize("attr", [None, {}, {"ipam_subnets": None}, {"ipam_subnets": {}}], ids=repr)
async def test_a_link_without_a_list_of_subnets_is_400(world: World, attr: Any) -> None:
    response = await world.post("virtual-network", "a", network_ipam_refs=[{"to": DEFAULT_IPAM, "attr": attr}])

    assert response.status_code == 400


async def test_a_subnet_uuid_is_kept_and_unique_everywhere(world: World) -> None:
    mine = str(uuid4())
    network = await world.network("a", subnet("10.1.1.0/24", subnet_uuid=mine))
    assert subnets_of(network)[0]["subnet_uuid"] == mine

    twice = link(subnet("10.2.0.0/24", subnet_uuid=mine), subnet("10.3.0.0/24", subnet_uuid=mine))

    assert (await world.post("virtual-network", "b", network_ipam_refs=twice)).status_code == 400
    assert (await world.post("virtual-network", "b", network_ipam_refs=link(subnet("10.2.0.0/24", subnet_uuid=mine)))).status_code == 400
    await world.delete("virtual-network", network["uuid"])
    assert (await world.post("virtual-network", "b", network_ipam_refs=link(subnet("10.2.0.0/24", subnet_uuid=mine)))).status_code == 200


# --- subnets changed ---


async def test_a_prefix_keeps_its_identity_through_updates_and_between_links(world: World) -> None:
    network = await world.network(
        "a", subnet("10.1.1.0/24", default_gateway="10.1.1.7", dns_server_address="10.1.1.8", addr_from_start=True)
    )
    await world.address(network)
    (before,) = subnets_of(network)

    assert (await subnet_answer(world, network, "10.1.1.0/24", "10.2.0.0/24"))[0] == 200
    assert (await shown(world, network))[0] == before

    ipam = await world.create("network-ipam", "other")
    await world.update("virtual-network", network["uuid"], network_ipam_refs=link("10.1.1.0/24", to=ipam["fq_name"]))
    assert await shown(world, network) == [before]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"default_gateway": "10.1.1.9"}, "default gateway change is not allowed orig:10.1.1.254, new: 10.1.1.9"),
        ({"subnet_uuid": str(uuid4())}, "subnet_uuid"),
        ({"alloc_unit": 4}, "alloc_unit"),
        ({"addr_from_start": True}, "addr_from_start"),
        ({"allocation_pools": pools((10, 20))}, "allocation_pools"),
    ],
    ids=["gateway", "uuid", "unit", "direction", "first pools"],
)
async def test_what_a_subnet_was_made_with_cannot_be_changed(world: World, change: Document, text: str) -> None:
    network = await world.network("a", "10.1.1.0/24")

    status, answer = await subnet_answer(world, network, subnet("10.1.1.0/24", **change))

    assert status == 400
    assert text in answer
    assert await shown(world, network) == subnets_of(network)


async def test_the_derived_gateway_is_taken_for_unchanged(world: World) -> None:
    network = await world.network("a", subnet("10.1.1.0/24", default_gateway="10.1.1.7"))

    for gateway in (None, "", "10.1.1.254", "10.1.1.7"):
        assert (await subnet_answer(world, network, subnet("10.1.1.0/24", default_gateway=gateway)))[0] == 200
        assert (await shown(world, network))[0]["default_gateway"] == "10.1.1.7"


async def test_the_service_address_moves_to_a_free_address_and_frees_the_old_one(world: World) -> None:
    network = await world.network("a", "10.1.1.0/29")
    held = await world.address(network)
    assert held["instance_ip_address"] == "10.1.1.4"

    in_use = await subnet_answer(world, network, subnet("10.1.1.0/29", dns_server_address="10.1.1.4"))
    assert in_use[0] == 400
    assert "10.1.1.4" in in_use[1]
    assert (await subnet_answer(world, network, subnet("10.1.1.0/29", dns_server_address="10.1.1.2")))[0] == 200

    assert (await shown(world, network))[0]["dns_server_address"] == "10.1.1.2"
    assert (await world.post_address(network, instance_ip_address="10.1.1.2")).status_code == 409
    assert (await world.address(network))["instance_ip_address"] == "10.1.1.5"


async def test_the_service_address_may_leave_the_subnet_altogether(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")

    assert (await subnet_answer(world, network, subnet("10.1.1.0/24", dns_server_address="0.0.0.0")))[0] == 200

    assert (await world.address(network))["instance_ip_address"] == "10.1.1.253"


async def test_pools_are_kept_and_may_be_added(world: World) -> None:
    network = await world.network("a", subnet("10.1.1.0/24", allocation_pools=pools((10, 11))))
    assert [(await world.address(network))["instance_ip_address"] for _ in range(2)] == ["10.1.1.11", "10.1.1.10"]
    for wrong in ([], pools((10, 12)), pools((20, 21)), pools((10, 11), (11, 12))):
        assert (await subnet_answer(world, network, subnet("10.1.1.0/24", allocation_pools=wrong)))[0] == 400

    assert (await subnet_answer(world, network, subnet("10.1.1.0/24", allocation_pools=pools((10, 11), (30, 31)))))[0] == 200

    assert [(await world.address(network))["instance_ip_address"] for _ in range(2)] == ["10.1.1.31", "10.1.1.30"]
    assert (await world.post_address(network)).status_code == 400


async def test_a_subnet_with_an_object_on_its_gateway_stays(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24", "10.2.0.0/24")
    held = await world.address(network, instance_ip_address="10.1.1.254")

    assert await subnet_answer(world, network, "10.2.0.0/24") == (409, "Cannot Delete IP Block, IP(10.1.1.254) is in use")
    await world.delete("instance-ip", held["uuid"])

    assert (await subnet_answer(world, network, "10.2.0.0/24"))[0] == 200


async def test_a_reservation_holds_back_neither_its_subnet_nor_its_network(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24", "10.2.0.0/24")
    for each in subnets_of(network):
        taken = await world.action(f"virtual-network/{network['uuid']}/ip-alloc", subnet=each["subnet_uuid"], count=3)
        assert taken.status_code == 200

    assert (await subnet_answer(world, network, "10.2.0.0/24"))[0] == 200
    assert (await world.delete("virtual-network", network["uuid"])).status_code == 200


async def test_overlap_is_told_wherever_it_comes_from(world: World) -> None:
    network = await world.network("a", "10.1.0.0/16")

    assert (await subnet_answer(world, network, "10.1.0.0/16", "10.1.1.0/24"))[1].startswith(
        "Overlapping addresses: [IPNetwork('10.1.0.0/16')"
    )
    assert (await subnet_answer(world, network, "10.1.0.0/16", "10.1.0.0/16"))[0] == 400
    ipam = await world.create("network-ipam", "other")
    body = {"type": "virtual-network", "uuid": network["uuid"], "ref-type": "network-ipam", "ref-uuid": ipam["uuid"], "operation": "ADD"}
    added = await world.action("ref-update", **body, attr={"ipam_subnets": [subnet("10.1.1.0/24")]})

    assert added.status_code == 400


async def test_a_routed_network_reserves_nothing_it_was_not_told_to(world: World) -> None:
    routed = {"physical_router_uuid": str(uuid4()), "logical_router_uuid": str(uuid4()), "routed_interface_ip_address": "10.1.1.9"}
    body = {"virtual_network_category": "routed", "virtual_network_routed_properties": {"routed_properties": [routed]}}
    network = await world.network("a", "10.1.1.0/24", **body)

    assert not {"default_gateway", "dns_server_address"} & subnets_of(network)[0].keys()
    assert (await world.address(network))["instance_ip_address"] == "10.1.1.254"
    routed["routed_interface_ip_address"] = "10.2.0.1"
    assert (await world.put("virtual-network", network["uuid"], **body)).status_code == 400


async def test_a_system_subnet_of_any_size_is_made_at_once(world: World) -> None:
    network = await world.network("a", "10.0.0.0/8", "2001:db8::/64")

    assert (await world.address(network))["instance_ip_address"] == "10.255.255.252"
    assert (await world.address(network, instance_ip_family="v6"))["instance_ip_address"] == "2001:db8::ffff:ffff:ffff:fffc"


# --- BGPVPNs ---


@pytest.mark.parametrize(
    ("mode", "layer", "status"),
    [("l2", "l2", 200), ("l2", "l3", 400), ("l3", "l3", 200), ("l3", "l2", 400), ("l2_l3", "l2", 200), ("l2_l3", "l3", 200)],
)
async def test_a_bgpvpn_goes_with_a_network_of_its_layer(world: World, mode: str, layer: str, status: int) -> None:
    bgpvpn = await world.create("bgpvpn", "vpn", bgpvpn_type=layer)
    body = {"virtual_network_properties": {"forwarding_mode": mode}, "bgpvpn_refs": [{"uuid": bgpvpn["uuid"]}]}

    response = await world.post("virtual-network", "a", **body)

    assert response.status_code == status, response.text
    assert status == 200 or "bgpvpn_refs" in response.text


# --- provider networks, from both sides ---


@pytest.mark.parametrize("provider", [True, False])
async def test_a_plain_network_gets_no_second_peer_from_the_other_side(world: World, provider: bool) -> None:
    first, second = [await world.network(name, is_provider_network=True) for name in ("p", "q")]
    plain = await world.network("a", is_provider_network=provider, virtual_network_refs=[{"uuid": first["uuid"]}])

    answers = [
        await world.put("virtual-network", second["uuid"], virtual_network_refs=[{"uuid": plain["uuid"]}]),
        await world.post("virtual-network", "r", is_provider_network=True, virtual_network_refs=[{"uuid": plain["uuid"]}]),
    ]

    assert [answer.status_code for answer in answers] == [200 if provider else 400] * 2
    assert (await world.put("virtual-network", first["uuid"], display_name="d")).status_code == 200


@pytest.mark.parametrize("attempt", range(6))
async def test_of_two_provider_networks_that_take_one_plain_network_one_does(world: World, attempt: int) -> None:
    providers = [await world.network(name, is_provider_network=True) for name in ("p", "q")]
    plain = await world.network("a")

    answers = await asyncio.gather(
        *(world.put("virtual-network", one["uuid"], virtual_network_refs=[{"uuid": plain["uuid"]}]) for one in providers)
    )

    assert sorted(answer.status_code for answer in answers) == [200, 400], [answer.text for answer in answers]


async def test_a_network_stays_while_an_address_of_it_is_held_though_the_ref_was_relaxed(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    held = await world.address(network)
    await world.action("ref-relax-for-delete", **{"uuid": held["uuid"], "ref-uuid": network["uuid"]})

    refused = await world.delete("virtual-network", network["uuid"])
    await world.delete("instance-ip", held["uuid"])

    assert (refused.status_code, refused.text) == (409, "Cannot Delete IP Block, IP(10.1.1.252) is in use")
    assert (await world.delete("virtual-network", network["uuid"])).status_code == 200


async def test_pools_below_a_network_are_told_before_the_addresses_they_gave(world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    name = [*network["fq_name"], "pool"]
    pool = await world.create("floating-ip-pool", "pool", fq_name=name, parent_type="virtual-network")
    await world.create("floating-ip", "f", fq_name=[*name, "f"], parent_type="floating-ip-pool")

    refused = await world.delete("virtual-network", network["uuid"])

    assert (refused.status_code, f"children still present: ['{world.api.base_url}/floating-ip-pool/{pool['uuid']}']" in refused.text) == (
        409,
        True,
    )
