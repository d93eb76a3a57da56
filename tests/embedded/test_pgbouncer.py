"""The server through PgBouncer in transaction mode, with fewer connections than there are requests at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api_server.store.database import Database
from api_server.watch.pings import Pings
from tests.api.census import census
from tests.api.test_bulk import done, pod
from tests.contract.world import World
from tests.debian import program
from tests.pgbouncer import pooled
from tests.served import Postgres, Server, served
from tests.watching import Watching

# Connections to PostgreSQL, and requests at once: each waits for a turn, and statements of one connection of ours go to many of those.
SIZE, CLIENTS = 3, 24


@dataclass(frozen=True)
class Pooled:
    """A server, and the database behind the pooler."""

    server: Server
    direct: str
    pooler: str


@pytest.fixture(scope="module")
def behind(postgres: Postgres) -> Iterator[Pooled]:
    pgbouncer = program("pgbouncer")
    if pgbouncer is None:
        # Who is not root, or not on Debian, may not want it: everything else is tested without. CI is both.
        pytest.skip("PgBouncer is not installed, and could not be")
    with postgres.database() as direct, pooled(pgbouncer, direct, SIZE) as url:
        settings = {"DATABASE_URL": url, "DATABASE_DIRECT_URL": direct, "NETWEAVE_PREPARED_STATEMENTS": "off"}
        with served("--workers", 2, **settings) as server:
            yield Pooled(server, direct, url)


@pytest.fixture
async def api(behind: Pooled) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=behind.server.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
async def world(api: httpx.AsyncClient) -> World:
    return await World(api).found()


async def test_nobody_listens_through_the_pooler(behind: Pooled) -> None:
    database = await Database.open(behind.direct, 1)
    pings = Pings(database, behind.pooler)
    try:
        async with asyncio.timeout(30):
            await pings.listen()
    finally:
        await database.close()


async def counted(behind: Pooled) -> object:
    connection = await asyncpg.connect(behind.direct)
    try:
        return dict(await census(connection))
    finally:
        await connection.close()


async def test_rivals_for_the_addresses_of_a_subnet_get_all_of_them_once(world: World) -> None:
    network = await world.network("small", "10.1.0.0/26")
    answers = await asyncio.gather(*(world.post_address(network, f"ip-{number}") for number in range(70)))
    held = await world.listed("instance-ip", detail="true", back_ref_id=network["uuid"])

    assert Counter(answer.status_code for answer in answers) == {200: 60, 400: 10}, [answer.text for answer in answers][-1]
    assert len({one["instance-ip"]["instance_ip_address"] for one in held}) == 60


async def test_pairs_are_made_changed_and_deleted_beside_lists(world: World) -> None:
    network = await world.network("pairs", "10.2.0.0/24")
    refs = [{"to": network["fq_name"], "uuid": network["uuid"]}]

    async def life(number: int) -> list[int]:
        port = await world.create("virtual-machine-interface", f"port-{number}", virtual_network_refs=refs)
        address = await world.post_address(network, f"ip-{number}", virtual_machine_interface_refs=[{"uuid": port["uuid"]}])
        uuid = address.json()["instance-ip"]["uuid"]
        asked = [
            await world.put("virtual-machine-interface", port["uuid"], display_name=f"new-{number}"),
            await world.api.get("/virtual-machine-interfaces", params={"detail": "true", "parent_id": world.project_id}),
            await world.api.get("/v2/ipam/utilization", params={"network": network["uuid"]}),
            await world.delete("instance-ip", uuid),
            await world.delete("virtual-machine-interface", port["uuid"]),
        ]
        return [answer.status_code for answer in asked]

    lives = await asyncio.gather(*(life(number) for number in range(CLIENTS)))
    usage = (await world.api.get("/v2/ipam/utilization", params={"network": network["uuid"]})).json()

    assert lives == [[200] * 5] * CLIENTS
    assert usage["rows"][0]["used"] == 0
    assert await world.listed("virtual-machine-interface", parent_id=world.project_id) == []


async def test_one_of_the_rivals_for_a_name_wins(world: World) -> None:
    answers = await asyncio.gather(*(world.post("virtual-network", "wanted") for _ in range(CLIENTS)))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: CLIENTS - 1}


async def test_many_writes_in_one_request_and_several_such_requests_at_once(world: World) -> None:
    network = await world.network("many", "10.3.0.0/22")
    await asyncio.gather(*(done(world, *(one for n in range(20) for one in pod(world, f"p{m}-{n}", network))) for m in range(6)))
    held = await world.listed("instance-ip", detail="true", back_ref_id=network["uuid"])

    assert len({one["instance-ip"]["instance_ip_address"] for one in held}) == 120


async def test_a_key_is_done_once_and_answered_to_all(world: World) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = world.document("virtual-network", "once")
    answers = await asyncio.gather(*(world.api.post("/virtual-networks", json=body, headers=headers) for _ in range(12)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 11


async def test_a_dry_run_leaves_nothing(world: World, behind: Pooled) -> None:
    network = await world.network("dry", "10.4.0.0/24")
    await world.address(network)
    before = await counted(behind)
    refs = [{"to": network["fq_name"]}]
    documents = [world.document("instance-ip", f"dry-{number}", virtual_network_refs=refs) for number in range(CLIENTS)]
    answers = await asyncio.gather(*(world.api.post("/instance-ips?dry_run=true", json=document) for document in documents))

    assert {answer.status_code for answer in answers} == {200}
    assert await counted(behind) == before


async def test_watchers_see_what_there_is_and_what_happens(world: World) -> None:
    there = await world.network("there")
    async with (
        world.api.stream("GET", "/watch?resource_type=virtual-network") as one,
        world.api.stream("GET", "/watch?resource_type=virtual-network") as other,
    ):
        seen = [Watching(one), Watching(other)]
        first = [await each.take(1) for each in seen]
        made = await asyncio.gather(*(world.create("virtual-network", f"new-{number}") for number in range(5)))
        told = [await each.take(5) for each in seen]

    assert all(there["uuid"] in str(events[0].data) for events in first)
    assert [{event.document["uuid"] for event in events} for events in told] == [{new["uuid"] for new in made}] * 2
