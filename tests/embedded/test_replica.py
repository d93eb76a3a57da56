"""Reads from a streaming standby: who asks for them is told how old they may be, nobody else is told anything old."""

import os
import signal
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from api_server.app import create_app
from api_server.embedded.postmaster import inhabitants
from api_server.settings import Settings
from tests.served import migrate, served
from tests.standby import Pair, pair

ANY = {"Max-Staleness": "3600"}


@pytest.fixture(scope="module")
def pair_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("pair")) as made:
        migrate(made.primary.dsn)
        yield made


@pytest.fixture(scope="module")
def url(pair_of: Pair) -> Iterator[str]:
    """Of a server with two workers that knows the standby."""
    with served("--workers", 2, "--database-read-url", pair_of.standby.dsn, DATABASE_URL=pair_of.primary.dsn) as server:
        yield server.url


@pytest.fixture
async def api(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def paused(pair_of: Pair) -> Iterator[None]:
    """The standby stays at what it knows."""
    pair_of.pause()
    yield
    pair_of.resume()


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """A client of an application in this process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here", timeout=30)


async def made(api: httpx.AsyncClient, name: str) -> str:
    """The path of a new domain."""
    answer = await api.post("/domains", json={"domain": {"fq_name": [name], "display_name": "old"}})
    assert answer.status_code == 200, answer.text
    return f"/domain/{answer.json()['domain']['uuid']}"


async def rename(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.put(path, json={"domain": {"display_name": "new"}})).status_code == 200


async def told_by_the_replica(api: httpx.AsyncClient, path: str) -> httpx.Response:
    """The answer, once the standby knows enough to give it."""
    while True:
        answer = await api.get(path, headers=ANY)
        if answer.status_code == 200 and "Age" in answer.headers:
            return answer


def name_in(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    name: str = answer.json()["domain"]["display_name"]
    return name


async def test_only_who_accepts_an_old_answer_gets_one(api: httpx.AsyncClient, pair_of: Pair) -> None:
    path = await made(api, "lagging")
    await told_by_the_replica(api, path)
    pair_of.pause()
    try:
        await rename(api, path)
        old, new, none = await api.get(path, headers=ANY), await api.get(path), await api.get(path, headers={"Max-Staleness": "0"})
    finally:
        pair_of.resume()

    assert (name_in(old), int(old.headers["Age"]) >= 1) == ("old", True)
    assert (name_in(new), "Age" in new.headers) == ("new", False)
    assert (name_in(none), "Age" in none.headers) == ("new", False)


async def test_lists_searches_and_look_ups_lag_on_wish(api: httpx.AsyncClient, paused: None) -> None:
    path = await made(api, "unseen-yet")
    uuid = path.rpartition("/")[2]
    bulk = {"type": "domain", "obj_uuids": [uuid]}
    lists = [await api.get(f"/domains?obj_uuids={uuid}", headers=headers) for headers in (ANY, {})]
    bulks = [await api.post("/list-bulk-collection", json=bulk, headers=headers) for headers in (ANY, {})]
    found = [await api.get("/v2/search?q=unseen-yet", headers=headers) for headers in (ANY, {})]
    changes = [await api.get(f"/v2/changes?uuid={uuid}", headers=headers) for headers in (ANY, {})]
    usage = await api.get("/v2/ipam/utilization", headers=ANY)

    assert [len(answer.json()["domains"]) for answer in (*lists, *bulks)] == [0, 1, 0, 1]
    assert [len(answer.json()["results"]) for answer in found] == [0, 1]
    assert [len(answer.json()["changes"]) for answer in changes] == [0, 1]
    assert ["Age" in answer.headers for answer in (*lists, *bulks, *found, *changes, usage)] == [True, False] * 4 + [True]


async def test_that_something_is_not_there_is_never_said_by_a_replica(api: httpx.AsyncClient, paused: None) -> None:
    path = await made(api, "just-made")
    answer = await api.get(path, headers=ANY)
    name = await api.post("/fqname-to-id", json={"type": "domain", "fq_name": ["just-made"]}, headers=ANY)

    assert (name_in(answer), "Age" in answer.headers) == ("old", False)
    assert name.json() == {"uuid": path.rpartition("/")[2]}


async def test_a_replica_too_far_behind_is_not_asked(api: httpx.AsyncClient, paused: None) -> None:
    path = await made(api, "far-behind")
    await rename(api, path)
    while "Age" in (await api.get("/domains", headers={"Max-Staleness": "1"})).headers:
        pass
    young, old = await api.get("/domains", headers={"Max-Staleness": "1"}), await api.get("/domains", headers=ANY)

    assert path in young.text
    assert path not in old.text
    assert int(old.headers["Age"]) > 1


async def test_writes_are_done_by_the_primary_whatever_they_accept(api: httpx.AsyncClient, paused: None) -> None:
    answer = await api.post("/domains", json={"domain": {"fq_name": ["accepting"]}}, headers=ANY)
    path = f"/domain/{answer.json()['domain']['uuid']}"
    again = await api.put(path, json={"domain": {"display_name": "new"}}, headers=ANY)
    key = await api.post("/useragent-kv", json={"operation": "STORE", "key": "a", "value": "b"}, headers=ANY)
    gone = await api.delete(path, headers=ANY)

    assert [each.status_code for each in (answer, again, key, gone)] == [200] * 4
    assert not any("Age" in each.headers for each in (answer, again, key, gone))


async def test_what_is_accepted_is_a_number(api: httpx.AsyncClient) -> None:
    answer = await api.get("/domains", headers={"Max-Staleness": "much"})

    assert (answer.status_code, "Invalid Max-Staleness 'much'" in answer.text) == (400, True)


async def test_a_replica_that_dies_is_no_error_and_is_asked_again_when_it_is_back(api: httpx.AsyncClient, pair_of: Pair) -> None:
    path = await made(api, "outliving")
    await told_by_the_replica(api, path)
    for pid in inhabitants(pair_of.standby._home.cluster):
        os.kill(pid, signal.SIGKILL)
    alone = [await api.get(path, headers=ANY) for _ in range(8)]
    ready = await api.get("/readyz")
    pair_of.standby.keep()

    assert [(name_in(answer), "Age" in answer.headers) for answer in alone] == [("old", False)] * 8
    assert ready.status_code == 200
    assert name_in(await told_by_the_replica(api, path)) == "old"


async def test_another_database_is_no_replica_though_it_is_a_standby_of_the_same_cluster(pair_of: Pair) -> None:
    other = pair_of.standby.dsn.replace("/netweave?", "/postgres?")
    app = create_app(Settings(database_url=pair_of.primary.dsn, database_read_url=other))
    async with app.router.lifespan_context(app), client_of(app) as api:
        answers = [await api.get("/domains", headers=ANY) for _ in range(4)]

    assert [("default-domain" in answer.text, "Age" in answer.headers) for answer in answers] == [(True, False)] * 4


async def test_the_primary_itself_is_no_replica(pair_of: Pair) -> None:
    app = create_app(Settings(database_url=pair_of.primary.dsn, database_read_url=pair_of.primary.dsn))
    async with app.router.lifespan_context(app), client_of(app) as api:
        answer = await api.get("/domains", headers=ANY)

    assert (answer.status_code, "Age" in answer.headers) == (200, False)


async def test_a_server_may_let_all_reads_lag_but_those_that_say_no(pair_of: Pair) -> None:
    app = create_app(Settings(database_url=pair_of.primary.dsn, database_read_url=pair_of.standby.dsn, max_staleness=3600))
    async with app.router.lifespan_context(app), client_of(app) as api:
        path = await made(api, "by-setting")
        await told_by_the_replica(api, path)
        pair_of.pause()
        try:
            await rename(api, path)
            old, new = await api.get(path), await api.get(path, headers={"Max-Staleness": "0"})
        finally:
            pair_of.resume()

    assert (name_in(old), name_in(new)) == ("old", "new")
