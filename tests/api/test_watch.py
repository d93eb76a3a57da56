"""`GET /watch`: what there is in one snapshot, then what happens, once and in order, through disconnects (contract 1.14)."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api_server.store import changes
from api_server.store.database import Database
from api_server.store.partitions import keep_days
from tests.contract.world import World
from tests.served import Postgres, Server, served, start
from tests.watching import Seen, watching

NETWORK, INSTANCE = "virtual-network", "routing-instance"


def client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)


# --- what is asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("", 400, "resource_type required in request"),
        ("?resource_type=", 400, "resource_type required in request"),
        ("?resource_type=,", 400, "resource_type required in request"),
        ("?resource_type=x", 404, "Invalid Contrail resource type:'x'"),
        ("?resource_type=project,virtual_netwrok", 404, "Invalid Contrail resource type:'virtual_netwrok'"),
        ("?resource_type=config_root", 404, "Invalid Contrail resource type:'config_root'"),
        ("?resource_type=project&last_event_id=soon", 400, "Invalid Last-Event-ID 'soon': it is the id of an event of this stream"),
        ("?resource_type=project&last_event_id=-1", 400, "Invalid Last-Event-ID '-1': it is the id of an event of this stream"),
        ("?resource_type=project&timeout=long", 400, "Invalid timeout 'long': it is a number of seconds"),
    ],
)
async def test_what_cannot_be_watched_is_said_before_the_stream_begins(api: httpx.AsyncClient, query: str, status: int, text: str) -> None:
    response = await api.get(f"/watch{query}")

    assert (response.status_code, response.text) == (status, text)
    assert response.headers["content-type"].startswith("text/plain")


async def test_a_stream_is_not_for_caches_nor_for_writing(api: httpx.AsyncClient) -> None:
    async with watching(api, "project", timeout=0) as stream:
        assert stream.response.headers["cache-control"] == "no-cache"
        assert stream.response.headers["content-type"] == "text/event-stream"
    head = await api.head("/watch", params={"resource_type": "project"})
    assert (head.status_code, head.headers["cache-control"]) == (200, "no-cache")
    assert (await api.post("/watch", params={"resource_type": "project"})).status_code == 405


@pytest.mark.parametrize(
    "spelling",
    ["virtual_network,routing_instance", "virtual-network, routing-instance", "virtual_network,virtual-network,routing-instance"],
)
async def test_a_stream_starts_with_one_list_of_each_kind_in_the_order_asked(world: World, spelling: str) -> None:
    network = await world.network("a", "10.0.0.0/24")

    async with watching(world.api, spelling, timeout=0) as stream:
        networks, instances = await stream.rest()

    assert (networks.name, instances.name) == ("init", "init")
    assert (list(networks.data), list(instances.data)) == (["virtual-networks"], ["routing-instances"])
    (shown,) = [each[NETWORK] for each in networks.document if each[NETWORK]["uuid"] == network["uuid"]]
    (instance,) = [each[INSTANCE] for each in instances.document if each[INSTANCE]["parent_uuid"] == network["uuid"]]
    whole = await world.read(NETWORK, network["uuid"])
    assert {name: shown[name] for name in ("fq_name", "parent_uuid", "id_perms", "perms2", "display_name")} == {
        name: whole[name] for name in ("fq_name", "parent_uuid", "id_perms", "perms2", "display_name")
    }
    assert [child["uuid"] for child in shown["routing_instances"]] == [instance["uuid"]]


# --- what happens ---------------------------------------------------------------------------------------------


async def test_each_write_is_an_event_with_the_whole_object_and_a_growing_id(world: World) -> None:
    async with watching(world.api, "network_policy", "virtual_network") as stream:
        await stream.take(2)
        policy = await world.create("network-policy", "policy")
        network = await world.network("a", "10.0.0.0/24", network_policy_refs=[{"to": policy["fq_name"], "attr": None}])
        await world.update(NETWORK, network["uuid"], display_name="b")
        await world.update("network-policy", policy["uuid"], display_name="p")
        await world.delete(NETWORK, network["uuid"])
        seen = await stream.take(5)

    assert [(one.name, next(iter(one.data)), one.document["uuid"]) for one in seen] == [
        ("create", "network-policy", policy["uuid"]),
        ("create", NETWORK, network["uuid"]),
        ("update", NETWORK, network["uuid"]),
        ("update", "network-policy", policy["uuid"]),
        ("delete", NETWORK, network["uuid"]),
    ]
    positions = [one.position or 0 for one in seen]
    assert positions == sorted(set(positions))
    assert seen[4].document == {"uuid": network["uuid"]}
    assert (seen[1].document["display_name"], seen[2].document["display_name"]) == ("a", "b")
    assert not {"name", "href", "parent_href"} & seen[1].document.keys()


async def test_an_event_shows_what_a_read_shows(world: World) -> None:
    policy = await world.create("network-policy", "policy")
    async with watching(world.api, NETWORK) as stream:
        await stream.take(1)
        network = await world.network("a", "10.0.0.0/24", network_policy_refs=[{"to": policy["fq_name"], "attr": None}])
        await world.interface(network, "port")
        await world.update(NETWORK, network["uuid"], display_name="b", id_perms={"enable": False, "description": "off"})
        (*_, seen) = await stream.until(network["uuid"])

    shown = await world.read(NETWORK, network["uuid"], exclude_hrefs="true")
    assert seen.document == {name: value for name, value in shown.items() if name != "name"}
    assert shown["virtual_machine_interface_back_refs"]


async def test_fields_leave_the_identity_and_what_they_name(world: World) -> None:
    network = await world.network("a", "10.0.0.0/24")
    fields = "display_name,routing_instances,network_ipam_refs,id_perms"
    async with watching(world.api, "virtual_network", "project", virtual_network_fields=fields) as stream:
        await stream.take(2)
        await world.update(NETWORK, network["uuid"], display_name="b")
        await world.update("project", world.project_id, display_name="p")
        one, other = await stream.take(2)

    assert one.document.keys() == {"uuid", "fq_name", "parent_type", "parent_uuid", *fields.split(",")}
    assert "perms2" in other.document


async def test_a_ref_update_and_a_change_of_permissions_are_updates_of_the_referring_object_only(world: World) -> None:
    policy = await world.create("network-policy", "policy")
    network = await world.network("a")
    async with watching(world.api, NETWORK, "network-policy") as stream:
        await stream.take(2)
        target = {"ref-type": "network-policy", "ref-uuid": policy["uuid"], "attr": None}
        await world.action("ref-update", type=NETWORK, uuid=network["uuid"], operation="ADD", **target)
        await world.action("chmod", uuid=network["uuid"], global_access=5)
        update = {"field": "annotations", "operation": "set", "value": {"key": "a", "value": "b"}}
        await world.action("prop-collection-update", uuid=network["uuid"], updates=[update])
        seen = await stream.take(3)

    assert [(one.name, one.document["uuid"]) for one in seen] == [("update", network["uuid"])] * 3
    assert [ref["uuid"] for ref in seen[0].document["network_policy_refs"]] == [policy["uuid"]]
    assert seen[1].document["perms2"]["global_access"] == 5
    assert seen[2].document["annotations"] == {"key_value_pair": [{"key": "a", "value": "b"}]}


async def test_the_other_side_of_a_ref_between_equals_is_an_update_too(world: World) -> None:
    one, other = await world.network("one"), await world.network("other", is_provider_network=True)
    async with watching(world.api, NETWORK) as stream:
        await stream.take(1)
        target = {"ref-type": NETWORK, "ref-uuid": other["uuid"]}
        await world.action("ref-update", type=NETWORK, uuid=one["uuid"], operation="ADD", **target)
        await world.delete(NETWORK, other["uuid"])
        seen = await stream.take(4)

    told = [(each.name, each.document["uuid"], bool(each.document.get("virtual_network_refs"))) for each in seen]
    assert sorted(told[:2]) == sorted([("update", one["uuid"], True), ("update", other["uuid"], True)])
    assert sorted(told[2:]) == sorted([("update", one["uuid"], False), ("delete", other["uuid"], False)])


async def test_what_was_refused_or_only_rehearsed_is_never_seen(world: World) -> None:
    network = await world.network("a", "10.0.0.0/24")
    async with watching(world.api, NETWORK, "instance_ip") as stream:
        await stream.take(2)
        refused = await world.post("instance-ip", "x", virtual_network_refs=[{"to": network["fq_name"]}], instance_ip_address="10.9.9.9")
        await world.api.put(f"/{NETWORK}/{network['uuid']}", json={NETWORK: {"display_name": "rehearsed"}}, params={"dry_run": "true"})
        await world.update(NETWORK, network["uuid"], display_name="b")
        (seen,) = await stream.take(1)

    assert refused.status_code == 400
    assert (seen.name, seen.document["display_name"]) == ("update", "b")


async def test_a_transaction_that_is_open_for_long_neither_delays_the_stream_nor_is_lost(world: World, database_url: str) -> None:
    network = await world.network("a")
    slow = await asyncpg.connect(database_url)
    async with watching(world.api, NETWORK) as stream:
        await stream.take(1)
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute(
            "INSERT INTO change (operation, kind, uuid, fq_name, actor, request_id, before, after)"
            " SELECT operation, kind, uuid, fq_name, actor, 'slow', after, after FROM change WHERE uuid = $1",
            network["uuid"],
        )
        await world.update(NETWORK, network["uuid"], display_name="b")
        (first,) = await stream.take(1)
        await transaction.commit()
        (second,) = await stream.take(1)
    await slow.close()

    assert (first.document["display_name"], second.document["display_name"]) == ("b", "a")


# --- again ----------------------------------------------------------------------------------------------------


async def test_a_reader_that_comes_again_gets_what_it_missed_once_and_no_list(world: World) -> None:
    network = await world.network("a")
    async with watching(world.api, NETWORK) as stream:
        await stream.take(1)
        await world.update(NETWORK, network["uuid"], display_name="1")
        await stream.take(1)
    for number in range(2, 5):
        await world.update(NETWORK, network["uuid"], display_name=str(number))
    async with watching(world.api, NETWORK, last=stream.last) as again:
        missed = await again.take(3)
        await world.update(NETWORK, network["uuid"], display_name="5")
        live = await again.take(1)
    async with watching(world.api, NETWORK, last_event_id=again.last, timeout=0) as third:
        nothing = await third.rest()

    assert [(one.name, one.document["display_name"]) for one in [*missed, *live]] == [("update", str(number)) for number in range(2, 6)]
    assert nothing == []


async def test_a_reader_can_come_again_after_a_list_without_events(world: World) -> None:
    network = await world.network("a")
    async with watching(world.api, NETWORK, timeout=0) as stream:
        await stream.rest()
    await world.update(NETWORK, network["uuid"], display_name="b")
    async with watching(world.api, NETWORK, last=stream.last, timeout=0) as again:
        seen = await again.rest()

    assert [(one.name, one.document["display_name"]) for one in seen] == [("update", "b")]


async def test_many_missed_events_come_in_pages_without_a_gap(world: World) -> None:
    async with watching(world.api, "tag_type", timeout=0) as stream:
        await stream.rest()
    made = []
    for first in range(0, 1200, 50):
        answers = await asyncio.gather(*[world.create("tag-type", f"t{first + number}") for number in range(50)])
        made += [answer["uuid"] for answer in answers]
    async with watching(world.api, "tag_type", last=stream.last, timeout=0) as again:
        seen = await again.rest()

    positions = [one.position or 0 for one in seen]
    assert positions == sorted(set(positions))
    assert sorted(one.document["uuid"] for one in seen) == sorted(made)


@pytest.fixture
async def alone(postgres: Postgres) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    """A server on a database of its own that shows signs of life often and lets little wait."""
    with (
        postgres.database() as url,
        served(DATABASE_URL=url, NETWEAVE_WATCH_KEEPALIVE_INTERVAL="0.05", NETWEAVE_WATCH_QUEUE="20") as server,
    ):
        async with client(server.url) as api:
            yield url, api


async def test_a_quiet_stream_shows_signs_of_life_and_moves_on_where_it_resumes(alone: tuple[str, httpx.AsyncClient]) -> None:
    _, api = alone
    async with watching(api, "tag") as stream:
        await stream.take(1)
        await World(api).found()
        position = (await api.get("/v2/changes")).json()["position"]
        ids: list[str] = []
        comments = 0
        async with asyncio.timeout(30):
            async for line in stream._lines:
                comments += line == ":"
                ids += [line[3:].strip()] if line.startswith("id:") else []
                if comments > 3 and ids[-1:] == [str(position)]:
                    break
    async with watching(api, "domain", "project", last=ids[-1], timeout=0) as again:
        assert await again.rest() == []


@pytest.mark.parametrize("days", [0, 30])
async def test_a_reader_from_before_what_is_kept_is_told_to_start_again(alone: tuple[str, httpx.AsyncClient], days: int) -> None:
    url, api = alone
    async with watching(api, "domain", timeout=0) as stream:
        await stream.rest()
    await World(api).found()
    database = await Database.open(url, 1)
    async with database.aside() as connection:
        await changes.settle(connection)
        await keep_days(connection, datetime.now(UTC) + timedelta(days=days), 7)
    await database.close()
    async with watching(api, "domain", last=stream.last, timeout=0) as again:
        seen = await again.rest()

    assert [one.name for one in seen] == (["stop"] if days else ["create"])
    assert (again.last == "") is bool(days)


async def test_a_reader_from_a_stream_that_never_was_is_told_to_start_again(world: World) -> None:
    async with watching(world.api, "domain", last="9" * 15, timeout=0) as stream:
        seen = await stream.rest()

    assert [(one.name, stream.last) for one in seen] == [("stop", "")]


async def test_a_reader_that_is_too_slow_is_told_to_start_again(alone: tuple[str, httpx.AsyncClient]) -> None:
    _, api = alone
    world = await World(api).found()
    network = await world.network("a")
    note = {"key_value_pair": [{"key": "note", "value": "x" * 500_000}]}
    async with watching(api, NETWORK) as stream:
        await stream.take(1)
        # What the kernel and the server hold for it, and more than may wait.
        for number in range(60):
            await world.update(NETWORK, network["uuid"], annotations=note, display_name=str(number))
        seen = await stream.rest()

    assert [one.name for one in seen] == ["update"] * (len(seen) - 1) + ["stop"]
    assert [int(one.document["display_name"]) for one in seen[:-1]] == list(range(len(seen) - 1))
    assert stream.last == ""


async def test_the_stream_goes_on_when_its_connection_to_the_database_is_lost(alone: tuple[str, httpx.AsyncClient]) -> None:
    url, api = alone
    world = await World(api).found()
    network = await world.network("a")
    async with watching(api, NETWORK) as stream:
        await stream.take(1)
        session = await asyncpg.connect(url)
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        await session.close()
        # Of the connections that requests find broken there are no more than these.
        answers = [(await world.put(NETWORK, network["uuid"], display_name=str(number))).status_code for number in range(20)]
        told = [str(number) for number, status in enumerate(answers) if status == 200]
        seen = await stream.take(len(told))

    assert told
    assert [one.document["display_name"] for one in seen] == told


# --- the end --------------------------------------------------------------------------------------------------


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Server]:
    """One that the test stops."""
    with postgres.database() as url:
        started = start(DATABASE_URL=url)
        yield started
        if started.process.poll() is None:
            started.stop()


async def stop_in_time(server: Server) -> None:
    """It ends by itself, before it would be made to."""
    assert await asyncio.to_thread(server.stop, signal.SIGTERM) == 0


async def test_a_stream_ends_well_when_the_server_stops_and_can_be_resumed(server: Server) -> None:
    async with client(server.url) as api:
        world = await World(api).found()
        async with watching(api, NETWORK) as stream:
            await stream.take(1)
            network = await world.network("a")
            (seen,) = await stream.take(1)
            stopping = asyncio.create_task(stop_in_time(server))
            rest = await stream.rest()
            await stopping

    assert (seen.document["uuid"], rest, stream.last) == (network["uuid"], [], str(seen.position))


async def test_a_reader_that_reads_nothing_does_not_hold_up_the_end(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    async with client(server.url) as api:
        world = await World(api).found()
        network = await world.network("a")
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((host, int(port)))
            deaf.sendall(f"GET /watch?resource_type=virtual-network HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            note = {"key_value_pair": [{"key": "note", "value": "x" * 500_000}]}
            for number in range(20):
                await world.update(NETWORK, network["uuid"], annotations=note, display_name=str(number))
            begun = asyncio.get_running_loop().time()
            await stop_in_time(server)

    # The parent kills a worker that takes longer than its time to drain; this one is done long before.
    assert asyncio.get_running_loop().time() - begun < 15


# --- no gap ---------------------------------------------------------------------------------------------------


async def test_each_commit_is_in_the_list_or_among_the_events_and_never_in_both(world: World) -> None:
    done = asyncio.Event()
    made: list[str] = []

    async def writing(number: int) -> None:
        count = 0
        while not done.is_set():
            made.append((await world.create("network-policy", f"w{number}-{count}"))["uuid"])
            count += 1

    async def collected() -> tuple[set[str], list[Seen]]:
        async with watching(world.api, "network-policy") as stream:
            (init,) = await stream.take(1)
            return {each["network-policy"]["uuid"] for each in init.document}, await stream.until(last, "create")

    last = str(uuid4())
    writers = [asyncio.create_task(writing(number)) for number in range(8)]
    readers = []
    for _ in range(12):
        readers.append(asyncio.create_task(collected()))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(readers[-1]), 0.05)
    done.set()
    await asyncio.gather(*writers)
    await world.create("network-policy", "last", uuid=last)
    found = await asyncio.gather(*readers)

    for listed, seen in found:
        created = [one.document["uuid"] for one in seen if one.name == "create"]
        assert len(set(created)) == len(created)
        assert not listed & set(created)
        assert (listed | set(created)) >= {*made, last}
