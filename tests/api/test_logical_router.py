"""Logical routers: their ports, their external networks, and the hidden network of one that routes by VXLAN (contract 3.4)."""

import asyncio
import random
from typing import Any

import httpx
import pytest

from tests.contract.world import Document, World

ROUTING = {"logical_router_type": "vxlan-routing"}
GATEWAY, INTERNAL, NAPT = (
    {"logical_router_virtual_network_type": name} for name in ("ExternalGateway", "InternalVirtualNetwork", "NAPTSourcePool")
)


def vxlan_id() -> int:
    """One that no other test has: the ids are the whole database's."""
    return random.randrange(1 << 16, 1 << 24)


def to(*targets: Document, **body: Any) -> list[Document]:
    return [{"uuid": target["uuid"], **body} for target in targets]


async def router(world: World, name: str = "r", **body: Any) -> Document:
    made = await world.create("logical-router", name, **body)
    return await world.read("logical-router", made["uuid"])


async def put(world: World, made: Document, **body: Any) -> httpx.Response:
    return await world.put("logical-router", made["uuid"], **body)


async def hidden(world: World, made: Document) -> Document:
    """The hidden network of a router."""
    (ref,) = (await world.read("logical-router", made["uuid"]))["virtual_network_refs"]
    assert ref["attr"] == INTERNAL
    return await world.read("virtual-network", ref["uuid"])


# --- the type ---


async def test_the_type_stays_and_is_snat_routing_when_none_is_said(world: World) -> None:
    plain, routing = await router(world), await router(world, "v", **ROUTING)

    assert (await put(world, plain, **ROUTING)).status_code == 400
    assert (await put(world, plain, logical_router_type="snat-routing")).status_code == 200
    assert (await put(world, routing, logical_router_type="snat-routing")).status_code == 400
    assert (await put(world, routing, logical_router_type=None)).status_code == 200
    assert (await world.read("logical-router", routing["uuid"]))["logical_router_type"] == "vxlan-routing"


# --- route targets ---


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("target:64999:1", 200),
        ("target:10.1.1.1:7", 200),
        ("target:64512:7999999", 200),
        ("target:64512:8000000", 400),
        ("target:64512", 400),
        ("64512:1", 400),
        ("target:a:1", 400),
        ("target:1:" + "9" * 5000, 400),
    ],
)
async def test_route_targets_are_well_formed_and_not_the_systems(world: World, target: str, status: int) -> None:
    made = await router(world)
    body = {"configured_route_target_list": {"route_target": [target]}}

    assert [(await world.post("logical-router", "n", **body)).status_code, (await put(world, made, **body)).status_code] == [status] * 2


# --- ports and machines ---


@pytest.mark.parametrize("linked", ["child", "ref"])
async def test_a_port_of_a_machine_is_in_use(world: World, linked: str) -> None:
    network, machine = await world.network("a"), await world.create("virtual-machine", "m")
    place = (
        {"fq_name": [*machine["fq_name"], "p"], "parent_type": "virtual-machine"}
        if linked == "child"
        else {"virtual_machine_refs": to(machine)}
    )
    port, made = await world.interface(network, "p", **place), await router(world)
    edit = {"type": "logical-router", "uuid": made["uuid"], "ref-type": "virtual-machine-interface", "ref-uuid": port["uuid"]}

    answers = [
        await world.post("logical-router", "n", virtual_machine_interface_refs=to(port)),
        await put(world, made, virtual_machine_interface_refs=to(port)),
        await world.action("ref-update", **edit, operation="ADD"),
    ]

    text = f"Port({port['uuid']}) already in use by virtual-machine({machine['uuid']})"
    assert [(answer.status_code, answer.text) for answer in answers] == [(409, text)] * 3


@pytest.mark.parametrize("attempt", range(10))
async def test_a_port_goes_to_a_machine_or_to_a_router_never_to_both(world: World, attempt: int) -> None:
    port, machine = await world.interface(await world.network("a"), "p"), await world.create("virtual-machine", "m")
    made = await router(world)

    routed, given = await asyncio.gather(
        put(world, made, virtual_machine_interface_refs=to(port)),
        world.put("virtual-machine-interface", port["uuid"], virtual_machine_refs=to(machine)),
    )

    assert (routed.status_code, given.status_code) in {(200, 400), (409, 200)}, (routed.text, given.text)


# --- the external network ---


@pytest.mark.parametrize(("attr", "status"), [(GATEWAY, 400), (None, 400), (NAPT, 200)])
async def test_the_external_network_is_none_of_the_ports(world: World, attr: Document | None, status: int) -> None:
    inside, outside = await world.network("in"), await world.network("out")
    port = await world.interface(inside, "p")
    made = await router(world, virtual_machine_interface_refs=to(port), virtual_network_refs=to(outside, attr=GATEWAY))

    created = await world.post("logical-router", "n", virtual_machine_interface_refs=to(port), virtual_network_refs=to(inside, attr=attr))
    changed = await put(world, made, virtual_network_refs=to(inside, attr=attr))

    assert [answer.status_code for answer in (created, changed)] == [status] * 2, (created.text, changed.text)
    assert status == 200 or f"gateway cannot be in VN({inside['uuid']})" in created.text


async def test_a_port_does_not_move_into_its_routers_external_network(world: World) -> None:
    inside, outside, other = [await world.network(name) for name in ("in", "out", "other")]
    port = await world.interface(inside, "p")
    await router(world, virtual_machine_interface_refs=to(port), virtual_network_refs=to(outside, attr=GATEWAY))

    refused = await world.put("virtual-machine-interface", port["uuid"], virtual_network_refs=to(outside))

    assert (refused.status_code, f"VN({outside['uuid']})" in refused.text) == (400, True)
    assert (await world.put("virtual-machine-interface", port["uuid"], virtual_network_refs=to(other))).status_code == 200


@pytest.mark.parametrize("attempt", range(8))
async def test_a_network_becomes_external_or_gets_the_routers_port_never_both(world: World, attempt: int) -> None:
    inside, outside = await world.network("in"), await world.network("out")
    port = await world.interface(inside, "p")
    made = await router(world, virtual_machine_interface_refs=to(port))

    answers = await asyncio.gather(
        put(world, made, virtual_network_refs=to(outside, attr=GATEWAY)),
        world.put("virtual-machine-interface", port["uuid"], virtual_network_refs=to(outside)),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 400], [answer.text for answer in answers]


# --- the hidden network ---


async def test_a_router_by_vxlan_has_a_hidden_network(world: World) -> None:
    number, targets = vxlan_id(), {"route_target": ["target:64999:5"]}
    made = await router(world, **ROUTING, vxlan_network_identifier=str(number), configured_route_target_list=targets)

    network = await hidden(world, made)

    assert network["fq_name"] == [*world.project, f"__contrail_lr_internal_vn_{made['uuid']}__"]
    assert (network["display_name"], network["virtual_network_category"], network["id_perms"]["user_visible"]) == (
        "LR::r",
        "internal",
        False,
    )
    assert network["virtual_network_properties"] == {"forwarding_mode": "l3", "vxlan_network_identifier": number}
    assert network["route_target_list"] == targets
    assert network["virtual_network_network_id"] > 0
    assert [one["to"][-1] for one in network["routing_instances"]] == [network["name"]]


async def test_the_hidden_network_follows_its_router_and_goes_with_it(world: World) -> None:
    number = vxlan_id()
    made = await router(world, **ROUTING, vxlan_network_identifier=str(number))
    targets = {"route_target": ["target:64999:5"]}

    await put(world, made, display_name="new", vxlan_network_identifier=None, configured_route_target_list=targets)
    network = await hidden(world, made)
    taken = await world.post("virtual-network", "n", virtual_network_properties={"vxlan_network_identifier": number})
    deleted = await world.delete("logical-router", made["uuid"])

    assert (network["display_name"], network["route_target_list"]) == ("LR::new", targets)
    assert network["virtual_network_properties"] == {"forwarding_mode": "l3"}
    assert (taken.status_code, deleted.status_code) == (200, 200), (taken.text, deleted.text)
    assert (await world.api.get(f"/virtual-network/{network['uuid']}")).status_code == 404


async def test_the_link_to_the_hidden_network_is_the_servers(world: World) -> None:
    made, outside = await router(world, **ROUTING), await world.network("out")
    network = await hidden(world, made)

    await put(world, made, virtual_network_refs=to(outside, attr=GATEWAY))
    await put(world, made, virtual_network_refs=[])
    await put(world, made, virtual_network_refs=to(network, attr=NAPT))
    deleted = await world.delete("virtual-network", network["uuid"])

    assert (await hidden(world, made))["uuid"] == network["uuid"]
    assert (deleted.status_code, f"/logical-router/{made['uuid']}" in deleted.text) == (409, True)


async def test_a_router_whose_hidden_network_is_used_stays_whole(world: World) -> None:
    made = await router(world, **ROUTING)
    network = await hidden(world, made)
    port = await world.interface(network, "p")

    refused = await world.delete("logical-router", made["uuid"])

    assert (refused.status_code, f"/virtual-machine-interface/{port['uuid']}" in refused.text) == (409, True)
    assert (await hidden(world, made))["uuid"] == network["uuid"]


@pytest.mark.parametrize("number", ["0", "16777216", "-1", "x", "1.5", "9" * 5000])
async def test_a_vxlan_id_is_a_number_of_three_bytes(world: World, number: str) -> None:
    made = await router(world, **ROUTING)

    answers = [
        await world.post("logical-router", "n", **ROUTING, vxlan_network_identifier=number),
        await put(world, made, vxlan_network_identifier=number),
    ]

    assert [(answer.status_code, "16777215" in answer.text) for answer in answers] == [(400, True)] * 2


async def test_a_vxlan_id_is_one_networks_or_one_routers(world: World) -> None:
    number = vxlan_id()
    first = await router(world, **ROUTING, vxlan_network_identifier=str(number))
    second = await router(world, "s", **ROUTING)

    answers = [
        await world.post("virtual-network", "n", virtual_network_properties={"vxlan_network_identifier": number}),
        await world.post("logical-router", "t", **ROUTING, vxlan_network_identifier=str(number)),
        await put(world, second, vxlan_network_identifier=str(number)),
    ]
    await world.delete("logical-router", first["uuid"])

    text = f"Cannot set VXLAN_ID: {number}, it has already been set"
    assert [(answer.status_code, answer.text) for answer in answers] == [(400, text)] * 3
    assert (await put(world, second, vxlan_network_identifier=str(number))).status_code == 200


async def test_of_many_routers_with_one_vxlan_id_one_is_made(world: World) -> None:
    number = str(vxlan_id())

    answers = await asyncio.gather(
        *(world.post("logical-router", f"r{each}", **ROUTING, vxlan_network_identifier=number) for each in range(8))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert len(await world.listed("virtual-network", parent_id=world.project_id)) == 1


@pytest.mark.parametrize("value", ["", 0, [], {}, False])
@pytest.mark.parametrize(
    "name", ["vxlan_network_identifier", "configured_route_target_list", "logical_router_type", "virtual_network_refs", "display_name"]
)
async def test_a_falsy_value_never_fails(world: World, name: str, value: object) -> None:
    made = await router(world, **ROUTING)

    answers = [await put(world, made, **{name: value}), await world.post("logical-router", "n", **{**ROUTING, name: value})]

    assert all(answer.status_code in (200, 400) for answer in answers), [answer.text for answer in answers]


async def test_a_router_its_port_and_both_networks_may_come_in_one_request(world: World) -> None:
    def entry(kind: str, name: str, **body: Any) -> Document:
        return {"kind": kind, "operation": "CREATE", "data": {"fq_name": [*world.project, name], "parent_type": "project", **body}}

    def named(name: str, **more: Any) -> list[Document]:
        return [{"to": [*world.project, name], **more}]

    def entries(outside: str) -> list[Document]:
        body = {"virtual_machine_interface_refs": named("p"), "virtual_network_refs": named(outside, attr=GATEWAY)}
        networks = [entry("virtual-network", name) for name in ("in", "out")]
        return [
            *networks,
            entry("virtual-machine-interface", "p", virtual_network_refs=named("in")),
            entry("logical-router", "r", **ROUTING, **body),
        ]

    refused = await world.api.post("/v2/bulk", json={"resources": entries("in")})
    made = await world.api.post("/v2/bulk", json={"resources": entries("out")})

    assert (refused.status_code, "gateway cannot be in VN" in refused.text) == (400, True), refused.text
    assert made.status_code == 200, made.text
    (shown,) = await world.listed("logical-router", parent_id=world.project_id, fields="virtual_network_refs")
    assert sorted(ref["attr"]["logical_router_virtual_network_type"] for ref in shown["virtual_network_refs"]) == [
        "ExternalGateway",
        "InternalVirtualNetwork",
    ]
