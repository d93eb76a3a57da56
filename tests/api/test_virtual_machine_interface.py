"""What a port does beyond being stored (contract 3.4, 4.8)."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.world import Document, World

MACS, BINDINGS, PROPERTIES = (f"virtual_machine_interface_{name}" for name in ("mac_addresses", "bindings", "properties"))
FORWARDING = {
    "direction": "both",
    "protocol": None,
    "ipv6_service_chain_address": None,
    "dst_mac": None,
    "mpls_label": None,
    "vlan_tag": None,
    "src_mac": None,
    "service_chain_address": None,
}


def mac_of(port: Document) -> list[str]:
    macs: list[str] = port[MACS]["mac_address"]
    return macs


def bound(**bindings: str) -> Document:
    return {BINDINGS: {"key_value_pair": [{"key": key, "value": value} for key, value in bindings.items()]}}


def bindings_of(port: Document) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in port[BINDINGS]["key_value_pair"]}


def tagged(tag: int, *primaries: Document) -> Document:
    refs = [{"uuid": each["uuid"]} for each in primaries]
    return {PROPERTIES: {"sub_interface_vlan_tag": tag}, "virtual_machine_interface_refs": refs}


async def status(world: World, network: Document, name: str, **body: Any) -> int:
    refs = [{"uuid": network["uuid"]}]
    return (await world.post("virtual-machine-interface", name, **{"virtual_network_refs": refs, **body})).status_code


# --- the network ---


async def test_a_port_needs_a_network(world: World) -> None:
    bodies: list[Document] = [{}, {"virtual_network_refs": []}]
    for body in bodies:
        assert (await world.post("virtual-machine-interface", "p", **body)).status_code == 400


async def test_a_port_joins_the_default_routing_instance(world: World) -> None:
    network = await world.network("a")

    port = await world.interface(network, "p")

    (instance,) = port["routing_instance_refs"]
    assert (instance["uuid"], instance["attr"]) == (network["routing_instances"][0]["uuid"], FORWARDING)


async def test_a_port_changes_its_network_while_it_has_no_address(world: World) -> None:
    network, other = await world.network("a", "10.1.1.0/24"), await world.network("b", "10.1.1.0/24")
    port = await world.interface(network, "p")
    change = {"virtual_network_refs": [{"uuid": other["uuid"]}]}
    held = await world.address(network, virtual_machine_interface_refs=[{"uuid": port["uuid"]}])
    assert (await world.put("virtual-machine-interface", port["uuid"], **change)).status_code == 400
    await world.delete("instance-ip", held["uuid"])

    await world.update("virtual-machine-interface", port["uuid"], **change)

    moved = await world.read("virtual-machine-interface", port["uuid"])
    assert [ref["uuid"] for ref in moved["routing_instance_refs"]] == [other["routing_instances"][0]["uuid"]]
    assert mac_of(moved) == mac_of(port)


async def test_the_whole_document_may_come_back(world: World) -> None:
    port = await world.interface(await world.network("a"), "p")
    body = {key: value for key, value in port.items() if key != "uuid"}

    await world.update("virtual-machine-interface", port["uuid"], **body)

    after = await world.read("virtual-machine-interface", port["uuid"])
    assert {key: value for key, value in after.items() if key != "id_perms"} == {
        key: value for key, value in port.items() if key != "id_perms"
    }


# --- MAC addresses ---


@pytest.mark.parametrize(
    ("given", "kept"),
    [("02:AA:bb:00:00:01", "02:AA:bb:00:00:01"), ("02-AA-bb-00-00-01", "02:AA:bb:00:00:01")],
    ids=["colons", "dashes"],
)
async def test_a_given_mac_is_kept_with_colons(world: World, given: str, kept: str) -> None:
    network = await world.network("a")
    port = await world.interface(network, "p", **{MACS: {"mac_address": [given]}})

    assert mac_of(port) == [kept]
    assert mac_of(await world.interface(network, "q", **{MACS: {"mac_address": [given]}})) == [kept]


@pytest.mark.parametrize("mac", ["02:aa:bb", "02:aa:bb:cc:dd:gg", "mac", "02:aa:bb:cc:dd:ee:ff"])
async def test_what_is_no_mac_is_400_in_create_and_update(world: World, mac: str) -> None:
    network = await world.network("a")
    port = await world.interface(network, "p")

    assert await status(world, network, "q", **{MACS: {"mac_address": [mac]}}) == 400
    assert (await world.put("virtual-machine-interface", port["uuid"], **{MACS: {"mac_address": [mac]}})).status_code == 400


async def test_a_mac_may_be_changed_but_not_taken_away(world: World) -> None:
    port = await world.interface(await world.network("a"), "p")
    await world.update("virtual-machine-interface", port["uuid"], **{MACS: None})
    assert mac_of(await world.read("virtual-machine-interface", port["uuid"])) == mac_of(port)

    await world.update("virtual-machine-interface", port["uuid"], **{MACS: {"mac_address": ["02-00-00-00-00-01"]}})

    assert mac_of(await world.read("virtual-machine-interface", port["uuid"])) == ["02:00:00:00:00:01"]


async def test_ports_of_one_network_with_like_uuids_get_different_macs(world: World) -> None:
    network, other = await world.network("a"), await world.network("b")
    head = uuid4().hex[:10]
    uuids = [f"{head[:8]}-{head[8:]}00-4000-8000-{number:012d}" for number in (1, 2, 3, 4)]
    usual = ["02:" + ":".join(head[at : at + 2] for at in range(0, 10, 2))]

    ports = [await world.interface(network, f"p{uuid}", uuid=uuid) for uuid in uuids[:3]]

    assert mac_of(ports[0]) == usual
    assert len({mac_of(port)[0] for port in ports}) == 3
    assert mac_of(await world.interface(other, "q", uuid=uuids[3])) == usual


async def test_a_bare_metal_port_without_link_has_no_mac(world: World) -> None:
    port = await world.interface(await world.network("a"), "p", **bound(vnic_type="baremetal"))

    assert mac_of(port) == ["00:00:00:00:00:00"]


# --- bindings, security ---


async def test_bindings_are_completed_when_there_are_any(world: World) -> None:
    network = await world.network("a")

    assert bindings_of(await world.interface(network, "p", **bound(host_id="h"))) == {
        "host_id": "h",
        "vif_type": "vrouter",
        "vnic_type": "normal",
    }
    assert BINDINGS not in await world.interface(network, "q")


async def test_a_bound_port_keeps_its_type(world: World) -> None:
    port = await world.interface(await world.network("a"), "p", **bound(host_id="h", vnic_type="direct"))

    assert (await world.put("virtual-machine-interface", port["uuid"], **bound(host_id="h", vnic_type="normal"))).status_code == 409
    assert (await world.put("virtual-machine-interface", port["uuid"], **bound(host_id="g", vnic_type="direct"))).status_code == 200


async def test_address_pairs_need_port_security(world: World) -> None:
    network = await world.network("a")
    pair = {"ip": {"ip_prefix": "10.1.1.9", "ip_prefix_len": 32}, "address_mode": "active-standby"}
    pairs: Document = {"virtual_machine_interface_allowed_address_pairs": {"allowed_address_pair": [pair]}}

    assert await status(world, network, "p", port_security_enabled=False, **pairs) == 400
    port = await world.interface(network, "p", port_security_enabled=True, **pairs)
    assert (await world.put("virtual-machine-interface", port["uuid"], port_security_enabled=False)).status_code == 400


# --- sub-interfaces ---


async def test_a_sub_interface_has_one_primary_and_a_tag_of_its_own(world: World) -> None:
    network = await world.network("a")
    primary, second = await world.interface(network, "p"), await world.interface(network, "q")

    assert await status(world, network, "s", **tagged(5)) == 400
    assert await status(world, network, "s", **tagged(5, primary, second)) == 400
    assert await status(world, network, "s", **tagged(4095, primary)) == 400
    sub = await world.interface(network, "s", **tagged(5, primary))
    assert await status(world, network, "t", **tagged(5, primary)) == 400
    assert await status(world, network, "t", **tagged(6, sub)) == 400
    assert await status(world, network, "t", **tagged(6, primary)) == 200
    assert await status(world, network, "u", **tagged(5, second)) == 200


async def test_a_tag_stays_while_the_port_has_a_primary(world: World) -> None:
    network = await world.network("a")
    primary = await world.interface(network, "p")
    sub = await world.interface(network, "s", **tagged(5, primary))

    assert (await world.put("virtual-machine-interface", sub["uuid"], **{PROPERTIES: {"sub_interface_vlan_tag": 6}})).status_code == 400
    assert (await world.put("virtual-machine-interface", sub["uuid"], display_name="d")).status_code == 200


async def test_a_primary_goes_after_its_sub_interfaces(world: World) -> None:
    network = await world.network("a")
    primary = await world.interface(network, "p")
    sub = await world.interface(network, "s", **tagged(5, primary))

    assert (await world.delete("virtual-machine-interface", primary["uuid"])).status_code == 409
    assert (await world.delete("virtual-machine-interface", sub["uuid"])).status_code == 200
    assert (await world.delete("virtual-machine-interface", primary["uuid"])).status_code == 200


# --- machines, routers, health checks ---


async def test_a_routers_port_cannot_be_a_machines(world: World) -> None:
    port = await world.interface(await world.network("a"), "p")
    machine = await world.create("virtual-machine", "m")
    await world.create("logical-router", "r", virtual_machine_interface_refs=[{"uuid": port["uuid"]}])

    response = await world.put("virtual-machine-interface", port["uuid"], virtual_machine_refs=[{"uuid": machine["uuid"]}])

    assert (response.status_code, response.text) == (400, "Logical router interface cannot be used by VM")


@pytest.mark.parametrize(("kind", "expected"), [("link-local", 200), ("end-to-end", 400)])
async def test_health_checks_of_ports_are_link_local(world: World, kind: str, expected: int) -> None:
    properties = {"service_health_check_properties": {"health_check_type": kind}}
    check = await world.create("service-health-check", "c", **properties)

    assert await status(world, await world.network("a"), "p", service_health_check_refs=[{"uuid": check["uuid"]}]) == expected


# --- the host a port is bound to ---


async def node(world: World, name: str = "node") -> Document:
    """A virtual router; the name is a host's, and this test's own."""
    place = {"fq_name": ["default-global-system-config", f"{name}-{world.domain}"], "parent_type": "global-system-config"}
    made: Document = (await world.api.post("/virtual-routers", json={"virtual-router": place})).json()["virtual-router"]
    return made


async def machines_on(world: World, router: Document) -> set[str]:
    return {ref["uuid"] for ref in (await world.read("virtual-router", router["uuid"])).get("virtual_machine_refs", [])}


@pytest.mark.parametrize("linked", ["child", "ref"])
async def test_a_bound_port_links_its_machine_to_the_hosts_router(world: World, linked: str) -> None:
    network, router, machine = await world.network("a"), await node(world), await world.create("virtual-machine", "m")
    place = {"fq_name": [*machine["fq_name"], "p"], "parent_type": "virtual-machine"}
    body = place if linked == "child" else {"virtual_machine_refs": [{"uuid": machine["uuid"]}]}

    port = await world.interface(network, "p", **body, **bound(host_id=router["fq_name"][-1]))
    bound_to = await machines_on(world, router)
    await world.delete("virtual-machine-interface", port["uuid"])

    assert bound_to == {machine["uuid"]}
    assert await machines_on(world, router) == set()
    assert (await world.delete("virtual-machine", machine["uuid"])).status_code == 200


async def test_a_port_that_moves_takes_its_machine_along(world: World) -> None:
    network, machine = await world.network("a"), await world.create("virtual-machine", "m")
    here, there = await node(world, "here"), await node(world, "there")
    port = await world.interface(network, "p", virtual_machine_refs=[{"uuid": machine["uuid"]}])
    seen = []

    for router in (here, there):
        await world.update("virtual-machine-interface", port["uuid"], **bound(host_id=router["fq_name"][-1]))
        seen.append((await machines_on(world, here), await machines_on(world, there)))
    edit = {"field": BINDINGS, "operation": "delete", "position": "host_id"}
    await world.action("prop-collection-update", uuid=port["uuid"], updates=[edit])

    assert seen == [({machine["uuid"]}, set()), (set(), {machine["uuid"]})]
    assert await machines_on(world, there) == set()


async def test_a_machine_stays_on_a_host_while_a_port_of_it_is_bound_there(world: World) -> None:
    network, router, machine = await world.network("a"), await node(world), await world.create("virtual-machine", "m")
    body = {"virtual_machine_refs": [{"uuid": machine["uuid"]}], **bound(host_id=router["fq_name"][-1])}
    ports = [await world.interface(network, name, **body) for name in ("p", "q")]

    await world.delete("virtual-machine-interface", ports[0]["uuid"])
    left = await machines_on(world, router)
    await world.update("virtual-machine-interface", ports[1]["uuid"], virtual_machine_refs=[])

    assert left == {machine["uuid"]}
    assert await machines_on(world, router) == set()


async def test_a_port_bound_to_a_host_that_nobody_knows_is_stored(world: World) -> None:
    network, machine = await world.network("a"), await world.create("virtual-machine", "m")

    assert await status(world, network, "p", virtual_machine_refs=[{"uuid": machine["uuid"]}], **bound(host_id="nobody")) == 200


async def test_ports_bound_to_one_host_at_once_link_all_their_machines(world: World) -> None:
    network, router = await world.network("a"), await node(world)
    machines = [await world.create("virtual-machine", f"m{number}") for number in range(8)]

    answers = await asyncio.gather(
        *(
            status(world, network, f"p{number}", virtual_machine_refs=[{"uuid": machine["uuid"]}], **bound(host_id=router["fq_name"][-1]))
            for number, machine in enumerate([*machines, *machines])
        )
    )

    assert answers == [200] * 16
    assert await machines_on(world, router) == {machine["uuid"] for machine in machines}
