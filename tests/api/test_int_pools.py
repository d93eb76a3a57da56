"""Number pools that callers make, ask and remove, beside those of the server (contract 1.15)."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.world import World
from tests.served import served

Api = httpx.AsyncClient


async def made(api: Api, start: int = 1, end: int = 100) -> str:
    """The name of a new pool."""
    name = f"pool-{uuid4().hex}"
    response = await api.post("/int-pools", json={"pool": name, "start": start, "end": end})
    assert response.status_code == 200, response.text
    return name


async def delete(api: Api, path: str, **body: Any) -> httpx.Response:
    return await api.request("DELETE", path, json=body)


async def allocate(api: Api, pool: str, **body: Any) -> httpx.Response:
    return await api.post("/int-pool", json={"pool": pool, **body})


async def owner(api: Api, pool: str, value: int) -> str:
    response = await api.get("/int-pool", params={"pool": pool, "value": value})
    assert response.status_code == 200, response.text
    said: str = response.json()["owner"]
    return said


async def test_a_pool_gives_its_lowest_free_number_up_to_but_without_its_end(api: Api) -> None:
    pool = await made(api, 5, 8)

    given = [await allocate(api, pool) for _ in range(4)]

    assert [each.json()["value"] for each in given[:3]] == [5, 6, 7]
    assert (given[3].status_code, given[3].text) == (400, f"No number is left in the pool {pool}: it is exhausted")


async def test_a_number_that_was_let_go_is_the_next_to_be_given(api: Api) -> None:
    pool = await made(api)
    for _ in range(3):
        await allocate(api, pool)

    gone, again = await delete(api, "/int-pool", pool=pool, value=2), await delete(api, "/int-pool", pool=pool, value=2)

    assert (gone.status_code, gone.text, again.status_code) == (200, "", 200)
    assert (await allocate(api, pool)).json() == {"value": 2}


async def test_a_number_may_be_asked_for_and_is_given_once(api: Api) -> None:
    pool = await made(api)

    first, second = await allocate(api, pool, value=7, owner="rack 7"), await allocate(api, pool, value=7, owner="other")

    assert (first.status_code, first.json()) == (200, {"value": 7})
    assert (second.status_code, second.text) == (400, f"7 of the int-pool {pool} is taken")
    assert [await owner(api, pool, value) for value in (7, 8)] == ["rack 7", ""]


@pytest.mark.parametrize("value", [0, 100, -5])
async def test_a_number_beyond_the_pool_is_refused(api: Api, value: int) -> None:
    pool = await made(api)

    response = await allocate(api, pool, value=value)

    assert (response.status_code, response.text) == (400, f"{value} is not in the int-pool {pool}, which goes from 1 to 99")


async def test_of_many_who_ask_at_once_each_gets_a_number_of_his_own(api: Api) -> None:
    pool = await made(api, 0, 20)

    answers = await asyncio.gather(*(allocate(api, pool) for _ in range(24)), *(allocate(api, pool, value=4) for _ in range(4)))

    values = [answer.json()["value"] for answer in answers if answer.status_code == 200]
    assert sorted(values) == list(range(20))
    assert {answer.status_code for answer in answers} == {200, 400}


@pytest.mark.parametrize(("start", "end"), [(1, 100), (50, 60), (500, 600)], ids=["same", "overlapping", "elsewhere"])
async def test_a_name_that_a_pool_has_is_not_given_to_another(api: Api, start: int, end: int) -> None:
    pool = await made(api)

    response = await api.post("/int-pools", json={"pool": pool, "start": start, "end": end})

    assert (response.status_code, response.text) == (409, f"int-pool {pool} already exists, from 1 to 99")


async def test_of_many_who_make_a_pool_at_once_one_does(api: Api) -> None:
    body = {"pool": f"pool-{uuid4().hex}", "start": 1, "end": 9}

    answers = await asyncio.gather(*(api.post("/int-pools", json=body) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7


async def test_a_removed_pool_is_gone_with_what_was_held_of_it(api: Api) -> None:
    pool = await made(api)
    await allocate(api, pool, owner="somebody")

    gone = await delete(api, "/int-pools", pool=pool)

    assert (gone.status_code, gone.text) == (200, "")
    for answer in (
        await allocate(api, pool),
        await delete(api, "/int-pools", pool=pool),
        await delete(api, "/int-pool", pool=pool, value=1),
    ):
        assert (answer.status_code, answer.text) == (404, f"int-pool {pool} not found")
    assert (await api.get("/int-pool", params={"pool": pool, "value": 1})).status_code == 404
    await api.post("/int-pools", json={"pool": pool, "start": 1, "end": 9})
    assert (await allocate(api, pool)).json() == {"value": 1}


async def test_a_delete_may_say_in_its_query_what_it_means(api: Api) -> None:
    pool = await made(api)
    await allocate(api, pool)

    number = await api.delete("/int-pool", params={"pool": pool, "value": "1"})
    whole = await api.delete("/int-pools", params={"pool": pool})

    assert (number.status_code, whole.status_code) == (200, 200)


async def test_a_number_held_for_a_resource_is_freed_when_that_is_deleted(world: World) -> None:
    pool = await made(world.api)
    machine = await world.create("virtual-machine", "vm")
    await allocate(world.api, pool, owner=machine["uuid"])
    assert await owner(world.api, pool, 1) == machine["uuid"]

    await world.delete("virtual-machine", machine["uuid"])

    assert await owner(world.api, pool, 1) == ""
    assert (await allocate(world.api, pool)).json() == {"value": 1}


async def test_a_number_may_be_held_for_a_uuid_that_no_resource_has(api: Api) -> None:
    pool, name = await made(api), str(uuid4())

    await allocate(api, pool, owner=name)

    assert await owner(api, pool, 1) == name


async def test_what_the_server_numbers_is_seen_but_not_taken_away(world: World) -> None:
    network = await world.network("a")
    number = network["virtual_network_network_id"]

    freed = await delete(world.api, "/int-pool", pool="virtual-network-id", value=number)

    assert await owner(world.api, "virtual-network-id", number) == network["uuid"]
    assert (freed.status_code, str(network["uuid"]) in freed.text) == (403, True)
    assert (await allocate(world.api, "virtual-network-id", value=number)).status_code == 400


@pytest.mark.parametrize("pool", ["virtual-network-id", "vxlan-id", "security-group-id", "route-target"])
async def test_a_pool_of_the_server_stays_as_it_is(api: Api, pool: str) -> None:
    removed = await delete(api, "/int-pools", pool=pool)
    made_again = await api.post("/int-pools", json={"pool": pool, "start": 1, "end": 2})

    assert (removed.status_code, removed.text) == (409, f"int-pool {pool} is the server's own and stays")
    assert made_again.status_code == 409


async def test_a_number_that_a_caller_took_of_the_servers_pool_is_stepped_over(world: World) -> None:
    taken = (await allocate(world.api, "virtual-network-id", owner="me")).json()["value"]

    network = await world.network("a")

    assert network["virtual_network_network_id"] != taken
    assert (await delete(world.api, "/int-pool", pool="virtual-network-id", value=taken)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/int-pools", {"start": 1, "end": 2}, "pool"),
        ("/int-pools", {"pool": "", "start": 1, "end": 2}, "pool"),
        ("/int-pools", {"pool": "a\0b", "start": 1, "end": 2}, "pool"),
        ("/int-pools", {"pool": "a", "start": "one", "end": 2}, "start"),
        ("/int-pools", {"pool": "a", "start": True, "end": 2}, "start"),
        ("/int-pools", {"pool": "a", "start": 1}, "end"),
        ("/int-pools", {"pool": "a", "start": 3, "end": 3}, "end"),
        ("/int-pools", {"pool": "a", "start": 1, "end": 1 << 63}, "end"),
        ("/int-pool", {"pool": 7}, "pool"),
        ("/int-pool", {"pool": "route-target", "value": 8000000.5}, "value"),
        ("/int-pool", {"pool": "route-target", "owner": 7}, "owner"),
        ("/int-pool", {"pool": "route-target", "owner": "a\0b"}, "owner"),
    ],
)
async def test_a_body_that_says_no_pool_or_number_is_refused_by_the_fields_name(api: Api, path: str, body: Any, named: str) -> None:
    response = await api.post(path, json=body, headers={"Accept": "application/problem+json"})

    assert (response.status_code, response.json()["field"]) == (400, named)


async def test_a_pool_may_hold_negative_numbers_and_be_as_large_as_numbers_go(api: Api) -> None:
    pool = await made(api, -(1 << 62), 1 << 62)

    assert (await allocate(api, pool)).json() == {"value": -(1 << 62)}
    assert (await allocate(api, pool, value=0)).json() == {"value": 0}


async def test_automatic_route_targets_are_numbered_as_the_as_asks(dsn: str) -> None:
    with served(DATABASE_URL=dsn) as server:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as api:
            (system,) = (await api.get("/global-system-configs")).json()["global-system-configs"]

            async def number_in(asn: int) -> int:
                body = {"autonomous_system": asn, "enable_4byte_as": asn > 65535}
                response = await api.put(f"/global-system-config/{system['uuid']}", json={"global-system-config": body})
                assert response.status_code == 200, response.text
                value: int = (await allocate(api, "route-target")).json()["value"]
                return value

            numbers = [await number_in(asn) for asn in (64512, 4_200_000_000, 64512, 64513)]
            await delete(api, "/int-pool", pool="route-target", value=8000)

            assert numbers == [8_000_000, 8_000, 8_000_001, 8_000_002]
            assert (await allocate(api, "route-target")).json() == {"value": 8_000_003}
