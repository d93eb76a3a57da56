"""`set-tag` (contract 1.12)."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.world import FAR_AWAY, Document, World


async def tag(world: World, type_name: str, value: str, **body: Any) -> list[str]:
    """A tag of the project, or with an empty fq_name one of all."""
    made = await world.create("tag", "given", **{"tag_type_name": type_name, "tag_value": value, **body})
    name: list[str] = made["fq_name"]
    return name


async def everyones(world: World, type_name: str) -> str:
    """The value of a new tag of all projects."""
    value = uuid4().hex
    await tag(world, type_name, value, fq_name=["given"], parent_type=None)
    return value


async def set_tag(world: World, one: Document, kind: str = "virtual-network", /, **changes: Any) -> httpx.Response:
    return await world.action("set-tag", obj_type=kind, obj_uuid=one["uuid"], **changes)


async def tags(world: World, one: Document, kind: str = "virtual-network") -> list[str]:
    return [ref["to"][-1] for ref in (await world.read(kind, one["uuid"])).get("tag_refs", [])]


async def test_a_value_replaces_the_one_of_its_type(world: World) -> None:
    network = await world.network("blue")
    for value in ("web", "db"):
        await tag(world, "application", value)

    answers = [await set_tag(world, network, application={"value": value}) for value in ("web", "db", "db")]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {})] * 3
    assert await tags(world, network) == ["application=db"]


async def test_several_types_in_one_call(world: World) -> None:
    network = await world.network("blue")
    for type_name in ("application", "tier", "site"):
        await tag(world, type_name, "a")
    await set_tag(world, network, site={"value": "a"})

    await set_tag(world, network, application={"value": "a"}, tier={"value": "a"}, site=None)

    assert await tags(world, network) == ["application=a", "tier=a"]


@pytest.mark.parametrize("type_name", ["label", "neutron_fwaas", "neutron_tag"])
async def test_tags_of_these_types_gather(world: World, type_name: str) -> None:
    network = await world.network("blue")
    for value in "abcd":
        await tag(world, type_name, value)

    await set_tag(world, network, **{type_name: {"value": "a"}})
    await set_tag(world, network, **{type_name: {"value": "b", "add_values": ["c", "a"]}})
    await set_tag(world, network, **{type_name: {"add_values": ["d"], "delete_values": ["a", "c"]}})

    assert await tags(world, network) == [f"{type_name}=b", f"{type_name}=d"]


async def test_null_takes_every_tag_of_the_type_and_no_other(world: World) -> None:
    network = await world.network("blue")
    for value in "ab":
        await tag(world, "label", value)
    await tag(world, "tier", "a")
    await set_tag(world, network, label={"add_values": ["a", "b"]}, tier={"value": "a"})

    await set_tag(world, network, label=None, unheard_of=None)

    assert await tags(world, network) == ["tier=a"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"value": None},
        {"value": ""},
        {"value": 5},
        {"is_global": True},
        {"add_values": []},
        {"add_values": [None]},
        {"add_values": "a"},
        "a",
        [],
    ],
    ids=repr,
)
async def test_a_change_that_says_no_value_is_refused(world: World, said: Any) -> None:
    network = await world.network("blue")

    answer = await set_tag(world, network, label=said)

    assert (answer.status_code, answer.text) == (400, "No valid value provided for tag type label")


@pytest.mark.parametrize("name", ["add_values", "delete_values"])
async def test_one_tag_of_a_unique_type_is_no_list(world: World, name: str) -> None:
    network = await world.network("blue")
    await tag(world, "tier", "a")

    answer = await set_tag(world, network, tier={"value": "a", name: ["a"]})

    assert (answer.status_code, answer.text) == (400, "Tag type tier cannot be set multiple times on a same object.")


async def test_a_tag_is_looked_up_where_the_object_lives_or_among_those_of_all(world: World) -> None:
    network, value = await world.network("blue"), await everyones(world, "tier")

    missing = await set_tag(world, network, tier={"value": value})
    found = await set_tag(world, network, tier={"value": value, "is_global": True})

    assert (missing.status_code, missing.text) == (404, f"Tag with FQName {[*world.project, f'tier={value}']} not found")
    assert found.status_code == 200
    assert (await world.read("virtual-network", network["uuid"]))["tag_refs"][0]["to"] == [f"tier={value}"]


async def test_an_unknown_type_is_an_unknown_tag(world: World) -> None:
    network = await world.network("blue")

    answer = await set_tag(world, network, unheard_of={"value": "a"})

    assert (answer.status_code, answer.text) == (404, f"Tag with FQName {[*world.project, 'unheard_of=a']} not found")


async def test_a_project_has_its_tags_below_itself(world: World) -> None:
    await tag(world, "tier", "a")

    answer = await world.action("set-tag", obj_type="project", obj_uuid=world.project_id, tier={"value": "a"})

    assert answer.status_code == 200
    assert await tags(world, {"uuid": world.project_id}, "project") == ["tier=a"]


async def test_an_object_deep_in_a_project_takes_that_projects_tags(world: World) -> None:
    network = await world.network("blue")
    await tag(world, "tier", "a")
    pool = await world.create("floating-ip-pool", "p", fq_name=[*network["fq_name"], "p"], parent_type="virtual-network")

    assert (await set_tag(world, pool, "floating_ip_pool", tier={"value": "a"})).status_code == 200

    assert await tags(world, pool, "floating-ip-pool") == ["tier=a"]


@pytest.mark.parametrize("dashes", ["-", ""])
async def test_an_object_of_the_root_takes_its_owners_tags(world: World, dashes: str) -> None:
    owner = world.project_id.replace("-", dashes)
    machine = await world.create("virtual-machine", "m", perms2={"owner": owner})
    await tag(world, "tier", "a")

    assert (await set_tag(world, machine, "virtual-machine", tier={"value": "a"})).status_code == 200


async def test_an_object_of_no_project_takes_tags_of_all_only(world: World) -> None:
    machine = await world.create("virtual-machine", "m")
    await tag(world, "tier", "a")

    answer = await set_tag(world, machine, "virtual-machine", tier={"value": "a"})

    assert (answer.status_code, answer.text) == (404, "Tag with FQName ['tier=a'] not found")


async def test_the_object_is_named_by_an_existing_type_and_uuid(world: World) -> None:
    network = await world.network("blue")

    answers = [
        await world.action("set-tag", obj_uuid=network["uuid"]),
        await world.action("set-tag", obj_type="virtual-network"),
        await world.action("set-tag", obj_type="no-such", obj_uuid=network["uuid"]),
        await world.action("set-tag", obj_type=["virtual-network"], obj_uuid=network["uuid"]),
        await world.action("set-tag", obj_type="virtual-network", obj_uuid=FAR_AWAY),
        await world.action("set-tag", obj_type="project", obj_uuid=network["uuid"]),
        await world.action("set-tag", obj_type="virtual_network", obj_uuid=network["uuid"]),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 400, 404, 404, 200]


async def test_what_cannot_be_done_wholly_is_not_done(world: World) -> None:
    network = await world.network("blue")
    await tag(world, "tier", "a")

    answer = await set_tag(world, network, tier={"value": "a"}, application={"value": "missing"})

    assert answer.status_code == 404
    assert await tags(world, network) == []


async def test_an_address_group_takes_labels_only(world: World) -> None:
    group = await world.create("address-group", "a")
    for type_name in ("tier", "label"):
        await tag(world, type_name, "a")

    refused = await set_tag(world, group, "address-group", tier={"value": "a"})
    allowed = await set_tag(world, group, "address-group", label={"value": "a"})

    assert (refused.status_code, allowed.status_code) == (400, 200)
    assert await tags(world, group, "address-group") == ["label=a"]


async def test_changes_at_once_all_arrive(world: World) -> None:
    network = await world.network("blue")
    for number in range(8):
        await tag(world, "label", f"v{number}")

    answers = await asyncio.gather(*(set_tag(world, network, label={"value": f"v{number}"}) for number in range(8)))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert sorted(await tags(world, network)) == [f"label=v{number}" for number in range(8)]


async def test_of_values_at_once_one_stays(world: World) -> None:
    network = await world.network("blue")
    for number in range(8):
        await tag(world, "tier", f"v{number}")

    answers = await asyncio.gather(*(set_tag(world, network, tier={"value": f"v{number}"}) for number in range(8)))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert len(await tags(world, network)) == 1


async def test_a_call_that_changes_nothing_leaves_the_object_as_it_is(world: World) -> None:
    network = await world.network("blue")
    await tag(world, "tier", "a")
    await set_tag(world, network, tier={"value": "a"})
    before = await world.read("virtual-network", network["uuid"])

    await set_tag(world, network, tier={"value": "a"}, application=None)

    assert await world.read("virtual-network", network["uuid"]) == before
