"""Contract section 12, behaviours 2 and 40: a server that starts again, and two that share a database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.contract.world import World
from tests.served import served
from tests.watching import watching

FABRIC = {"type": "virtual-network", "fq_name": ["default-domain", "default-project", "ip-fabric"]}


def test_behaviour_02_a_second_start_finds_what_the_first_made(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with served("--data-dir", tmp_path / "data") as server, httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
            domains = [each["fq_name"] for each in client.get("/domains").json()["domains"]]
            fabric = client.post("/fqname-to-id", json=FABRIC)
            seen.append((domains, fabric.status_code, fabric.json()["uuid"]))

    assert seen[0][:2] == ([["default-domain"]], 200)
    assert seen[0] == seen[1]


@pytest.fixture
async def both(api_url: str, database_url: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients of two server processes on one database."""
    with served(DATABASE_URL=database_url) as second:
        async with (
            httpx.AsyncClient(base_url=api_url, timeout=60, trust_env=False) as one,
            httpx.AsyncClient(base_url=second.url, timeout=60, trust_env=False) as other,
        ):
            yield [one, other]


def seen_by(clients: list[httpx.AsyncClient], world: World) -> list[World]:
    return [World(client, world.domain, world.ids) for client in clients]


async def test_behaviour_40_two_servers_give_50_distinct_addresses(both: list[httpx.AsyncClient], world: World) -> None:
    network = await world.network("a", "10.1.1.0/24")
    worlds = seen_by(both, world)

    held = await asyncio.gather(*[worlds[number % 2].address(network) for number in range(50)])

    assert len({each["instance_ip_address"] for each in held}) == 50


async def test_behaviour_40_two_servers_make_one_of_50_equal_names(both: list[httpx.AsyncClient], world: World) -> None:
    worlds = seen_by(both, world)

    answers = await asyncio.gather(*[worlds[number % 2].post("virtual-network", "a") for number in range(50)])

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 49]


async def test_behaviour_40_what_one_server_wrote_the_other_reads_at_once(both: list[httpx.AsyncClient], world: World) -> None:
    here, there = seen_by(both, world)
    network = await here.network("a")

    for number in range(20):
        await here.update("virtual-network", network["uuid"], display_name=str(number))
        assert (await there.read("virtual-network", network["uuid"]))["display_name"] == str(number)


async def test_behaviour_40_a_watch_at_either_server_shows_each_commit_once_in_one_order(
    both: list[httpx.AsyncClient], world: World
) -> None:
    network = await world.network("a", "10.1.1.0/24")
    worlds = seen_by(both, world)
    async with watching(both[0], "instance_ip") as one, watching(both[1], "instance_ip") as other:
        for stream in (one, other):
            await stream.take(1)
        held = await asyncio.gather(*[worlds[number % 2].address(network) for number in range(50)])
        await asyncio.gather(*[worlds[number % 2].post("instance-ip", held[0]["fq_name"][0]) for number in range(10)])
        seen, also = await one.take(50), await other.take(50)

    assert sorted(each.document["uuid"] for each in seen) == sorted(each["uuid"] for each in held)
    assert {each.name for each in seen} == {"create"}
    assert [(each.position, each.document["uuid"]) for each in seen] == [(each.position, each.document["uuid"]) for each in also]
    positions = [each.position or 0 for each in seen]
    assert positions == sorted(set(positions))
