"""Requests of many writes beside others: nobody is kept from an address, whoever comes second is told so, and nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api_server.model.resource import digest
from tests.api.test_bulk import creation, entry, pod, send
from tests.contract.world import Document, World

HOLD = """
INSERT INTO resource
  (uuid, kind, fq_name, name_digest, properties, owner, owner_access, global_access, share, enable, user_visible, permissions)
VALUES ($1, 'virtual-machine', $2, $3, '{}', 'o', 7, 0, '[]', true, true, '{}')
"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@asynccontextmanager
async def holding(database_url: str, fq_name: list[str]) -> AsyncIterator[Any]:
    """The name of a machine, in a transaction that the block ends: whoever wants the name waits for that."""
    connection = await asyncpg.connect(database_url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(HOLD, uuid4(), fq_name, digest(fq_name))
        yield transaction
    finally:
        await connection.close()


async def until_waiting(database_url: str, task: asyncio.Task[httpx.Response]) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        while not await connection.fetchval(WAITING):
            assert not task.done(), task.result().text
            await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def test_others_get_addresses_and_numbers_while_a_request_of_many_is_held_up(world: World, database_url: str) -> None:
    network = await world.network("a", "10.0.0.0/23")
    held = world.fq_name("virtual-machine", "held")
    many = [*(one for number in range(150) for one in pod(world, f"p{number}", network)), creation(world, "virtual-network", "b")]

    async with holding(database_url, held) as transaction:
        task = asyncio.create_task(send(world, *many, creation(world, "virtual-machine", "held")))
        await until_waiting(database_url, task)
        beside = [await world.address(network) for _ in range(20)]
        await world.network("c")
        await transaction.rollback()
    answer = await task

    assert answer.status_code == 200, answer.text
    mine = [one["instance-ip"]["uuid"] for one in answer.json()["results"][2:450:3]]
    given = [(await world.read("instance-ip", uuid))["instance_ip_address"] for uuid in mine]
    assert len({*given, *(one["instance_ip_address"] for one in beside)}) == 170


async def test_a_name_that_a_rival_takes_meanwhile_is_told_with_its_entry(world: World, database_url: str) -> None:
    network = await world.network("a", "10.0.0.0/24")
    taken = world.fq_name("virtual-machine", "taken")

    async with holding(database_url, taken) as transaction:
        task = asyncio.create_task(send(world, *pod(world, "p", network), creation(world, "virtual-machine", "taken")))
        await until_waiting(database_url, task)
        await transaction.commit()
    answer = await task

    assert answer.status_code == 409
    assert answer.text.startswith(f"entry 3 (create virtual-machine {taken[0]}): {taken} already exists with uuid: ")
    assert (await world.address(network))["instance_ip_address"] == "10.0.0.252"


@pytest.mark.parametrize("round_", range(3))
async def test_of_two_that_make_the_same_objects_in_opposite_orders_one_makes_them_all(world: World, round_: int) -> None:
    network = await world.network("a", "10.0.0.0/24")
    many = [one for number in range(40) for one in pod(world, f"p{number}", network)]

    answers = await asyncio.gather(send(world, *many), send(world, *reversed(many)), send(world, *many[60:], *many[:60]))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await world.listed("virtual-machine-interface", parent_id=world.project_id)) == 40


async def test_those_that_change_the_same_objects_in_opposite_orders_all_do(world: World) -> None:
    made = [await world.create("network-policy", f"p{number}") for number in range(20)]
    ways: list[list[Document]] = [made, made[::-1], made[10:] + made[:10], made[::-2] + made[::2]]

    answers = await asyncio.gather(
        *(
            send(world, *(entry("network-policy", "update", uuid=one["uuid"], display_name=f"way {number}") for one in way))
            for number, way in enumerate(ways)
            for _ in range(3)
        )
    )

    assert [answer.status_code for answer in answers] == [200] * 12
    names = {(await world.read("network-policy", one["uuid"]))["display_name"] for one in made}
    assert len(names) == 1


async def test_together_they_share_the_last_addresses_of_a_subnet(world: World) -> None:
    """Twenty-eight for two requests of sixteen: one gets all of its own, the other none, and single calls find the rest."""
    network = await world.network("a", "10.0.0.0/27")
    refs = {"virtual_network_refs": [{"to": network["fq_name"]}]}
    requests = [[creation(world, "instance-ip", f"{letter}{number}", **refs) for number in range(16)] for letter in "ab"]

    answers = await asyncio.gather(*(send(world, *one) for one in requests))
    rest = [(await world.post_address(network)).status_code for _ in range(14)]

    assert sorted(answer.status_code for answer in answers) == [200, 400]
    assert rest == [200] * 12 + [400] * 2
