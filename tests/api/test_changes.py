"""`GET /v2/changes`: who did what and when, with the object before and after."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_server.store import changes
from api_server.store.database import Database
from api_server.store.partitions import keep_days
from tests.contract.world import Document, World
from tests.served import Postgres, served

NETWORK = "virtual-network"


async def told(api: httpx.AsyncClient, **asked: Any) -> Document:
    response = await api.get("/v2/changes", params=asked)
    assert response.status_code == 200, response.text
    found: Document = response.json()
    return found


async def history(world: World) -> Document:
    """A network that was made, renamed twice and deleted."""
    network = await world.network("a", "10.0.0.0/24")
    for name in ("b", "c"):
        await world.api.put(
            f"/{NETWORK}/{network['uuid']}", json={NETWORK: {"display_name": name}}, headers={"X-Request-Id": f"{name}-{network['uuid']}"}
        )
    await world.delete(NETWORK, network["uuid"])
    return network


async def test_each_change_of_an_object_is_told_with_the_object_before_and_after(world: World) -> None:
    network = await history(world)

    found = (await told(world.api, uuid=network["uuid"]))["changes"]

    assert [one["operation"] for one in found] == ["CREATE", "UPDATE", "UPDATE", "DELETE"]
    assert [one["before"] and one["before"]["display_name"] for one in found] == [None, "a", "b", "c"]
    assert [one["after"] and one["after"]["display_name"] for one in found] == ["a", "b", "c", None]
    assert {one["kind"] for one in found} == {NETWORK}
    assert {tuple(one["fq_name"]) for one in found} == {tuple(network["fq_name"])}
    assert {one["actor"] for one in found} == {"cloud-admin"}
    assert [one["request_id"] for one in found[1:3]] == [f"b-{network['uuid']}", f"c-{network['uuid']}"]
    assert all(one["request_id"].startswith("req-") for one in (found[0], found[3]))
    times = [one["at"] for one in found]
    assert times == sorted(times)
    assert datetime.fromisoformat(times[0]).replace(tzinfo=UTC) > datetime.now(UTC) - timedelta(minutes=5)


async def test_the_state_told_is_what_a_read_showed(world: World) -> None:
    policy = await world.create("network-policy", "policy")
    network = await world.network("a", "10.0.0.0/24", network_policy_refs=[{"to": policy["fq_name"], "attr": None}])
    await world.update(NETWORK, network["uuid"], display_name="b")

    made, updated = (await told(world.api, uuid=network["uuid"]))["changes"]

    shown = await world.read(NETWORK, network["uuid"], exclude_hrefs="true", exclude_children="1", exclude_back_refs="1")
    assert updated["after"] == {name: value for name, value in shown.items() if name != "name"}
    assert updated["before"] == made["after"]


async def test_filters_narrow_down_and_go_together(world: World) -> None:
    network, request_id = await history(world), uuid4().hex
    await world.api.put(f"/project/{world.project_id}", json={"project": {"display_name": "p"}}, headers={"X-Request-Id": request_id})
    start = (await told(world.api, uuid=network["uuid"], limit=1))["changes"][0]["position"]

    def uuids(found: Document) -> set[str]:
        return {one["uuid"] for one in found["changes"]}

    assert uuids(await told(world.api, request_id=request_id)) == {world.project_id}
    assert uuids(await told(world.api, kind="project", after=start, limit=1000)) >= {world.project_id}
    assert network["uuid"] not in uuids(await told(world.api, kind="project,domain", after=start, limit=1000))
    assert uuids(await told(world.api, uuid=network["uuid"], kind="virtual_network", actor="cloud-admin")) == {network["uuid"]}
    assert uuids(await told(world.api, uuid=network["uuid"], actor="somebody else")) == set()
    assert len((await told(world.api, uuid=network["uuid"], before=start + 1))["changes"]) == 1
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert uuids(await told(world.api, uuid=network["uuid"], since=soon)) == set()
    assert len((await told(world.api, uuid=network["uuid"], since="2024-05-01T10:11:12"))["changes"]) == 4


@pytest.mark.parametrize(("newest_first", "following"), [(False, "after"), (True, "before")])
async def test_pages_follow_each_other_in_either_direction(world: World, newest_first: bool, following: str) -> None:
    network = await history(world)
    found: list[int] = []
    page: Document = {"next": None}
    while not found or page["next"] is not None:
        more = {following: page["next"]} if page["next"] is not None else {}
        page = await told(world.api, uuid=network["uuid"], limit=3, newest_first=newest_first, **more)
        found += [one["position"] for one in page["changes"]]

    assert len(found) == 4
    assert found == sorted(found, reverse=newest_first)
    assert page["position"] >= max(found)


async def test_a_write_is_told_to_whoever_asks_after_its_answer(world: World) -> None:
    network = await world.network("a")
    for number in range(10):
        await world.update(NETWORK, network["uuid"], display_name=str(number))
        (latest,) = (await told(world.api, uuid=network["uuid"], newest_first=True, limit=1))["changes"]
        assert latest["after"]["display_name"] == str(number)


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("kind=netwrok", 404, "Resource type 'netwrok' not found"),
        ("uuid=7", 400, "Invalid uuid '7'"),
        ("after=x", 400, "Invalid after 'x': it is the position of a change"),
        ("before=-3", 400, "Invalid before '-3': it is the position of a change"),
        ("since=yesterday", 400, "Invalid since 'yesterday': it is a moment such as 2024-05-01T10:11:12, in UTC"),
        ("limit=0", 400, "Invalid limit '0': it is a number from 1 to 1000"),
        ("limit=1001", 400, "Invalid limit '1001': it is a number from 1 to 1000"),
    ],
)
async def test_what_cannot_be_asked_is_told(api: httpx.AsyncClient, query: str, status: int, text: str) -> None:
    response = await api.get(f"/v2/changes?{query}")

    assert (response.status_code, response.text) == (status, text)


async def test_what_is_no_longer_kept_is_gone(postgres: Postgres) -> None:
    with postgres.database() as url, served(DATABASE_URL=url) as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as api:
            await World(api).found()
            database = await Database.open(url, 1)
            async with database.aside() as connection:
                state = await changes.settle(connection)
                await keep_days(connection, datetime.now(UTC) + timedelta(days=30), 7)
            await database.close()

            gone = await api.get("/v2/changes", params={"after": state.position - 1}, headers={"Accept": "application/problem+json"})
            since = await api.get("/v2/changes", params={"since": "2024-05-01T10:11:12"})

            assert (gone.status_code, gone.json()["code"], gone.json()["position"]) == (410, "forgotten", state.position)
            assert since.status_code == 410
            assert since.text.startswith(f"Changes up to position {state.position} are no longer kept")
            assert await told(api, after=state.position) == {"changes": [], "next": None, "position": state.position}
            assert (await told(api, newest_first=True))["changes"] == []
