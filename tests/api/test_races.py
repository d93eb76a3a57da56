"""Races that commit for real: many clients, one thing that only one may have (design "Storage", contract 4.7)."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import bindparam, select

from api_server.ipam.addresses import RESERVED, allocate, subnet_of
from api_server.ipam.ahead import Ahead
from api_server.ipam.tables import subnet as subnet_table
from api_server.model.catalog import load
from api_server.store.database import Connection, Database
from api_server.store.statements import Statement
from tests.api.holdings import held_addresses, shown_addresses
from tests.contract.test_every_kind import LEFT_OUT
from tests.contract.values import property_values
from tests.contract.world import Document, World
from tests.served import start

CATALOG = load()
SUBNETS = Statement(select(subnet_table).where(subnet_table.c.space == bindparam("space")))


@pytest.fixture
async def api(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """As many connections as there are clients in the largest race."""
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=api_url, timeout=120, limits=limits, trust_env=False) as client:
        yield client


async def together(calls: Iterable[Awaitable[httpx.Response]]) -> list[httpx.Response]:
    return list(await asyncio.gather(*calls))


def statuses(answers: Iterable[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


async def in_turns(clients: int, turns: int, call: Callable[[], Awaitable[httpx.Response]]) -> list[httpx.Response]:
    """Every client calls, one call after the other, beside all other clients."""

    async def client() -> list[httpx.Response]:
        return [await call() for _ in range(turns)]

    return [answer for answers in await asyncio.gather(*[client() for _ in range(clients)]) for answer in answers]


@pytest.mark.parametrize(("cidr", "turns", "given"), [("10.0.0.0/29", 1, 4), ("10.0.0.0/24", 5, 252), ("10.0.0.0/16", 10, 640)])
async def test_64_clients_get_each_address_once_and_a_clean_error_when_there_is_none(
    world: World, database_url: str, cidr: str, turns: int, given: int
) -> None:
    network = await world.network("a", cidr)

    answers = await in_turns(64, turns, lambda: world.post_address(network))
    held = await held_addresses(database_url, network["uuid"])

    assert statuses(answers) == Counter({200: given}) + Counter({400: 64 * turns - given})
    assert all("exhausted" in answer.text for answer in answers if answer.status_code == 400)
    assert held.total() == given
    assert set(held.values()) == {1}
    assert held == await shown_addresses(world, network)
    assert all(ip_address(address) in ip_network(cidr) for address in held)


async def test_64_clients_ask_for_one_address_and_one_gets_it(world: World) -> None:
    network = await world.network("a", "10.0.0.0/24")

    answers = await together(world.post_address(network, instance_ip_address="10.0.0.9") for _ in range(64))

    assert statuses(answers) == {200: 1, 409: 63}
    assert all(answer.text.startswith("IP address already in use") for answer in answers if answer.status_code == 409)


async def test_creating_and_deleting_together_leaves_every_address_free_or_held_once(world: World, database_url: str) -> None:
    network = await world.network("a", "10.0.0.0/27")

    async def hold_and_let_go() -> httpx.Response:
        answer = await world.post_address(network)
        return await world.delete("instance-ip", answer.json()["instance-ip"]["uuid"]) if answer.status_code == 200 else answer

    answers = await in_turns(40, 5, hold_and_let_go)
    left = await held_addresses(database_url, network["uuid"])
    refilled = await together(world.post_address(network) for _ in range(29))

    assert statuses(answers).keys() <= {200, 400}
    assert left.total() == 0
    assert statuses(refilled) == {200: 28, 400: 1}


async def test_50_creators_of_one_name_make_it_once(world: World) -> None:
    answers = await together(world.post("virtual-network", "a") for _ in range(50))
    (made,) = [answer.json()["virtual-network"]["uuid"] for answer in answers if answer.status_code == 200]

    assert statuses(answers) == {200: 1, 409: 49}
    assert all(f"already exists with uuid: {made}" in answer.text for answer in answers if answer.status_code == 409)


async def test_50_creators_of_one_uuid_make_it_once(world: World) -> None:
    uuid = world.project_id.replace(world.project_id[0], "f" if world.project_id[0] != "f" else "e", 1)

    answers = await together(world.post("virtual-network", f"n{number}", uuid=uuid) for number in range(50))

    assert statuses(answers) == {200: 1, 409: 49}


async def test_50_networks_have_50_numbers(world: World) -> None:
    answers = await together(world.post("virtual-network", f"n{number}") for number in range(50))
    listed = await world.listed("virtual-network", parent_id=world.project_id, fields="virtual_network_network_id")

    assert statuses(answers) == {200: 50}
    assert len({entry["virtual_network_network_id"] for entry in listed}) == 50


@pytest.mark.parametrize("attempt", range(10))
async def test_a_parent_is_deleted_or_its_child_is_made_never_both(world: World, attempt: int) -> None:
    network = await world.network("a")
    pool = {"fq_name": [*network["fq_name"], "pool"], "parent_type": "virtual-network"}

    deleted, created = await together([world.delete("virtual-network", network["uuid"]), world.post("floating-ip-pool", "", **pool)])
    there = (await world.api.get(f"/virtual-network/{network['uuid']}")).status_code

    assert (deleted.status_code, created.status_code, there) in {(200, 404, 404), (409, 200, 200)}, (deleted.text, created.text)


@pytest.mark.parametrize("attempt", range(10))
async def test_a_target_is_deleted_or_referred_to_never_both(world: World, attempt: int) -> None:
    policy, network = await world.create("network-policy", "policy"), await world.network("a")
    edit = {"type": "virtual-network", "uuid": network["uuid"], "ref-type": "network-policy", "ref-uuid": policy["uuid"]}

    deleted, referred = await together(
        [world.delete("network-policy", policy["uuid"]), world.action("ref-update", **edit, operation="ADD")]
    )
    refs = (await world.read("virtual-network", network["uuid"])).get("network_policy_refs", [])

    assert (deleted.status_code, referred.status_code, len(refs)) in {(200, 404, 0), (409, 200, 1)}, (deleted.text, referred.text)


@pytest.mark.parametrize("attempt", range(10))
async def test_a_network_is_deleted_or_gives_an_address_never_both(world: World, database_url: str, attempt: int) -> None:
    network = await world.network("a", "10.0.0.0/24")

    deleted, created = await together([world.delete("virtual-network", network["uuid"]), world.post_address(network)])
    held = (await held_addresses(database_url, network["uuid"])).total()

    assert (deleted.status_code, created.status_code, held) in {(200, 400, 0), (409, 200, 1)}, (deleted.text, created.text)


@pytest.mark.parametrize("attempt", range(10))
async def test_a_subnet_is_removed_or_gives_an_address_never_both(world: World, database_url: str, attempt: int) -> None:
    network = await world.network("a", "10.0.0.0/24")

    removed, created = await together([world.put("virtual-network", network["uuid"], network_ipam_refs=[]), world.post_address(network)])
    held = (await held_addresses(database_url, network["uuid"])).total()

    assert (removed.status_code, created.status_code, held) in {(200, 400, 0), (409, 200, 1)}, (removed.text, created.text)


def one_property_each() -> dict[str, Any]:
    """A value for every property that a user may give to a network."""
    values = property_values(CATALOG, CATALOG["virtual-network"])
    return {name: value for name, value in values.items() if name not in {*LEFT_OUT.get("virtual-network", ()), "annotations"}}


async def test_50_clients_that_each_put_another_property_all_succeed(world: World) -> None:
    """A network has fewer than 50 properties, so the clients write two networks at the same time."""
    networks = [await world.network(name) for name in ("a", "b")]
    values = one_property_each()
    # One number, one network (contract 3.4 virtual-network, VXLAN), also beside the other tests of this server.
    numbered = [{**values["virtual_network_properties"], "vxlan_network_identifier": number} for number in (4712, 4713)]
    wanted = {network["uuid"]: {**values, "virtual_network_properties": each} for network, each in zip(networks, numbered, strict=True)}

    answers = await together(
        world.put("virtual-network", uuid, **{name: value}) for uuid, values in wanted.items() for name, value in values.items()
    )

    assert len(answers) >= 50
    assert statuses(answers) == {200: len(answers)}
    for uuid, values in wanted.items():
        shown = await world.read("virtual-network", uuid)
        assert {name: shown.get(name) for name in values} == values


async def test_50_clients_that_each_set_another_annotation_all_succeed(world: World) -> None:
    network = await world.network("a")
    updates = [{"field": "annotations", "operation": "set", "value": {"key": f"{n:02}", "value": f"{n}"}} for n in range(50)]

    answers = await together(world.action("prop-collection-update", uuid=network["uuid"], updates=[update]) for update in updates)
    shown = await world.read("virtual-network", network["uuid"])

    assert statuses(answers) == {200: 50}
    assert shown["annotations"]["key_value_pair"] == [update["value"] for update in updates]


async def test_50_clients_that_each_add_another_ref_all_succeed(world: World) -> None:
    network = await world.network("a")
    policies = [await world.create("network-policy", f"p{number}") for number in range(50)]
    edit = {"type": "virtual-network", "uuid": network["uuid"], "ref-type": "network-policy", "operation": "ADD"}

    answers = await together(world.action("ref-update", **edit, **{"ref-uuid": policy["uuid"]}) for policy in policies)
    refs = (await world.read("virtual-network", network["uuid"]))["network_policy_refs"]

    assert statuses(answers) == {200: 50}
    assert {ref["uuid"] for ref in refs} == {policy["uuid"] for policy in policies}


async def test_every_write_moves_the_time_of_an_object_forward(world: World) -> None:
    network = await world.network("a")

    async def write_and_read(number: int) -> str:
        await world.update("virtual-network", network["uuid"], display_name=str(number))
        shown = await world.read("virtual-network", network["uuid"])
        last: str = shown["id_perms"]["last_modified"]
        return last

    first = [await write_and_read(number) for number in range(10)]
    await asyncio.gather(*[write_and_read(number) for number in range(30)])
    last = await write_and_read(99)

    assert [network["id_perms"]["last_modified"], *first, last] == sorted({network["id_perms"]["last_modified"], *first, last})


async def column(database_url: str, statement: str, *given: Any) -> list[Any]:
    connection = await asyncpg.connect(database_url)
    try:
        return [row[0] for row in await connection.fetch(statement, *given)]
    finally:
        await connection.close()


@dataclass(frozen=True)
class Session:
    """A transaction that the test holds open, as the allocator sees one."""

    connection: Connection
    database: Database
    ahead: Ahead = field(default_factory=Ahead)

    async def fetch(self, statement: Statement, **given: Any) -> list[asyncpg.Record]:
        return await self.connection.fetch(statement, **given)

    async def put(self, statement: Statement, **rows: list[dict[str, Any]]) -> None:
        await self.connection.execute(statement, **{name: json.dumps(each) for name, each in rows.items()})


class RolledBackError(Exception):
    """How the test ends a transaction without effect."""


@asynccontextmanager
async def holding(database_url: str, network: Document, *, commits: bool) -> AsyncIterator[str]:
    """One address of the network, allocated in a transaction that stays open for as long as the block, and then commits or does not."""
    database = await Database.open(database_url, 2)
    try:
        with suppress(RolledBackError):
            async with database.transaction() as connection:
                session = Session(connection, database)
                (row,) = await session.fetch(SUBNETS, space=network["uuid"])
                (held,) = await allocate(session, [subnet_of(row)], network["uuid"], purpose=RESERVED)
                yield str(held.address)
                if not commits:
                    raise RolledBackError
    finally:
        await database.close()


async def until_waiting(database_url: str, task: asyncio.Task[httpx.Response]) -> None:
    """Return when a statement of this database waits for another transaction."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while (await column(database_url, waiting))[0] == 0:
        assert not task.done(), task.result().text
        await asyncio.sleep(0.02)


async def test_an_uncommitted_allocation_keeps_nobody_waiting(world: World, database_url: str) -> None:
    network = await world.network("a", "10.0.0.0/24")

    async with holding(database_url, network, commits=True) as held:
        others = [(await world.address(network))["instance_ip_address"] for _ in range(3)]

    assert held == "10.0.0.252"
    assert others == ["10.0.0.251", "10.0.0.250", "10.0.0.249"]


@pytest.fixture
async def one_left(world: World) -> Document:
    """A network with a single free address, 10.0.0.1."""
    network = await world.network("a", "10.0.0.0/29")
    for last in (4, 3, 2):
        assert (await world.address(network))["instance_ip_address"] == f"10.0.0.{last}"
    return network


async def test_the_last_address_is_waited_for_and_given_when_its_holder_rolls_back(
    world: World, database_url: str, one_left: Document
) -> None:
    async with holding(database_url, one_left, commits=False) as held:
        waiting = asyncio.create_task(world.post_address(one_left))
        await until_waiting(database_url, waiting)
    answer = await waiting

    assert held == "10.0.0.1"
    assert answer.status_code == 200
    assert await shown_addresses(world, one_left) == Counter(f"10.0.0.{last}" for last in (1, 2, 3, 4))


async def test_the_last_address_is_waited_for_and_refused_when_its_holder_commits(
    world: World, database_url: str, one_left: Document
) -> None:
    async with holding(database_url, one_left, commits=True):
        waiting = asyncio.create_task(world.post_address(one_left))
        await until_waiting(database_url, waiting)
    answer = await waiting

    assert answer.status_code == 400
    assert "exhausted" in answer.text


async def test_a_server_killed_in_the_middle_of_500_creates_leaves_no_address_behind(world: World, database_url: str) -> None:
    network = await world.network("a", "10.0.0.0/23")
    victim = start(DATABASE_URL=database_url)
    answered: list[str] = []

    async with httpx.AsyncClient(base_url=victim.url, timeout=60, trust_env=False) as client:
        doomed = World(client, world.domain, world.ids)

        async def create() -> None:
            answer = await doomed.post_address(network)
            assert answer.status_code == 200, answer.text
            answered.append(answer.json()["instance-ip"]["uuid"])
            if len(answered) == 150:
                await asyncio.to_thread(victim.stop, signal.SIGKILL)

        gate = asyncio.Semaphore(16)

        async def in_order() -> None:
            async with gate:
                await create()

        ends = await asyncio.gather(*[in_order() for _ in range(500)], return_exceptions=True)

    held = await held_addresses(database_url, network["uuid"])
    shown = await shown_addresses(world, network)
    listed = {entry["uuid"] for entry in await world.listed("instance-ip", back_ref_id=network["uuid"])}
    rest = await in_turns(16, 32, lambda: world.post_address(network))

    assert 150 <= len(answered) < 500
    assert all(isinstance(end, httpx.TransportError) for end in ends if end is not None)
    assert set(answered) <= listed
    assert held == shown
    assert set(held.values()) == {1}
    # Whatever was not given before is still there to be given: 512 less the two ends, the gateway and the service address.
    assert statuses(rest)[200] == 508 - held.total()
