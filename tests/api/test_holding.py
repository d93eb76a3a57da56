"""What is read to be changed is changed only as it was read: under a lock, or by the one statement that looks (decision 0014)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api_server.bootstrap import world_of
from api_server.errors import StillReferred
from api_server.model.caller import SYSTEM
from api_server.model.catalog import load
from api_server.settings import Settings
from api_server.store.database import Database
from api_server.store.journal import Journal
from api_server.transaction import Transaction, write
from tests.contract.world import Document, World, link

MACHINE, NETWORK, IP = "virtual-machine", "virtual-network", "instance-ip"
WORLD = world_of(load(), Settings())


@dataclass
class Beside:
    """Writes of another process than the server's; `attempts` counts how often the last one was tried."""

    database: Database
    attempts: int = 0

    async def write(self, work: Callable[[Transaction], Awaitable[None]]) -> None:
        self.attempts = 0

        async def counted(tx: Transaction) -> None:
            self.attempts += 1
            await work(tx)

        await write(WORLD, self.database, Journal(SYSTEM, "beside"), counted)


@pytest.fixture
async def beside(database_url: str, api_url: str) -> AsyncIterator[Beside]:
    database = await Database.open(database_url, 4)
    yield Beside(database)
    await database.close()


@pytest.fixture
async def world(api: httpx.AsyncClient) -> World:
    return await World(api).found()


async def delete(tx: Transaction, kind: str, uuid: str, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """Delete it; after it was read something else happens."""
    old = await tx.hold(kind, uuid, leaving=True)
    await meanwhile()
    await tx.delete(old)


async def an_address(world: World) -> tuple[Document, Document]:
    """A network whose addresses are all held, and one of the holders."""
    network = await world.create(NETWORK, "small", network_ipam_refs=link("10.0.0.0/29"))
    holders = [await world.create(IP, name, virtual_network_refs=[{"to": network["fq_name"]}]) for name in "abcd"]
    return network, holders[-1]


async def test_an_update_overtaken_by_another_is_done_again_on_what_that_left(api: httpx.AsyncClient, world: World, beside: Beside) -> None:
    uuid = (await world.create(MACHINE, "m"))["uuid"]

    async def work(tx: Transaction) -> None:
        old = await tx.hold(MACHINE, uuid)
        if beside.attempts == 1:
            await world.update(MACHINE, uuid, annotations={"key_value_pair": [{"key": "by", "value": "rival"}]})
        new = old.copy()
        new.properties["display_name"] = "mine"
        await tx.update(old, new)

    await beside.write(work)

    after = await world.read(MACHINE, uuid)
    assert (beside.attempts, after["display_name"]) == (2, "mine")
    assert after["annotations"]["key_value_pair"] == [{"key": "by", "value": "rival"}]


async def test_what_is_tried_again_takes_its_lock_first(world: World, beside: Beside) -> None:
    uuid = (await world.create(MACHINE, "m"))["uuid"]
    locked: list[bool] = []

    async def work(tx: Transaction) -> None:
        old = await tx.hold(MACHINE, uuid)
        locked.append(tx.connection.raw.is_in_transaction())
        if len(locked) == 1:
            await world.update(MACHINE, uuid, display_name="rival")
        await tx.update(old, old.copy())

    await beside.write(work)

    assert locked == [False, True]


async def test_what_is_held_is_locked_before_anything_else_is_read(world: World, beside: Beside) -> None:
    uuid = (await world.create(MACHINE, "m"))["uuid"]

    async def work(tx: Transaction) -> None:
        await tx.hold(MACHINE, uuid)
        await tx.children(uuid, "virtual-machine-interface")

        async with beside.database.transaction() as rival:
            waiting = "SELECT FROM resource WHERE uuid = $1 FOR UPDATE SKIP LOCKED"
            assert not await rival.raw.fetch(waiting, uuid)

    await beside.write(work)


async def test_what_changed_before_it_could_be_locked_is_read_again(world: World, beside: Beside) -> None:
    uuid = (await world.create(MACHINE, "m"))["uuid"]
    seen: list[Any] = []

    async def work(tx: Transaction) -> None:
        old = await tx.hold(MACHINE, uuid)
        seen.append(old.properties["display_name"])
        if len(seen) == 1:
            await world.update(MACHINE, uuid, display_name="rival")
        await tx.children(uuid, "virtual-machine-interface")

    await beside.write(work)

    assert seen == ["m-" + world.domain, "rival"]


async def test_a_deletion_overtaken_by_an_update_is_done_again_and_frees_the_address_once(world: World, beside: Beside) -> None:
    network, ip = await an_address(world)

    async def work(tx: Transaction) -> None:
        async def overtake() -> None:
            if beside.attempts == 1:
                await world.update(IP, ip["uuid"], display_name="rival")

        await delete(tx, IP, ip["uuid"], overtake)

    await beside.write(work)

    again = await world.create(IP, "next", virtual_network_refs=[{"to": network["fq_name"]}])
    assert (beside.attempts, (await world.api.get(f"/{IP}/{ip['uuid']}")).status_code) == (2, 404)
    assert await world.read(IP, again["uuid"])


async def test_an_address_whose_holder_was_not_deleted_after_all_stays_held(world: World, beside: Beside) -> None:
    network, ip = await an_address(world)

    class Enough(Exception):
        """Ends the second attempt."""

    async def work(tx: Transaction) -> None:
        async def overtake() -> None:
            if beside.attempts > 1:
                raise Enough
            await world.update(IP, ip["uuid"], display_name="rival")

        await delete(tx, IP, ip["uuid"], overtake)

    with pytest.raises(Enough):
        await beside.write(work)

    refused = await world.post(IP, "next", virtual_network_refs=[{"to": network["fq_name"]}])
    assert (refused.status_code, "exhausted" in refused.text) == (400, True)


async def test_a_ref_made_while_its_target_is_deleted_keeps_the_target(world: World, beside: Beside) -> None:
    network = await world.create(NETWORK, "n")
    machine = await world.create(MACHINE, "m")

    async def work(tx: Transaction) -> None:
        async def refer() -> None:
            if beside.attempts == 1:
                refs = {"virtual_network_refs": [{"to": network["fq_name"]}], "virtual_machine_refs": [{"uuid": machine["uuid"]}]}
                await world.create("virtual-machine-interface", "p", **refs)

        await delete(tx, MACHINE, machine["uuid"], refer)

    with pytest.raises(StillReferred):
        await beside.write(work)

    assert (beside.attempts, (await world.read(MACHINE, machine["uuid"]))["uuid"]) == (2, machine["uuid"])


async def test_several_changes_in_one_transaction_are_made_in_turn(world: World, beside: Beside) -> None:
    first, second = [(await world.create(MACHINE, name))["uuid"] for name in ("a", "b")]

    async def work(tx: Transaction) -> None:
        for uuid in (first, second, first):
            old = await tx.hold(MACHINE, uuid)
            new = old.copy()
            new.properties["display_name"] = f"{old.properties['display_name']}!"
            await tx.update(old, new)

    await beside.write(work)

    names = [(await world.read(MACHINE, uuid))["display_name"] for uuid in (first, second)]
    assert (beside.attempts, [name.count("!") for name in names]) == (1, [2, 1])
