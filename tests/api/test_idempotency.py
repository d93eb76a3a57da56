"""`Idempotency-Key`: what was done once is answered again and not done again, whatever happened in between."""

import asyncio
import os
import signal
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.contract.world import World, subnets_of
from tests.served import Postgres, Server, run, served, start
from tests.wiretap import tapped

REPLAYED = "idempotent-replayed"


async def post(world: World, path: str, body: Any, key: str, **headers: str) -> httpx.Response:
    return await world.api.post(path, json=body, headers={"Idempotency-Key": key, **headers})


async def test_a_create_that_is_sent_again_is_answered_again(world: World) -> None:
    key, body = uuid4().hex, world.document("virtual-network", "blue")

    first, again = [await post(world, "/virtual-networks", body, key) for _ in range(2)]

    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert len(await world.listed("virtual-network", parent_id=world.project_id)) == 1


async def test_addresses_are_taken_once(world: World) -> None:
    network = await world.network("blue", "10.0.0.0/24")
    path, key = f"/virtual-network/{network['uuid']}/ip-alloc", uuid4().hex

    answers = [(await post(world, path, {"count": 2}, key)).json() for _ in range(3)]

    assert answers == [{"ip_addr": ["10.0.0.252", "10.0.0.251"]}] * 3
    count = await world.action(f"virtual-network/{network['uuid']}/subnet-ip-count", subnet_list=[subnets_of(network)[0]["subnet_uuid"]])
    assert count.json() == {"ip_count_list": [5]}


async def test_the_answer_stays_when_its_object_is_gone(world: World) -> None:
    key, body = uuid4().hex, world.document("virtual-network", "blue")
    first = await post(world, "/virtual-networks", body, key)
    await world.delete("virtual-network", first.json()["virtual-network"]["uuid"])

    again = await post(world, "/virtual-networks", body, key)

    assert again.content == first.content
    assert await world.listed("virtual-network", parent_id=world.project_id) == []


@pytest.mark.parametrize("verb", ["/chmod", "/useragent-kv", "/prop-collection-update"])
async def test_an_action_is_done_once(world: World, verb: str) -> None:
    annotation = {"field": "annotations", "operation": "set", "value": {"key": "a", "value": "b"}}
    body = {
        "/chmod": {"uuid": world.project_id, "global_access": 5},
        "/useragent-kv": {"operation": "STORE", "key": uuid4().hex, "value": "a"},
        "/prop-collection-update": {"uuid": world.project_id, "updates": [annotation]},
    }[verb]
    key = uuid4().hex
    first = await post(world, verb, body, key)
    etag = (await world.api.get(f"/project/{world.project_id}")).headers["etag"]

    again = await post(world, verb, body, key)

    assert (first.status_code, again.status_code, again.content, again.headers[REPLAYED]) == (200, 200, first.content, "true")
    assert (await world.api.get(f"/project/{world.project_id}")).headers["etag"] == etag


async def test_one_key_is_for_one_request(world: World) -> None:
    key = uuid4().hex
    await post(world, "/virtual-networks", world.document("virtual-network", "blue"), key)

    other_body = await post(world, "/virtual-networks", world.document("virtual-network", "red"), key)
    other_path = await post(world, "/network-policys", world.document("network-policy", "blue"), key, Accept="application/problem+json")

    assert (other_body.status_code, other_body.text) == (
        422,
        f"Idempotency-Key '{key}' was used for another request: POST /virtual-networks",
    )
    assert (other_path.status_code, other_path.json()["code"]) == (422, "idempotency-key-reused")
    assert [each["fq_name"][-1] for each in await world.listed("virtual-network", parent_id=world.project_id)] == ["blue"]


async def test_what_was_refused_left_nothing_and_may_be_sent_again(world: World) -> None:
    key = uuid4().hex
    body = {"instance-ip": {"fq_name": [uuid4().hex], "virtual_network_refs": [{"to": world.fq_name("virtual-network", "blue")}]}}
    refused = await post(world, "/instance-ips", body, key)
    await world.network("blue", "10.0.0.0/24")

    done = await post(world, "/instance-ips", body, key)

    assert (refused.status_code, done.status_code, REPLAYED in done.headers) == (400, 200, False)
    assert (await post(world, "/instance-ips", body, key)).content == done.content


async def test_a_dry_run_keeps_no_answer(world: World) -> None:
    key, body = uuid4().hex, world.document("virtual-network", "blue")

    tried = await post(world, "/virtual-networks?dry_run=true", body, key)
    done = await post(world, "/virtual-networks", body, key)

    assert (tried.status_code, done.status_code, REPLAYED in done.headers) == (200, 200, False)


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb"], ids=["empty", "long", "unprintable"])
async def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    answer = await post(world, "/virtual-networks", world.document("virtual-network", "blue"), key)

    assert answer.status_code == 400
    assert answer.text.startswith("Idempotency-Key must have 1 to 255 printable characters")


async def test_reads_take_no_key(world: World) -> None:
    key = uuid4().hex

    found = await post(world, "/fqname-to-id", {"type": "project", "fq_name": world.project}, key)
    other = await post(world, "/id-to-fqname", {"uuid": world.project_id}, key)

    assert (found.status_code, other.status_code) == (200, 200)


async def test_of_racing_requests_one_is_done_and_all_get_its_answer(world: World, database_url: str) -> None:
    with served(DATABASE_URL=database_url) as second:
        async with httpx.AsyncClient(base_url=second.url, timeout=60, trust_env=False) as other:
            worlds = [world, World(other, world.domain, world.ids)]
            for name in ("a", "b", "c"):
                body, key = world.document("virtual-network", name), uuid4().hex

                answers = await asyncio.gather(*[post(worlds[number % 2], "/virtual-networks", body, key) for number in range(12)])

                assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
                assert sorted(REPLAYED in answer.headers for answer in answers) == [False, *[True] * 11]


def children_of(process: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def kill(server: Server) -> None:
    """All its processes at once, as when the machine loses power."""
    for pid in [server.process.pid, *children_of(server.process.pid)]:
        os.kill(pid, signal.SIGKILL)
    server.process.wait(60)


async def test_an_answer_that_was_committed_and_never_sent_is_given_to_the_retry(postgres: Postgres) -> None:
    key, body = uuid4().hex, {"project": {"fq_name": ["default-domain", "a"], "parent_type": "domain"}}
    headers = {"Idempotency-Key": key}
    # A short path: that of a socket has 107 bytes.
    with postgres.database() as url, tempfile.TemporaryDirectory() as folder:
        async with tapped(Path(folder), url) as tap:
            doomed = await asyncio.to_thread(start, DATABASE_URL=tap.url, DATABASE_DIRECT_URL=url)
            async with httpx.AsyncClient(base_url=doomed.url, timeout=60, trust_env=False) as api:
                tap.withhold("kept_answer")
                asked = asyncio.create_task(api.post("/projects", json=body, headers=headers))
                await asyncio.wait_for(tap.committed.wait(), 30)
                kill(doomed)
                with pytest.raises(httpx.TransportError):
                    await asked

        def retried() -> tuple[httpx.Response, Any]:
            with served(DATABASE_URL=url) as server, httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
                return client.post("/projects", json=body, headers=headers), client.get("/projects").json()

        again, projects = await asyncio.to_thread(retried)

    assert (again.status_code, again.headers[REPLAYED]) == (200, "true")
    assert again.json()["project"]["uuid"] in [each["uuid"] for each in projects["projects"] if each["fq_name"][-1] == "a"]


async def forgotten(url: str) -> None:
    """Returns once no answer is kept."""
    connection = await asyncpg.connect(url)
    try:
        while await connection.fetchval("SELECT count(*) FROM kept_answer"):  # noqa: ASYNC110 - the event is another process's
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


def test_an_old_answer_is_dropped_and_its_key_is_free(postgres: Postgres) -> None:
    with postgres.database() as url, served(DATABASE_URL=url, NETWEAVE_ANSWER_RETENTION="1") as server:
        body, headers = {"operation": "STORE", "key": "a", "value": "b"}, {"Idempotency-Key": "k"}
        httpx.post(f"{server.url}/useragent-kv", json=body, headers=headers, timeout=60, trust_env=False)
        run(asyncio.wait_for(forgotten(url), 30))

        again = httpx.post(f"{server.url}/useragent-kv", json={**body, "value": "c"}, headers=headers, timeout=60, trust_env=False)

        assert (again.status_code, REPLAYED in again.headers) == (200, False)


async def test_an_answer_that_is_too_old_is_not_given_even_before_it_is_dropped(world: World, database_url: str) -> None:
    key, body = uuid4().hex, {"operation": "STORE", "key": uuid4().hex, "value": "b"}
    await post(world, "/useragent-kv", body, key)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("UPDATE kept_answer SET at = at - interval '25 hours' WHERE key = $1", key)
    finally:
        await connection.close()

    again = await post(world, "/useragent-kv", {**body, "value": "c"}, key)

    assert (again.status_code, REPLAYED in again.headers) == (200, False)


def test_a_request_with_a_key_needs_one_connection(postgres: Postgres) -> None:
    headers = {"Idempotency-Key": "k"}
    with postgres.database() as url, served(DATABASE_URL=url, NETWEAVE_POOL_SIZE="1") as server:
        asked = httpx.post(
            f"{server.url}/useragent-kv", json={"operation": "RETRIEVE", "key": ""}, headers=headers, timeout=30, trust_env=False
        )

        assert (asked.status_code, asked.json()) == (200, {"value": []})
