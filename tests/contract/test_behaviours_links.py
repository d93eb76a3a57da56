"""Contract section 12, behaviours 26-31: interfaces, parents and refs."""

from uuid import uuid4

from tests.contract.world import World


async def test_behaviour_26_an_interface_has_a_mac_of_its_uuid_and_the_default_routing_instance(world: World) -> None:
    network = await world.network("a")
    uuid = f"aabbccdd-eeff-4{uuid4().hex[:3]}-8{uuid4().hex[:3]}-{uuid4().hex[:12]}"

    port = await world.interface(network, "port", uuid=uuid)
    (instance,) = port["routing_instance_refs"]

    assert port["virtual_machine_interface_mac_addresses"] == {"mac_address": ["02:aa:bb:cc:dd:ee"]}
    assert instance["to"] == [*network["fq_name"], network["name"]]
    assert instance["attr"] == {
        "direction": "both",
        "protocol": None,
        "ipv6_service_chain_address": None,
        "dst_mac": None,
        "mpls_label": None,
        "vlan_tag": None,
        "src_mac": None,
        "service_chain_address": None,
    }


async def test_behaviour_27_a_network_that_is_referred_to_stays(world: World) -> None:
    network = await world.network("a")
    port = await world.interface(network, "port")

    response = await world.delete("virtual-network", network["uuid"])

    assert response.status_code == 409
    assert response.text == f"Delete when resource still referred: ['{port['href']}']"


async def test_behaviour_28_a_network_with_a_child_stays_and_its_routing_instance_goes_along(world: World) -> None:
    network = await world.network("a")
    pool = await world.create("floating-ip-pool", "", fq_name=[*network["fq_name"], "pool"], parent_type="virtual-network")
    (instance,) = network["routing_instances"]

    refused = await world.delete("virtual-network", network["uuid"])
    await world.delete("floating-ip-pool", pool["uuid"])
    accepted = await world.delete("virtual-network", network["uuid"])

    assert refused.status_code == 409
    assert refused.text == f"Delete when children still present: ['{pool['href']}']"
    assert accepted.status_code == 200
    assert (await world.api.get(f"/routing-instance/{instance['uuid']}")).status_code == 404


async def test_behaviour_29_a_relaxed_ref_goes_with_its_target(world: World) -> None:
    network = await world.network("a")
    group = await world.create("security-group", "sg")
    port = await world.interface(network, "port", security_group_refs=[{"to": group["fq_name"]}])
    assert (await world.delete("security-group", group["uuid"])).status_code == 409

    relaxed = await world.action("ref-relax-for-delete", uuid=port["uuid"], **{"ref-uuid": group["uuid"]})
    deleted = await world.delete("security-group", group["uuid"])

    assert (relaxed.status_code, relaxed.json()) == (200, {"uuid": port["uuid"]})
    assert deleted.status_code == 200
    assert "security_group_refs" not in await world.read("virtual-machine-interface", port["uuid"])


async def test_behaviour_30_ref_update_adds_replaces_and_deletes_twice(world: World) -> None:
    machine = await world.create("virtual-machine", "vm")
    router = await world.create(
        "virtual-router", "", fq_name=["default-global-system-config", world.domain], parent_type="global-system-config"
    )
    edit = {
        "type": "virtual-router",
        "uuid": router["uuid"],
        "ref-type": "virtual-machine",
        "ref-uuid": machine["uuid"],
        "ref-fq-name": None,
    }

    added = await world.action("ref-update", **edit, operation="ADD")
    shown = await world.read("virtual-router", router["uuid"])
    deleted = [await world.action("ref-update", **edit, operation="DELETE") for _ in range(2)]

    assert (added.status_code, added.json()) == (200, {"uuid": router["uuid"]})
    assert [ref["uuid"] for ref in shown["virtual_machine_refs"]] == [machine["uuid"]]
    assert [response.status_code for response in deleted] == [200, 200]
    assert "virtual_machine_refs" not in await world.read("virtual-router", router["uuid"])


async def test_behaviour_30_a_repeated_add_replaces_the_attribute(world: World) -> None:
    network = await world.network("a")
    policy = await world.create("network-policy", "policy")
    edit = {"type": "virtual-network", "uuid": network["uuid"], "ref-type": "network-policy", "ref-uuid": policy["uuid"]}

    for major in (1, 2):
        attr = {"sequence": {"major": major, "minor": 0}}
        assert (await world.action("ref-update", **edit, operation="ADD", attr=attr)).status_code == 200

    (ref,) = (await world.read("virtual-network", network["uuid"]))["network_policy_refs"]
    assert ref["attr"]["sequence"] == {"major": 2, "minor": 0}


async def test_behaviour_31_a_ref_between_networks_is_seen_from_both_and_dies_with_either(world: World) -> None:
    network, provider = await world.network("a"), await world.network("b", is_provider_network=True)
    edit = {"type": "virtual-network", "uuid": network["uuid"], "ref-type": "virtual-network", "ref-uuid": provider["uuid"]}

    added = await world.action("ref-update", **edit, operation="ADD")
    seen = [
        [ref["uuid"] for ref in (await world.read("virtual-network", each["uuid"]))["virtual_network_refs"]] for each in (network, provider)
    ]
    deleted = await world.delete("virtual-network", provider["uuid"])

    assert added.status_code == 200
    assert seen == [[provider["uuid"]], [network["uuid"]]]
    assert deleted.status_code == 200
    assert "virtual_network_refs" not in await world.read("virtual-network", network["uuid"])
