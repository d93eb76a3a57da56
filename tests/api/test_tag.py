"""Tags and their types: names, ids, and what comes and goes with them (contract 3.4 tag-type, tag)."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_server.model.tags import read_hex
from tests.contract.world import Document, World


def a_type() -> str:
    """A type that no other test has."""
    return f"type-{uuid4().hex[:12]}"


async def post(world: World, type_name: str, value: str, **body: Any) -> httpx.Response:
    return await world.post("tag", "given", **{"tag_type_name": type_name, "tag_value": value, **body})


async def tag(world: World, type_name: str, value: str, **body: Any) -> Document:
    answer = await post(world, type_name, value, **body)
    assert answer.status_code == 200, answer.text
    return await world.read("tag", answer.json()["tag"]["uuid"])


async def type_named(world: World, name: str) -> Document | None:
    found = await world.action("fqname-to-id", type="tag-type", fq_name=[name])
    return await world.read("tag-type", found.json()["uuid"]) if found.status_code == 200 else None


async def test_the_name_follows_type_and_value(world: World) -> None:
    shown = await tag(world, "Application", "Web")

    assert shown["fq_name"] == [*world.project, "application=Web"]
    assert shown["display_name"] == shown["name"] == "application=Web"
    assert [ref["to"] for ref in shown["tag_type_refs"]] == [["application"]]


async def test_one_name_is_taken_once_whatever_the_body_calls_it(world: World) -> None:
    first = await tag(world, "tier", "db")

    second = await post(world, "TIER", "db", fq_name=[*world.project, "another"])

    assert second.status_code == 409
    assert second.text == f"{first['fq_name']} already exists with uuid: {first['uuid']}"


@pytest.mark.parametrize("missing", ["tag_type_name", "tag_value"])
@pytest.mark.parametrize("value", [None, "", 0, [], {}], ids=repr)
async def test_a_tag_has_a_type_and_a_value(world: World, missing: str, value: Any) -> None:
    answer = await post(world, "tier", "db", **{missing: value})

    assert answer.status_code == 400
    assert missing in answer.text


@pytest.mark.parametrize(("type_name", "value"), [("a:b", "c"), ("tier", "a:b"), ("tier", "\x01"), ("tier", "x" * 255), ("a=b", "c")])
async def test_a_name_that_no_object_may_have_is_refused(world: World, type_name: str, value: str) -> None:
    assert (await post(world, type_name, value)).status_code == 400


async def test_the_id_is_that_of_the_type_and_a_number_of_the_value(world: World) -> None:
    name = a_type()

    first, second = await tag(world, name, "a"), await tag(world, name, "b")

    of_type = await type_named(world, name)
    assert of_type is not None
    assert [first["tag_id"], second["tag_id"]] == [f"{of_type['tag_type_id']}0001", f"{of_type['tag_type_id']}0002"]
    assert len(of_type["tag_type_id"]) == len("0x0007")


async def test_predefined_types_keep_their_ids(world: World) -> None:
    shown = await tag(world, "site", "london")

    assert shown["tag_id"].startswith("0x0004")


async def test_a_number_that_went_is_given_again(world: World) -> None:
    name = a_type()
    kept, gone = await tag(world, name, "kept"), await tag(world, name, "gone")
    await world.delete("tag", gone["uuid"])

    again = await tag(world, name, "again")

    assert again["tag_id"] == gone["tag_id"] != kept["tag_id"]


async def test_a_type_is_made_on_demand_and_hidden(world: World) -> None:
    name = a_type()

    await tag(world, name.upper(), "a")

    of_type = await type_named(world, name)
    assert of_type is not None
    assert of_type["id_perms"]["user_visible"] is False
    assert of_type["display_name"] == name


async def test_the_last_tag_takes_its_type_along(world: World) -> None:
    name = a_type()
    first, second = await tag(world, name, "a"), await tag(world, name, "b")

    await world.delete("tag", first["uuid"])
    assert await type_named(world, name) is not None
    await world.delete("tag", second["uuid"])
    assert await type_named(world, name) is None


async def test_a_predefined_type_stays_without_tags(world: World) -> None:
    shown = await tag(world, "deployment", uuid4().hex)

    assert (await world.delete("tag", shown["uuid"])).status_code == 200

    assert await type_named(world, "deployment") is not None


async def test_a_tag_in_use_keeps_itself_and_its_type(world: World) -> None:
    name = a_type()
    shown = await tag(world, name, "a")
    await world.create("virtual-network", "blue", tag_refs=[{"uuid": shown["uuid"]}])

    assert (await world.delete("tag", shown["uuid"])).status_code == 409

    assert await type_named(world, name) is not None


@pytest.mark.parametrize("racers", [2, 12])
async def test_tags_of_a_new_type_at_once_all_succeed_with_one_type(world: World, racers: int) -> None:
    name = a_type()

    answers = await asyncio.gather(*(post(world, name, f"v{number}") for number in range(racers)))

    assert [answer.status_code for answer in answers] == [200] * racers, [answer.text for answer in answers]
    shown = [await world.read("tag", answer.json()["tag"]["uuid"]) for answer in answers]
    assert len({one["tag_type_refs"][0]["uuid"] for one in shown}) == 1
    assert len({one["tag_id"] for one in shown}) == racers


async def test_last_tags_that_go_at_once_leave_no_type(world: World) -> None:
    name = a_type()
    made = [await tag(world, name, f"v{number}") for number in range(6)]

    answers = await asyncio.gather(*(world.delete("tag", one["uuid"]) for one in made))

    assert [answer.status_code for answer in answers] == [200] * 6
    assert await type_named(world, name) is None


async def test_tags_that_come_and_go_at_once_keep_their_type(world: World) -> None:
    name = a_type()
    old = await tag(world, name, "old")

    gone, *made = await asyncio.gather(world.delete("tag", old["uuid"]), *(post(world, name, f"v{number}") for number in range(6)))

    assert [gone.status_code, *(answer.status_code for answer in made)] == [200] * 7
    of_type = await type_named(world, name)
    assert of_type is not None
    for answer in made:
        shown = await world.read("tag", answer.json()["tag"]["uuid"])
        assert shown["tag_type_refs"][0]["uuid"] == of_type["uuid"]
        assert shown["tag_id"].startswith(of_type["tag_type_id"])


@pytest.mark.parametrize(
    "change",
    [{"display_name": "x"}, {"tag_type_name": "site"}, {"tag_value": "x"}, {"tag_id": "0x00028000"}],
    ids=lambda change: next(iter(change)),
)
async def test_what_makes_a_tag_stays(world: World, change: Document) -> None:
    shown = await tag(world, "tier", "db")
    (name,) = change

    refused, cleared = await world.put("tag", shown["uuid"], **change), await world.put("tag", shown["uuid"], **{name: None})

    assert (refused.status_code, cleared.status_code) == (400, 200)
    assert name in refused.text
    assert (await world.read("tag", shown["uuid"]))[name] == shown[name]


async def test_the_whole_document_can_be_put_back(world: World) -> None:
    shown = await tag(world, "Tier", "db")

    await world.update("tag", shown["uuid"], **shown)

    assert {**await world.read("tag", shown["uuid"]), "id_perms": None} == {**shown, "id_perms": None}


async def test_the_ref_to_the_type_is_the_servers(world: World) -> None:
    site = await type_named(world, "site")
    assert site is not None
    shown, refs = await tag(world, "tier", "db"), [{"uuid": site["uuid"]}]

    given = await post(world, "tier", "web", tag_type_refs=refs)
    put = await world.put("tag", shown["uuid"], tag_type_refs=refs)
    target = {"ref-type": "tag-type", "ref-uuid": shown["tag_type_refs"][0]["uuid"]}
    taken = await world.action("ref-update", type="tag", uuid=shown["uuid"], operation="DELETE", **target)

    assert [given.status_code, put.status_code, taken.status_code] == [400] * 3


async def test_one_transaction_makes_a_type_its_tags_and_a_rule_that_names_them(world: World) -> None:
    name = a_type()
    tags = [{"fq_name": [*world.project, f"t{value}"], "tag_type_name": name, "tag_value": value} for value in "ab"]
    rule = {
        "fq_name": [*world.project, "r"],
        "parent_type": "project",
        "service": {"protocol": "tcp"},
        "endpoint_1": {"tags": [f"{name}=a", f"{name}=b"]},
    }
    entries = [*({"kind": "tag", "data": {**one, "parent_type": "project"}} for one in tags), {"kind": "firewall-rule", "data": rule}]

    answer = await world.action("v2/bulk", resources=entries)

    assert answer.status_code == 200, answer.text
    first, second, made = (next(iter(one.values())) for one in answer.json()["results"])
    shown = await world.read("firewall-rule", made["uuid"])
    assert [first["fq_name"][-1], second["fq_name"][-1]] == [f"{name}=a", f"{name}=b"]
    assert [ref["uuid"] for ref in shown["tag_refs"]] == [first["uuid"], second["uuid"]]


async def test_one_transaction_may_take_the_last_tag_and_make_the_type_anew(world: World) -> None:
    name = a_type()
    old = await tag(world, name, "old")
    new = {"fq_name": [*world.project, "t"], "parent_type": "project", "tag_type_name": name, "tag_value": "new"}

    answer = await world.action(
        "v2/bulk", resources=[{"kind": "tag", "operation": "delete", "data": {"uuid": old["uuid"]}}, {"kind": "tag", "data": new}]
    )

    assert answer.status_code == 200, answer.text
    of_type = await type_named(world, name)
    assert of_type is not None
    assert of_type["uuid"] != old["tag_type_refs"][0]["uuid"]


# --- ids of a caller's own ---


def own_type_id() -> int:
    """Most likely nobody else's; 0x8000 to 0xffff are callers'."""
    return 0x8000 + uuid4().int % 0x8000


async def test_a_caller_may_say_the_id_in_the_ranges_for_callers(world: World) -> None:
    name, type_id = a_type(), own_type_id()

    first = await tag(world, name, "a", tag_id=f"0x{type_id:04X}8001")
    second = await tag(world, name, "b")

    assert first["tag_id"] == f"0x{type_id:04x}8001"
    assert second["tag_id"] == f"0x{type_id:04x}0001"


async def test_an_id_of_a_type_that_exists_begins_with_its_id(world: World) -> None:
    value = 0x8000 + uuid4().int % 0x8000

    right = await tag(world, "tier", uuid4().hex, tag_id=f"0x0002{value:04x}")
    wrong = await post(world, "tier", uuid4().hex, tag_id=f"0x0003{value:04x}")

    assert read_hex(right["tag_id"]) == 2 << 16 | value
    assert wrong.status_code == 400
    assert "0x0002" in wrong.text


@pytest.mark.parametrize("said", ["0x80007fff", "0x7fff8000", "0x00080008", "banana", "0x180008000"])
async def test_an_id_outside_the_ranges_is_refused_and_leaves_nothing(world: World, said: str) -> None:
    name = a_type()

    answer = await post(world, name, "a", tag_id=said)

    assert answer.status_code == 400
    assert await type_named(world, name) is None


async def test_an_id_is_one_tags(world: World) -> None:
    name, type_id = a_type(), own_type_id()
    await tag(world, name, "a", tag_id=f"0x{type_id:04x}8001")

    same = await post(world, name, "b", tag_id=f"0x{type_id:04x}8001")
    other = await post(world, a_type(), "b", tag_id=f"0x{type_id:04x}8001")

    assert (same.status_code, other.status_code) == (400, 400)
    assert "another tag's" in same.text
    assert "another tag-type's" in other.text


async def test_of_many_that_want_one_id_at_once_one_gets_it(world: World) -> None:
    name, said = a_type(), f"0x{own_type_id():04x}8001"

    answers = await asyncio.gather(*(post(world, name, f"v{number}", tag_id=said) for number in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5


# --- types by themselves ---


async def test_a_type_gets_a_number_and_keeps_it(world: World) -> None:
    made = await world.create("tag-type", a_type())
    shown = await world.read("tag-type", made["uuid"])

    refused = await world.put("tag-type", made["uuid"], tag_type_id="0x8000")
    cleared = await world.put("tag-type", made["uuid"], tag_type_id=None)

    assert (refused.status_code, cleared.status_code) == (400, 200)
    assert 7 <= int(shown["tag_type_id"], 16) < 0x8000
    assert (await world.read("tag-type", made["uuid"]))["tag_type_id"] == shown["tag_type_id"]


@pytest.mark.parametrize(("said", "status"), [("0x0007", 400), ("0x10000", 400), ("banana", 400)])
async def test_a_types_number_is_a_callers_in_his_range_only(world: World, said: str, status: int) -> None:
    assert (await world.post("tag-type", a_type(), tag_type_id=said)).status_code == status


async def test_predefined_types_are_not_deleted(world: World) -> None:
    label = await type_named(world, "label")
    assert label is not None

    assert (await world.delete("tag-type", label["uuid"])).status_code == 409


async def test_a_firewall_rule_knows_the_ids_of_its_tags(world: World) -> None:
    mine, all_ = await tag(world, "tier", "db"), uuid4().hex
    everyones = await tag(world, "tier", all_, fq_name=["given"], parent_type=None)
    made = await world.create(
        "firewall-rule", "r", service={"protocol": "6"}, endpoint_1={"tags": ["tier=db"]}, endpoint_2={"tags": [f"global:tier={all_}"]}
    )

    shown = await world.read("firewall-rule", made["uuid"])

    assert [ref["to"] for ref in shown["tag_refs"]] == [mine["fq_name"], everyones["fq_name"]]
    assert shown["endpoint_1"]["tag_ids"] == [int(mine["tag_id"], 16)]
    assert shown["endpoint_2"]["tag_ids"] == [int(everyones["tag_id"], 16)]
    assert shown["service"]["protocol_id"] == 6


async def test_an_address_group_takes_labels_only(world: World) -> None:
    label, tier = await tag(world, "label", "blue"), await tag(world, "tier", "db")

    made = await world.create("address-group", "a", tag_refs=[{"uuid": label["uuid"]}])
    refused = [
        await world.post("address-group", "b", tag_refs=[{"uuid": tier["uuid"]}]),
        await world.put("address-group", made["uuid"], tag_refs=[{"uuid": tier["uuid"]}]),
    ]

    assert [answer.status_code for answer in refused] == [400, 400]
    assert "tier=db" in refused[0].text
