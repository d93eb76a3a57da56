"""`If-Match` on every write of one object: it happens to the state that the caller has seen, or not at all (contract 2.7)."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.contract.world import FAR_AWAY, World

STALE = '"2001-01-01T00:00:00.000000"'


async def made(world: World) -> tuple[str, str]:
    """The uuid and the ETag of a network."""
    uuid = (await world.create("virtual-network", "blue"))["uuid"]
    return uuid, await etag(world, uuid)


async def etag(world: World, uuid: str) -> str:
    return (await world.api.get(f"/virtual-network/{uuid}")).headers["etag"]


async def put(world: World, uuid: str, match: str, **body: Any) -> httpx.Response:
    return await world.api.put(f"/virtual-network/{uuid}", json={"virtual-network": body}, headers={"If-Match": match})


@pytest.mark.parametrize(
    "form", ["{etag}", '{stale}, {etag} , W/"x"', "*", "{bare}"], ids=["the tag", "a list with it", "any", "no quotes"]
)
async def test_a_put_that_names_the_state_is_done(world: World, form: str) -> None:
    uuid, tag = await made(world)

    answer = await put(world, uuid, form.format(etag=tag, stale=STALE, bare=tag.strip('"')), display_name="red")

    assert answer.status_code == 200
    assert (await world.read("virtual-network", uuid))["display_name"] == "red"


@pytest.mark.parametrize("form", ["{stale}", "W/{etag}", '"a", "b"', "nonsense", '""', ""], ids=repr)
async def test_a_put_that_names_another_state_changes_nothing(world: World, form: str) -> None:
    uuid, tag = await made(world)
    text = form.format(etag=tag, stale=STALE)

    answer = await put(world, uuid, text, display_name="red")

    assert answer.status_code == 412
    assert answer.text == f"If-Match asks for {text}, but the virtual-network {uuid} is at {tag}"
    assert await etag(world, uuid) == tag


async def test_the_refusal_says_both_states_to_programs(world: World) -> None:
    uuid, tag = await made(world)
    headers = {"If-Match": STALE, "Accept": "application/problem+json"}

    problem = (await world.api.delete(f"/virtual-network/{uuid}", headers=headers)).json()

    assert (problem["code"], problem["if_match"], problem["etag"], problem["uuid"]) == ("precondition-failed", STALE, tag, uuid)


async def test_several_headers_are_one_list(world: World) -> None:
    uuid, tag = await made(world)

    answer = await world.api.delete(f"/virtual-network/{uuid}", headers=[("If-Match", STALE), ("If-Match", tag)])

    assert answer.status_code == 200


async def test_a_delete_asks_too(world: World) -> None:
    uuid, tag = await made(world)

    assert (await world.api.delete(f"/virtual-network/{uuid}", headers={"If-Match": STALE})).status_code == 412
    assert (await world.api.delete(f"/virtual-network/{uuid}", headers={"If-Match": tag})).status_code == 200
    assert (await world.api.get(f"/virtual-network/{uuid}")).status_code == 404


@pytest.mark.parametrize("verb", ["ref-update", "prop-collection-update", "chmod", "chown", "set-tag"])
async def test_an_action_on_one_object_asks_too(world: World, verb: str) -> None:
    uuid, tag = await made(world)
    policy = (await world.create("network-policy", "policy"))["uuid"]
    await world.create("tag", "label=a", tag_type_name="label", tag_value="a")
    body = {
        "ref-update": {"type": "virtual-network", "ref-type": "network-policy", "ref-uuid": policy, "operation": "ADD", "attr": None},
        "prop-collection-update": {"updates": [{"field": "annotations", "operation": "set", "value": {"key": "a", "value": "b"}}]},
        "chmod": {"global_access": 5},
        "chown": {"owner": FAR_AWAY},
        "set-tag": {"obj_type": "virtual-network", "obj_uuid": uuid, "label": {"value": "a"}},
    }[verb]

    document = body if verb == "set-tag" else {"uuid": uuid, **body}

    refused = await world.api.post(f"/{verb}", json=document, headers={"If-Match": STALE})
    unchanged = await etag(world, uuid)
    done = await world.api.post(f"/{verb}", json=document, headers={"If-Match": tag})

    assert (refused.status_code, unchanged, done.status_code) == (412, tag, 200)
    assert await etag(world, uuid) != tag


async def test_a_put_that_says_nothing_asks_too(world: World) -> None:
    uuid, tag = await made(world)

    assert [(await put(world, uuid, each)).status_code for each in (tag, STALE)] == [200, 412]


async def test_an_object_that_is_not_there_is_404_whatever_its_state(world: World) -> None:
    uuid, _ = await made(world)

    assert (await put(world, FAR_AWAY, STALE, display_name="red")).status_code == 404
    assert (await world.api.delete(f"/project/{uuid}", headers={"If-Match": STALE})).status_code == 404


async def test_of_two_racing_puts_from_one_state_one_is_done(world: World) -> None:
    uuid, tag = await made(world)

    for _ in range(10):
        answers = await asyncio.gather(*[put(world, uuid, tag, display_name=name) for name in ("red", "green")])
        tag = await etag(world, uuid)

        assert sorted(answer.status_code for answer in answers) == [200, 412]
