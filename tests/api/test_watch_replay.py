"""The stream replayed equals the final tables: nothing missing, nothing twice, each object's positions only grow."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_server.bootstrap import world_of
from api_server.model.caller import EVERYBODY
from api_server.model.catalog import load
from api_server.model.placement import Placement
from api_server.model.resource import Resource
from api_server.settings import Settings
from api_server.store.database import Database
from api_server.store.journal import Journal
from api_server.transaction import Transaction, write
from tests.contract.world import Document, World
from tests.served import Postgres, Server, served
from tests.watching import Seen, watching

CATALOG = load()
KINDS = ("project", "network-policy", "virtual-network", "routing-instance", "virtual-machine-interface", "virtual-machine")
WRITERS = 16
BULK = 20


@dataclass
class Replica:
    """What a reader of the stream knows."""

    objects: dict[tuple[str, str], Document] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)

    def start(self, init: Seen) -> None:
        for each in init.document:
            ((kind, document),) = each.items()
            self.objects[kind, document["uuid"]] = document

    def follow(self, seen: Seen) -> None:
        ((kind, document),) = seen.data.items()
        key = (kind, document["uuid"])
        assert (seen.name == "create") is (key not in self.objects), f"{seen.name} of {key}"
        if seen.position is not None:
            assert seen.position > self.positions.get(document["uuid"], 0)
            self.positions[document["uuid"]] = seen.position
        if seen.name == "delete":
            del self.objects[key]
        else:
            self.objects[key] = document


def own(kind: str, document: Document) -> Document:
    """What an object itself holds: no links that others have to it, refs between equals in any order, no hrefs."""
    known = {"uuid", "fq_name", "parent_type", "parent_uuid", "id_perms", "perms2", *CATALOG[kind].properties, *CATALOG[kind].refs}
    kept = {name: value for name, value in document.items() if name in known}
    for name in CATALOG[kind].refs:
        if name in kept:
            kept[name] = sorted(({key: ref[key] for key in ("to", "uuid", "attr")} for ref in kept[name]), key=lambda ref: str(ref["uuid"]))
    return kept


async def tables(api: httpx.AsyncClient) -> dict[tuple[str, str], Document]:
    """What the API has."""
    found = {}
    for kind in KINDS:
        response = await api.get(f"/{kind}s", params={"detail": "true"})
        for each in response.json()[f"{kind}s"]:
            found[kind, each[kind]["uuid"]] = each[kind]
    return found


@pytest.fixture(scope="module")
def both(postgres: Postgres) -> Iterator[tuple[str, list[Server]]]:
    """Two servers on a database that nobody else writes to."""
    with postgres.database() as url, served(DATABASE_URL=url) as one, served(DATABASE_URL=url) as other:
        yield url, [one, other]


@pytest.fixture
async def apis(both: tuple[str, list[Server]]) -> AsyncIterator[list[httpx.AsyncClient]]:
    clients = [httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) for server in both[1]]
    yield clients
    for each in clients:
        await each.aclose()


@pytest.fixture
async def database(both: tuple[str, list[Server]]) -> AsyncIterator[Database]:
    opened = await Database.open(both[0], 2)
    yield opened
    await opened.close()


async def reading(api: httpx.AsyncClient, last: str, ready: asyncio.Event) -> tuple[Replica, list[tuple[str, str, int | None]]]:
    """Follow the stream until the object with this uuid is made."""
    replica, order = Replica(), []
    async with watching(api, *KINDS) as stream:
        for init in await stream.take(len(KINDS)):
            replica.start(init)
        ready.set()
        async for seen in stream:
            replica.follow(seen)
            order.append((seen.name, seen.document["uuid"], seen.position))
            if seen.document["uuid"] == last:
                break
    return replica, order


async def scribbling(world: World, seed: int, done: asyncio.Event) -> None:
    """Make, change, link and delete, as one of many; refusals are part of it."""
    dice, count, kept = random.Random(seed), 0, []
    while not done.is_set():
        count += 1
        kind = dice.choice(("network-policy", "virtual-network"))
        made = await world.post(
            kind, f"w{seed}-{count}", **({"is_provider_network": True} if kind == "virtual-network" and count % 3 else {})
        )
        if made.status_code == 200:
            kept.append((kind, made.json()[kind]["uuid"]))
        kind, uuid = dice.choice(kept)
        match dice.randrange(4):
            case 0:
                await world.put(kind, uuid, display_name=str(count))
            case 1:
                other, target = dice.choice(kept)
                if kind == "virtual-network" and target != uuid:
                    ref = {"ref-type": other, "ref-uuid": target, "attr": None, "relax_ref_for_delete": count % 2 == 0}
                    await world.action("ref-update", type=kind, uuid=uuid, operation=dice.choice(("ADD", "DELETE")), **ref)
            case 2:
                await world.action("chmod", uuid=uuid, global_access=dice.randrange(8))
            case 3:
                if (await world.delete(kind, uuid)).status_code == 200:
                    kept.remove((kind, uuid))
                    kept = kept or [("project", world.project_id)]


class Bulk:
    """A transaction that changes some objects, makes many, and stays open until it is told to commit."""

    def __init__(self, database: Database, held: list[str]) -> None:
        self.made = [str(uuid4()) for _ in range(BULK)]
        self._database = database
        self._held = held
        self._written, self._finish = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def write(self) -> None:
        world = world_of(CATALOG, Settings(database_url="postgresql://unused"))
        self._task = asyncio.create_task(write(world, self._database, Journal(EVERYBODY, "bulk"), self._work))
        await self._written.wait()

    async def commit(self) -> None:
        self._finish.set()
        assert self._task is not None
        await self._task

    async def _work(self, tx: Transaction) -> None:
        for uuid in self._held:
            old = await tx.hold("network-policy", uuid)
            new = old.copy()
            new.properties["display_name"] = "bulk"
            await tx.update(old, new)
        for uuid in self.made:
            machine = Resource(kind=tx.catalog["virtual-machine"], uuid=uuid, fq_name=(uuid,), properties={"display_name": "bulk"})
            await tx.create(machine, Placement())
        await tx.flush()
        self._written.set()
        await self._finish.wait()


async def overlap(world: World, database: Database, order: tuple[str, ...], held: list[str]) -> None:
    """A slow bulk writes and commits, something is made, and one of the bulk's rows is changed: each begun in this order."""
    bulk = Bulk(database, held)
    changing: list[asyncio.Task[Any]] = []
    for step in order:
        match step:
            case "bulk writes":
                await bulk.write()
            case "bulk commits":
                await bulk.commit()
            case "fast create":
                await world.create("network-policy", f"fast-{uuid4().hex}")
            case "update":
                # It waits where the bulk has the row.
                changing.append(asyncio.create_task(world.put("network-policy", held[0], display_name="changed")))
                await asyncio.sleep(0)
    answers = await asyncio.gather(*changing, world.put("virtual-machine", bulk.made[0], display_name="changed"))
    assert [answer.status_code for answer in answers] == [200, 200]


ORDERS = [
    order
    for order in permutations(("bulk writes", "bulk commits", "fast create", "update"))
    if order.index("bulk writes") < order.index("bulk commits")
]


async def test_every_overlap_of_slow_and_fast_writes_replays_to_the_final_tables(apis: list[httpx.AsyncClient], database: Database) -> None:
    world = await World(apis[0]).found()
    held = [(await world.create("network-policy", f"held-{number}"))["uuid"] for number in range(3)]
    last, done = str(uuid4()), asyncio.Event()
    ready = [asyncio.Event() for _ in apis]
    readers = [asyncio.create_task(reading(api, last, event)) for api, event in zip(apis, ready, strict=True)]
    await asyncio.gather(*[event.wait() for event in ready])
    writers = [asyncio.create_task(scribbling(World(apis[number % 2], world.domain, world.ids), number, done)) for number in range(WRITERS)]
    for order in ORDERS:
        await overlap(world, database, order, held)
    done.set()
    await asyncio.gather(*writers)
    await world.create("virtual-machine", "last", uuid=last)
    async with asyncio.timeout(60):
        (replica, order_seen), (other, other_order) = await asyncio.gather(*readers)

    expected = {key: own(key[0], document) for key, document in (await tables(apis[0])).items()}
    assert {key: own(key[0], document) for key, document in replica.objects.items()} == expected
    assert {key: own(key[0], document) for key, document in other.objects.items()} == expected
    # Both servers told the same, in the same order; only what the one's list had already shown is missing there.
    positions = [position for _, _, position in order_seen if position]
    assert positions == sorted(set(positions))
    common = {event for event in order_seen if event[2]} & {event for event in other_order if event[2]}
    assert [event for event in order_seen if event in common] == [event for event in other_order if event in common]
    assert len(common) > len(ORDERS) * BULK


async def test_a_reader_that_keeps_losing_its_connection_replays_to_the_final_tables(apis: list[httpx.AsyncClient]) -> None:
    world = await World(apis[0]).found()
    last, done = str(uuid4()), asyncio.Event()
    replica = Replica()
    async with watching(apis[0], *KINDS, timeout=0) as stream:
        for init in await stream.rest():
            replica.start(init)
    writers = [asyncio.create_task(scribbling(world, number, done)) for number in range(4)]
    position, turns = stream.last, 0
    while ("virtual-machine", last) not in replica.objects:
        turns += 1
        # At the other server each time, and cut off in the middle.
        async with watching(apis[turns % 2], *KINDS, last=position) as again:
            for seen in [await anext(aiter(again)) for _ in range(5 if turns < 20 else 1)]:
                replica.follow(seen)
            position = again.last
        if turns == 20:
            done.set()
            await asyncio.gather(*writers)
            await world.create("virtual-machine", "last", uuid=last)

    expected = {key: own(key[0], document) for key, document in (await tables(apis[0])).items()}
    assert {key: own(key[0], document) for key, document in replica.objects.items()} == expected
