"""Many writes in one request: all or none, in an order in which each finds what it refers to, and each as by its own call."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.api.census import census
from tests.contract.world import FAR_AWAY, Document, World, link

PROBLEM = {"Accept": "application/problem+json"}


def entry(kind: str, operation: str = "create", /, **data: Any) -> Document:
    return {"kind": kind, "operation": operation, "data": data}


def creation(world: World, kind: str, name: str, /, **data: Any) -> Document:
    """The entry that creates it."""
    return {"kind": kind, "operation": "create", "data": world.document(kind, name, **data)[kind]}


async def send(world: World, *entries: Document, **headers: str) -> httpx.Response:
    return await world.api.post("/v2/bulk", json={"resources": entries}, headers=headers)


async def done(world: World, *entries: Document) -> list[Document]:
    """The answers to the entries, which are all done."""
    response = await send(world, *entries)
    assert response.status_code == 200, response.text
    found: list[Document] = response.json()["results"]
    return found


def pod(world: World, name: str, network: Document, /, **address: Any) -> list[Document]:
    """A machine, its port and the port's address."""
    refs = [{"to": network["fq_name"]}]
    machine, port = (world.fq_name(kind, name) for kind in ("virtual-machine", "virtual-machine-interface"))
    return [
        creation(world, "virtual-machine", name),
        creation(
            world, "virtual-machine-interface", name, virtual_network_refs=refs, virtual_machine_refs=[{"to": machine}], uuid=str(uuid4())
        ),
        creation(world, "instance-ip", name, virtual_network_refs=refs, virtual_machine_interface_refs=[{"to": port}], **address),
    ]


async def counted(database_url: str) -> Document:
    connection = await asyncpg.connect(database_url)
    try:
        return dict(await census(connection))
    finally:
        await connection.close()


# --- each as by its own call ---


async def test_each_entry_is_answered_as_its_own_call_would_be(world: World) -> None:
    old, gone = await world.create("network-policy", "old"), await world.create("network-policy", "gone")
    network = await world.network("a")

    created, updated, changed, deleted = await done(
        world,
        creation(world, "virtual-machine", "v"),
        entry("network-policy", "update", uuid=old["uuid"], display_name="new"),
        entry(
            "virtual-network",
            "ref-update",
            uuid=network["uuid"],
            **{"ref-type": "network-policy", "ref-uuid": old["uuid"]},
            operation="ADD",
        ),
        entry("network-policy", "delete", uuid=gone["uuid"]),
    )

    machine = created["virtual-machine"]
    assert created == {
        "virtual-machine": {
            "name": machine["name"],
            "fq_name": world.fq_name("virtual-machine", "v"),
            "uuid": machine["uuid"],
            "href": f"{world.api.base_url}/virtual-machine/{machine['uuid']}".replace("//virtual", "/virtual"),
        }
    }
    assert updated == {"network-policy": {"uuid": old["uuid"], "href": old["href"]}}
    assert changed == {"uuid": network["uuid"]}
    assert deleted == {}
    assert (await world.read("network-policy", old["uuid"]))["display_name"] == "new"
    assert (await world.read("virtual-network", network["uuid"]))["network_policy_refs"][0]["uuid"] == old["uuid"]
    assert (await world.api.get(f"/network-policy/{gone['uuid']}")).status_code == 404


async def test_what_is_made_is_told_with_the_fields_that_are_asked_for(world: World) -> None:
    network = await world.network("a", "10.0.0.0/24")

    response = await world.api.post(
        "/v2/bulk?fields=instance_ip_address,virtual_machine_interface_mac_addresses,nothing", json={"resources": pod(world, "p", network)}
    )

    machine, port, address = response.json()["results"]
    stored = await world.read("virtual-machine-interface", port["virtual-machine-interface"]["uuid"])
    assert set(machine["virtual-machine"]) == {"name", "fq_name", "uuid", "href"}
    assert port["virtual-machine-interface"]["virtual_machine_interface_mac_addresses"] == stored["virtual_machine_interface_mac_addresses"]
    assert address["instance-ip"]["instance_ip_address"] == "10.0.0.252"


async def test_an_object_may_be_named_in_place_of_its_uuid(world: World) -> None:
    await world.create("network-policy", "old")
    named = {"fq_name": world.fq_name("network-policy", "old")}

    await done(world, entry("network_policy", "UPDATE", **named, display_name="new"), entry("network-policy", "update", **named))
    assert (await world.listed("network-policy", parent_id=world.project_id, detail="true"))[0]["network-policy"]["display_name"] == "new"
    await done(world, entry("network-policy", "delete", **named))

    assert await world.listed("network-policy", parent_id=world.project_id) == []


@pytest.mark.parametrize("seed", range(10))
async def test_many_together_get_what_they_get_one_by_one(world: World, seed: int) -> None:
    """Draws and wishes, in one and in two families, of two networks, in any order."""
    chance = random.Random(seed)
    networks = {
        way: [
            await world.network(f"{way}-{name}", *subnets)
            for name, subnets in (("a", ["10.0.0.0/28", "fd00::/120"]), ("b", ["10.0.0.0/24", "fd00::/64"]))
        ]
        for way in ("single", "bulk")
    }
    wishes = [
        {},
        {"instance_ip_family": "v4"},
        {"instance_ip_family": "v6"},
        *({"instance_ip_address": address} for address in ("10.0.0.9", "10.0.0.10", "10.0.0.11", "fd00::7")),
    ]
    weights = chance.choice([[1, 0, 0, 0, 0, 0, 0], [1, 3, 3, 0, 0, 0, 0], [3, 1, 1, 1, 1, 1, 1]])
    asked = [(chance.randrange(2), chance.choices(wishes, weights)[0]) for _ in range(chance.randrange(2, 24))]

    singles = [await world.post_address(networks["single"][number], f"s{count}", **wish) for count, (number, wish) in enumerate(asked)]
    refused = next((count for count, answer in enumerate(singles) if answer.status_code != 200), None)
    together = await send(
        world,
        *(
            creation(world, "instance-ip", f"b{count}", virtual_network_refs=[{"to": networks["bulk"][number]["fq_name"]}], **wish)
            for count, (number, wish) in enumerate(asked)
        ),
    )

    assert together.status_code == (200 if refused is None else singles[refused].status_code)
    if refused is None:
        given = [await addresses(world, answers) for answers in ([one.json() for one in singles], together.json()["results"])]
        assert given[0] == given[1]
    else:
        assert together.text.startswith(f"entry {refused} ")


async def addresses(world: World, answers: list[Document]) -> list[str]:
    return [(await world.read("instance-ip", one["instance-ip"]["uuid"]))["instance_ip_address"] for one in answers]


async def test_networks_of_one_request_have_numbers_subnets_and_routing_instances(world: World) -> None:
    await done(
        world, *(creation(world, "virtual-network", f"n{number}", network_ipam_refs=link(f"10.0.{number}.0/24")) for number in range(9))
    )

    networks = [
        one["virtual-network"]
        for one in await world.listed("virtual-network", parent_id=world.project_id, detail="true", fields="routing_instances")
    ]
    assert len({network["virtual_network_network_id"] for network in networks}) == 9
    assert all(network["routing_instances"][0]["to"] == [*network["fq_name"], network["name"]] for network in networks)
    assert [(await world.address(network))["instance_ip_address"] for network in networks] == [
        f"10.0.{network['name'][1:]}.252" for network in networks
    ]


async def test_ports_that_would_get_one_mac_address_get_two(world: World) -> None:
    network = await world.network("a")
    twins = ["01234567-89aa-4000-8000-000000000001", "01234567-89bb-4000-8000-000000000002"]
    like = [f"{uuid4().hex[:8]}-{uuid[9:]}" for uuid in twins]
    like = [like[0], like[0][:9] + like[1][9:]]
    refs = {"virtual_network_refs": [{"to": network["fq_name"]}]}

    await done(world, *(creation(world, "virtual-machine-interface", uuid, uuid=uuid, **refs) for uuid in [*like, str(uuid4())]))

    ports = [await world.read("virtual-machine-interface", uuid) for uuid in like]
    macs = [port["virtual_machine_interface_mac_addresses"]["mac_address"][0] for port in ports]
    digits = like[0].replace("-", "")
    assert macs[0] == ":".join(["02", *(digits[at : at + 2] for at in range(0, 10, 2))])
    assert macs[0] != macs[1]
    assert all(port["routing_instance_refs"][0]["to"][-2:] == ["a", "a"] for port in ports)


async def test_a_thousand_objects_are_one_request(world: World) -> None:
    network = await world.network("a", "10.0.0.0/22")
    pods = [one for number in range(334) for one in pod(world, f"p{number}", network)]

    answers = await done(world, *pods)

    assert len(answers) == 1002
    held = await addresses(world, answers[2::3])
    assert held[:3] == ["10.0.3.252", "10.0.3.251", "10.0.3.250"]
    assert len(set(held)) == 334


# --- the order ---


async def test_what_others_refer_to_is_made_first_wherever_it_stands(world: World) -> None:
    project = entry("project", parent_type="domain", fq_name=[world.domain, "late"])
    child = entry("virtual-network", fq_name=[world.domain, "late", "net"], parent_type="project", network_ipam_refs=link("10.0.0.0/24"))
    machine = str(uuid4())
    port = entry(
        "virtual-machine-interface",
        fq_name=[world.domain, "late", "port"],
        parent_type="project",
        virtual_network_refs=[{"to": child["data"]["fq_name"]}],
        virtual_machine_refs=[{"uuid": machine}],
    )
    address = entry("instance-ip", fq_name=[f"i-{world.domain}"], virtual_machine_interface_refs=[{"to": port["data"]["fq_name"]}])
    address["data"]["virtual_network_refs"] = port["data"]["virtual_network_refs"]
    change = entry("project", "update", fq_name=project["data"]["fq_name"], display_name="changed")

    answers = await done(world, address, change, port, creation(world, "virtual-machine", "m", uuid=machine), child, project)

    assert [next(iter(answer)) for answer in answers] == [
        *("instance-ip", "project", "virtual-machine-interface", "virtual-machine", "virtual-network", "project")
    ]
    assert (await world.read("instance-ip", answers[0]["instance-ip"]["uuid"]))["instance_ip_address"] == "10.0.0.252"
    assert (await world.read("project", answers[5]["project"]["uuid"]))["display_name"] == "changed"


async def test_a_chain_as_long_as_the_request_is_put_in_order(world: World) -> None:
    names = [f"v{number}" for number in range(1200)]
    chain = [
        creation(world, "virtual-machine-interface", name, virtual_network_refs=[{"to": [*world.project, "net"]}], **peers)
        for name, peers in zip(
            names, [*({"virtual_machine_interface_refs": [{"to": [*world.project, after]}]} for after in names[1:]), {}], strict=True
        )
    ]

    answers = await done(world, *chain, creation(world, "virtual-network", "net"))

    assert len(answers) == 1201


async def test_two_that_refer_to_each_other_are_refused_as_they_would_be_alone(world: World) -> None:
    circle = [
        creation(world, "virtual-network", one, virtual_network_refs=[{"to": [*world.project, other]}], is_provider_network=True)
        for one, other in (("a", "b"), ("b", "a"))
    ]

    refused = await send(world, *circle)

    assert refused.status_code == 400
    assert "Unknown reference in resource create virtual_network_refs" in refused.text


async def test_a_name_is_free_again_after_the_entry_that_deletes_it(world: World) -> None:
    first = await world.network("a", "10.0.0.0/29")
    held = [(await world.address(first))["uuid"] for _ in range(4)]

    *_, address, second = await done(
        world,
        *(entry("instance-ip", "delete", uuid=uuid) for uuid in held),
        entry("virtual-network", "delete", uuid=first["uuid"]),
        creation(world, "instance-ip", "i", virtual_network_refs=[{"to": first["fq_name"]}]),
        creation(world, "virtual-network", "a", network_ipam_refs=link("10.0.0.0/29")),
    )

    assert second["virtual-network"]["uuid"] != first["uuid"]
    assert (await world.read("instance-ip", address["instance-ip"]["uuid"]))["instance_ip_address"] == "10.0.0.4"


async def test_an_entry_sees_what_the_ones_before_it_changed(world: World) -> None:
    network = await world.network("a", "10.0.0.0/24")
    refs = {"virtual_network_refs": [{"to": network["fq_name"]}]}
    owner = str(uuid4())

    *_, beyond, child = await done(
        world,
        *(creation(world, "instance-ip", f"i{number}", **refs) for number in range(3)),
        entry("virtual-network", "update", uuid=network["uuid"], network_ipam_refs=link("10.0.0.0/24", "10.1.0.0/24")),
        entry("project", "update", uuid=world.project_id, perms2={"owner": owner}),
        creation(world, "instance-ip", "beyond", instance_ip_address="10.1.0.7", **refs),
        creation(world, "network-policy", "child"),
    )

    assert (await world.read("instance-ip", beyond["instance-ip"]["uuid"]))["instance_ip_address"] == "10.1.0.7"
    assert (await world.read("network-policy", child["network-policy"]["uuid"]))["perms2"]["owner"] == owner


# --- all or none ---


@pytest.mark.parametrize("position", range(7))
async def test_one_that_is_refused_anywhere_leaves_nothing_of_any(world: World, database_url: str, position: int) -> None:
    network, old = await world.network("a", "10.0.0.0/24"), await world.create("network-policy", "old")
    entries = [
        *pod(world, "p", network),
        entry("network-policy", "update", uuid=old["uuid"], display_name="new"),
        creation(world, "virtual-network", "b", network_ipam_refs=link("10.0.0.0/24")),
        entry("network-policy", "delete", uuid=old["uuid"]),
    ]
    before = await counted(database_url)

    refused = await send(world, *entries[:position], creation(world, "virtual-network", "a"), *entries[position:])

    assert refused.status_code == 409
    assert refused.text == (
        f"entry {position} (create virtual-network {':'.join(network['fq_name'])}): "
        f"{network['fq_name']} already exists with uuid: {network['uuid']}"
    )
    assert await counted(database_url) == before
    assert (await world.address(network))["instance_ip_address"] == "10.0.0.252"


REFUSALS: dict[str, tuple[Document, int]] = {
    "a property": (entry("virtual-network", fq_name=["$", "x"], parent_type="project", is_shared="yes"), 400),
    "no name": (entry("virtual-network", parent_type="project"), 400),
    "no parent": (entry("virtual-network", fq_name=["nowhere", "p", "x"], parent_type="project"), 404),
    "a uuid that is taken": (entry("virtual-machine", fq_name=["x"], uuid="$"), 409),
    "a target": (
        entry("virtual-machine-interface", fq_name=["$", "x"], parent_type="project", virtual_network_refs=[{"uuid": FAR_AWAY}]),
        400,
    ),
    "a rule": (entry("virtual-machine-interface", fq_name=["$", "x"], parent_type="project"), 400),
    "an update of nothing": (entry("virtual-network", "update", uuid=FAR_AWAY, display_name="x"), 404),
    "an update of another kind": (entry("virtual-network", "update", uuid="$", display_name="x"), 404),
    "an update of nobody": (entry("virtual-network", "update", display_name="x"), 400),
    "an unknown name": (entry("virtual-network", "delete", fq_name=["x"]), 404),
    "an update's target": (
        entry("project", "update", uuid="$", network_ipam_refs=[], application_policy_set_refs=[{"uuid": FAR_AWAY}]),
        404,
    ),
    "a delete of nothing": (entry("virtual-network", "delete", uuid=FAR_AWAY), 404),
    "a delete that is blocked": (entry("project", "delete", uuid="$"), 409),
    "a ref's operation": (entry("project", "ref-update", uuid="$", **{"ref-type": "application-policy-set", "ref-uuid": FAR_AWAY}), 400),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_has_the_single_calls_status_and_says_where(world: World, name: str) -> None:
    given, status = REFUSALS[name]
    await world.create("network-policy", "child")
    data = given["data"] | ({"fq_name": [*world.project, "x"]} if given["data"].get("fq_name") == ["$", "x"] else {})
    data |= {"uuid": world.project_id} if data.get("uuid") == "$" else {}

    text = await send(world, creation(world, "virtual-machine", "v"), given | {"data": data})
    problem = await send(world, creation(world, "virtual-machine", "v"), given | {"data": data}, **PROBLEM)

    assert (text.status_code, problem.status_code) == (status, status), text.text
    assert text.text.startswith(f"entry 1 ({given['operation']} {given['kind']}")
    found = problem.json()
    assert {key: found["entry"][key] for key in ("index", "operation", "kind")} == {
        "index": 1,
        "operation": given["operation"],
        "kind": given["kind"],
    }
    assert found["detail"] == text.text
    assert found["entry"]["fq_name"] == data.get("fq_name")


async def test_an_exhausted_subnet_is_told_of_the_first_that_gets_none(world: World) -> None:
    network = await world.network("a", "10.0.0.0/29")

    refused = await send(
        world,
        *(creation(world, "instance-ip", f"i{number}", virtual_network_refs=[{"to": network["fq_name"]}]) for number in range(6)),
        **PROBLEM,
    )

    assert refused.status_code == 400
    assert (refused.json()["code"], refused.json()["entry"]["index"]) == ("subnet-exhausted", 4)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "resources must be a list"),
        ({"resources": {}}, "resources must be a list"),
        ({"resources": [None]}, "resources[0] must be an object with kind and data"),
        ({"resources": [{"kind": "project"}]}, "resources[0] must be an object with kind and data"),
        ({"resources": [{"kind": "project", "data": {}, "operation": "read"}]}, "resources[0].operation: 'read' is none of create, update"),
        ({"resources": [{"kind": "config-root", "data": {}}]}, "resources[0].kind"),
        ({"resources": [{"kind": "project", "data": {}}] * 10_001}, "resources: 10001 entries are more than 10000"),
    ],
)
async def test_a_body_that_is_no_list_of_entries(world: World, body: Document, said: str) -> None:
    refused = await world.api.post("/v2/bulk", json=body)

    assert refused.status_code == 400
    assert refused.text.startswith(said)


async def test_the_limit_of_a_body_is_larger_than_for_others_and_holds(world: World) -> None:
    long = [creation(world, "virtual-machine", f"v{number}", display_name="x" * 60_000) for number in range(20)]

    fits = await send(world, *long)
    too_long = await world.api.post("/v2/bulk", content=b" " * 17_000_000)

    assert fits.status_code == 200
    assert (too_long.status_code, too_long.text) == (413, "Request body is larger than 16384000 bytes")


async def test_an_unknown_kind_is_404_as_in_other_actions(world: World) -> None:
    refused = await send(world, creation(world, "virtual-machine", "v"), entry("nothing"))

    assert (refused.status_code, refused.text) == (404, "entry 1: Resource type 'nothing' not found")


async def test_no_entries_are_nothing_to_do(world: World) -> None:
    assert await done(world) == []


async def test_a_dry_run_checks_entries_against_one_another_and_leaves_nothing(world: World, database_url: str) -> None:
    network = await world.network("a", "10.0.0.0/24")
    before = await counted(database_url)

    dry = await world.api.post("/v2/bulk?dry_run=true", json={"resources": pod(world, "p", network)})
    refused = await world.api.post("/v2/bulk?dry_run=true", json={"resources": [*pod(world, "p", network), *pod(world, "p", network)]})

    assert (dry.status_code, dry.headers["dry-run"], len(dry.json()["results"])) == (200, "true", 3)
    assert (refused.status_code, refused.text.split(" ")[1]) == (409, "3")
    assert await counted(database_url) == before


# --- as the Go server has it ---


async def test_sync_answers_the_list_of_events(world: World) -> None:
    old = await world.create("network-policy", "old")

    response = await world.api.post(
        "/sync",
        json={
            "resources": [
                {"kind": "virtual_network", "data": world.document("virtual-network", "a")["virtual-network"]},
                {"kind": "network_policy", "operation": "UPDATE", "data": {"uuid": old["uuid"], "display_name": "new"}},
                {"kind": "network_policy", "operation": "DELETE", "data": {"uuid": old["uuid"]}},
            ]
        },
    )

    assert response.status_code == 200, response.text
    assert [(one["kind"], one["operation"], one["data"].get("name")) for one in response.json()] == [
        ("virtual_network", "CREATE", "a"),
        ("network_policy", "UPDATE", None),
        ("network_policy", "DELETE", None),
    ]
    assert response.json()[1]["data"]["uuid"] == response.json()[2]["data"]["uuid"] == old["uuid"]


# --- MAC addresses of one port alone ---


def alone(world: World, name: str, network: Document, *macs: str) -> Document:
    """The creation of a port that shall not share its MAC addresses."""
    refs, addresses = [{"to": network["fq_name"]}], {"mac_address": list(macs)}
    port = creation(world, "virtual-machine-interface", name, virtual_network_refs=refs, virtual_machine_interface_mac_addresses=addresses)
    return port | {"unique_mac": True}


async def test_a_mac_address_that_shall_be_unique_is_refused_when_a_port_of_the_network_has_it(world: World) -> None:
    network, other = await world.network("a"), await world.network("b")
    await done(world, {**alone(world, "first", network, "02:00:00:00:00:0A"), "unique_mac": False})

    refused = await send(world, alone(world, "second", network, "02-00-00-00-00-0a"), **PROBLEM)
    twice = await send(world, alone(world, "third", network, "02:00:00:00:00:07"), alone(world, "fourth", network, "02:00:00:00:00:07"))
    await done(world, alone(world, "fifth", other, "02:00:00:00:00:0a"))
    await done(world, {**alone(world, "sixth", network, "02:00:00:00:00:0a"), "unique_mac": False})

    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["mac"]) == (409, "mac-in-use", "02:00:00:00:00:0a")
    assert problem["fq_name"] == world.fq_name("virtual-machine-interface", "first")
    assert (twice.status_code, twice.text.partition(" (")[0]) == (409, "entry 1")


@pytest.mark.parametrize("seed", range(3))
async def test_of_many_who_ask_for_the_same_mac_addresses_at_once_one_gets_each(world: World, seed: int) -> None:
    network, chance = await world.network("a"), random.Random(seed)
    macs = [f"02:00:00:00:00:0{at}" for at in range(3)]

    answers = await asyncio.gather(
        *(send(world, *(alone(world, f"{at}-{mac[-1]}", network, mac) for mac in chance.sample(macs, 3))) for at in range(8))
    )

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    ports = await world.listed("virtual-machine-interface", back_ref_id=network["uuid"], detail="true")
    assert len(ports) == 3


@pytest.mark.parametrize(("kind", "wish"), [("virtual-machine", True), ("virtual-machine-interface", "true")])
async def test_only_a_new_port_can_have_a_mac_address_alone_by_true(world: World, kind: str, wish: object) -> None:
    refused = await send(world, {**creation(world, kind, "v"), "unique_mac": wish}, **PROBLEM)

    assert (refused.status_code, refused.json()["field"]) == (400, "resources[0].unique_mac")
