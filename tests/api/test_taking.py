"""Addresses taken by the statement that stores their owner: every race of it, committed for real."""

import asyncio
import random
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Any

import asyncpg
import orjson
import pytest

from api_server.ipam.addresses import allocate, claim
from api_server.ipam.subnet import Address, Subnet
from api_server.ipam.taking import Taking
from api_server.model import catalog
from api_server.model.caller import Caller
from api_server.model.resource import Resource, new_uuid
from api_server.store.assumptions import Assumption, nobody_within
from api_server.store.connecting import AWAY
from api_server.store.database import Connection, Database
from api_server.store.journal import Journal
from tests.api.lists import Session, Undone, held_in, made, session, take_and_commit

KINDS = catalog.load()
SHOWN = "instance_ip_address"


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    opened = await Database.open(dsn, 70)
    yield opened
    await opened.close()


def owner(uuid: str | None = None, name: str = "") -> Resource:
    uuid = uuid or new_uuid()
    return Resource(KINDS["instance-ip"], uuid, (name or uuid,), properties={"display_name": uuid})


async def take(
    database: Database,
    connection: Connection,
    one: Subnet,
    new: Resource,
    wanted: Address | None = None,
    assumed: tuple[Assumption, ...] = (),
) -> bool:
    if wanted:
        new.properties[SHOWN] = str(wanted)
    return await Taking(one, wanted, SHOWN, _never).store(connection, database, Journal(Caller("tester"), "request-1"), new, assumed)


async def _never() -> None:
    raise AssertionError


async def taken(database: Database, one: Subnet, wanted: Address | None = None) -> str | None:
    """The address of a new object, stored in a transaction that is one statement."""
    new = owner()
    async with database.connection() as connection:
        return new.properties[SHOWN] if await take(database, connection, one, new, wanted) else None


async def listed(database: Database, one: Subnet, *, refilled: bool = False) -> list[str]:
    """The free list, in the order in which it is given."""
    if refilled:
        async with session(database) as tx:
            await tx.remove(await _owner_of_one(tx, one))
    async with database.connection() as connection:
        rows = await connection.raw.fetch("SELECT host(ip) AS ip FROM free_address WHERE subnet = $1 ORDER BY ip DESC", one.uuid)
    return [row["ip"] for row in rows]


async def _owner_of_one(tx: Session, one: Subnet) -> str:
    new = await tx.owner()
    await allocate(tx, [one], new)
    return new


async def stored(database: Database, new: Resource) -> dict[str, Any]:
    """What the database holds of an object, wherever its address may be."""
    async with database.connection() as connection:
        row = await connection.raw.fetchrow(
            """SELECT found_by, properties, after -> 'properties' AS told, resource.modified, change.modified AS told_modified,
                      (SELECT array_agg(host(ip)) FROM address WHERE owner = resource.uuid) AS held
               FROM resource JOIN change USING (uuid) WHERE uuid = $1""",
            new.uuid,
        )
    return dict(row) if row else {}


# --- alone ---


async def test_a_drawn_address_is_in_the_object_in_its_change_and_among_what_a_search_finds(database: Database) -> None:
    one, new = await made(database, "10.0.0.0/24"), owner()
    await listed(database, one, refilled=True)
    async with database.connection() as connection:
        assert await take(database, connection, one, new)

    found = await stored(database, new)
    assert new.properties == orjson.loads(found["properties"]) == orjson.loads(found["told"])
    assert new.properties[SHOWN] == found["found_by"] == "10.0.0.252"
    assert found["held"] == ["10.0.0.252"]
    assert new.modified == found["modified"] == found["told_modified"]


async def test_addresses_come_in_scan_order_and_a_freed_one_first(database: Database) -> None:
    one = await made(database, "2001:db8::/64", addr_from_start=True)
    await listed(database, one, refilled=True)
    first, second = owner(), owner()
    async with database.connection() as connection:
        assert await take(database, connection, one, first)
        assert await take(database, connection, one, second)
    async with session(database) as tx:
        await tx.remove(first.uuid)

    assert (first.properties[SHOWN], second.properties[SHOWN]) == ("2001:db8::1", "2001:db8::2")
    assert [await taken(database, one), await taken(database, one)] == ["2001:db8::1", "2001:db8::3"]


async def test_a_list_that_is_not_filled_yet_gives_nothing_and_stores_nothing(database: Database) -> None:
    one, new = await made(database, "10.0.0.0/24"), owner()
    async with database.connection() as connection:
        assert not await take(database, connection, one, new)

    assert await stored(database, new) == {}
    assert await held_in(database, one) == []


async def test_an_address_that_is_asked_for_is_claimed_once(database: Database) -> None:
    one, wanted = await made(database, "10.0.0.0/24"), ip_address("10.0.0.250")

    answers = await asyncio.gather(*(taken(database, one, wanted) for _ in range(20)))
    assert sorted(map(str, answers)) == ["10.0.0.250", *["None"] * 19]
    assert await held_in(database, one) == ["10.0.0.250"]
    assert [(await take_and_commit(database, one))[0] for _ in range(3)] == ["10.0.0.252", "10.0.0.251", "10.0.0.249"]


@pytest.mark.parametrize("wanted", [None, ip_address("10.0.0.250")], ids=["drawn", "claimed"])
@pytest.mark.parametrize("why", ["assumption", "uuid", "rollback"])
async def test_what_fails_takes_nothing_from_the_list(database: Database, wanted: Address | None, why: str) -> None:
    one, new = await made(database, "10.0.0.0/24"), owner()
    free = await listed(database, one, refilled=True)
    wrong = (nobody_within(one.space, one.space),) if why == "assumption" else ()
    failing = owner(one.space) if why == "uuid" else new

    async def fail() -> None:
        async with database.transaction() as connection:
            if not await take(database, connection.alone if why != "rollback" else connection, one, failing, wanted, wrong):
                raise Undone
            raise Undone

    with pytest.raises((Undone, asyncpg.UniqueViolationError)):
        await fail()
    assert await stored(database, new) == {}
    assert await held_in(database, one) == []
    assert await listed(database, one) == free


async def test_a_list_is_refilled_before_it_is_used_up(database: Database) -> None:
    one = await made(database, "10.0.0.0/16")
    await listed(database, one, refilled=True)

    assert None not in [await taken(database, one) for _ in range(300)]


# --- beside rivals ---


async def test_a_draw_steps_over_what_a_rival_has_not_committed(database: Database) -> None:
    one = await made(database, "10.0.0.0/24")
    await listed(database, one, refilled=True)
    async with session(database) as rival:
        assert await take(database, rival.connection, one, owner())

        assert await asyncio.wait_for(taken(database, one), 5) == "10.0.0.251"


async def test_the_last_address_in_a_rivals_hands_is_left_to_those_who_wait(database: Database) -> None:
    one = await made(database, "10.0.0.0/29")
    for _ in range(3):
        await take_and_commit(database, one)

    async def hold_last() -> None:
        async with session(database) as rival:
            assert await take(database, rival.connection, one, owner())
            assert await asyncio.wait_for(taken(database, one), 5) is None
            raise Undone

    with pytest.raises(Undone):
        await hold_last()
    assert await taken(database, one) == "10.0.0.1"


async def test_a_claim_waits_for_a_rival_and_is_told_the_truth(database: Database) -> None:
    one, wanted = await made(database, "10.0.0.0/24"), ip_address("10.0.0.252")
    await listed(database, one, refilled=True)
    for rolls_back in (True, False):
        waiting: list[asyncio.Task[str | None]] = []

        async def hold(waiting: list[asyncio.Task[str | None]], *, rolls_back: bool) -> None:
            async with session(database) as rival:
                assert await take(database, rival.connection, one, owner())
                waiting.append(asyncio.create_task(taken(database, one, wanted)))
                assert not (await asyncio.wait(waiting, timeout=0.2))[0]
                if rolls_back:
                    raise Undone

        await asyncio.gather(hold(waiting, rolls_back=rolls_back), return_exceptions=True)
        assert await waiting[0] == (str(wanted) if rolls_back else None)
        async with session(database) as tx:
            for each in await tx.connection.raw.fetch("SELECT owner::text FROM address WHERE subnet = $1 AND purpose = 'object'", one.uuid):
                await tx.remove(each["owner"])


async def test_a_phantom_that_a_draw_meets_is_gone_and_nothing_is_lost(database: Database) -> None:
    one = await made(database, "10.0.0.0/28", addr_from_start=True)
    async with session(database) as claimer:
        assert await claim(claimer, one, ip_address("10.0.0.2"), await claimer.owner())
        # This refill cannot see the claim, and lists the address as free.
        assert await take_and_commit(database, one) == ["10.0.0.1"]

    assert [await taken(database, one) for _ in range(3)] == [None, "10.0.0.3", "10.0.0.4"]
    assert "10.0.0.2" not in await listed(database, one)


# --- crowds ---


@pytest.mark.parametrize("seed", range(3))
async def test_every_way_to_take_and_to_let_go_together_loses_no_address(database: Database, seed: int) -> None:
    lots = random.Random(seed)
    one = await made(database, "10.0.0.0/26", addr_from_start=bool(seed % 2))
    hosts = [address for address in one.cidr.hosts() if one.gives(address)]

    async def let_go(uuid: str) -> None:
        async with session(database) as tx:
            await tx.remove(uuid)

    async def slowly(mine: list[str], wanted: Address | None) -> None:
        async with session(database) as tx:
            uuid = await tx.owner()
            if await claim(tx, one, wanted, uuid) if wanted else await allocate(tx, [one], uuid):
                mine.append(uuid)

    async def at_once(mine: list[str], wanted: Address | None, *, undone: bool) -> None:
        new = owner()
        async with database.transaction() as connection:
            found = await take(database, connection if undone else connection.alone, one, new, wanted)
            if undone:
                raise Undone
        if found:
            mine.append(new.uuid)

    async def client() -> None:
        mine: list[str] = []
        for _ in range(25):
            lot, wanted = lots.random(), lots.choice([None, None, lots.choice(hosts)])
            if mine and lot < 0.45:
                await let_go(mine.pop(lots.randrange(len(mine))))
            elif lot < 0.6:
                await slowly(mine, wanted)
            else:
                await asyncio.gather(at_once(mine, wanted, undone=lot > 0.95), return_exceptions=lot > 0.95)

    await asyncio.gather(*(client() for _ in range(16)))
    before = await held_in(database, one)
    filled = [await take_and_commit(database, one) for _ in range(len(hosts) - len(before) + 1)]

    assert filled[-1] == []
    assert sorted(await held_in(database, one)) == sorted(map(str, hosts))


async def test_killed_connections_lose_no_address_that_was_being_taken(database: Database, dsn: str) -> None:
    one = await made(database, "10.0.0.0/26")
    await listed(database, one, refilled=True)

    async def victim(lot: float) -> None:
        raw = await asyncpg.connect(dsn)
        killing = asyncio.create_task(_kill(database, raw.get_server_pid(), lot))
        try:
            while True:
                await take(database, Connection(raw), one, owner())
        except (asyncpg.PostgresError, *AWAY):
            await killing
        finally:
            raw.terminate()

    await asyncio.gather(*(victim(random.random()) for _ in range(8)))
    while await take_and_commit(database, one):
        pass

    held = await held_in(database, one)
    assert len(held) == len(set(held)) == 60


async def _kill(database: Database, backend: int, lot: float) -> None:
    await asyncio.sleep(lot / 20)
    async with database.connection() as connection:
        await connection.raw.execute("SELECT pg_terminate_backend($1)", backend)
