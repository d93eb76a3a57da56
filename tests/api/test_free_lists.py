"""Free lists on PostgreSQL: every race that freelist.py names, committed for real."""

import asyncio
import random
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network
from uuid import uuid4

import asyncpg
import pytest

from api_server.ipam.addresses import allocate, claim
from api_server.ipam.numbers import NumberPool, claim_number, draw_number, release_numbers
from api_server.ipam.subnet import Address, Pool, Subnet
from api_server.ipam.subnets import insert_subnets, replace_subnet
from api_server.store.database import Connection, Database
from tests.api.lists import Session, Undone, held_in, made, session, take_and_commit


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    opened = await Database.open(dsn, 70)
    yield opened
    await opened.close()


# --- one after another ---


async def test_a_subnet_made_in_this_transaction_gives_addresses_in_it(database: Database) -> None:
    async with session(database) as tx:
        one = Subnet(str(uuid4()), await tx.owner(), ip_network("10.0.0.0/24"), ip_address("10.0.0.254"), ip_address("10.0.0.253"))
        await insert_subnets(tx, [one])

        assert await tx.take(one, count=70) == [f"10.0.0.{number}" for number in range(252, 182, -1)]


async def test_what_a_transaction_releases_it_can_take_again(database: Database) -> None:
    one = await made(database, "10.0.0.0/24")
    async with session(database) as tx:
        owner = await tx.owner()
        assert await claim(tx, one, ip_address("10.0.0.9"), owner)
        await allocate(tx, [one], owner, count=3)
        await tx.remove(owner)

        assert len(set(await tx.take(one, count=300))) == 252


async def test_a_rollback_gives_the_address_back(database: Database) -> None:
    one = await made(database, "10.0.0.0/24")
    taken: list[str] = []

    async def undo() -> None:
        async with session(database) as tx:
            taken.extend(await tx.take(one))
            raise Undone

    with pytest.raises(Undone):
        await undo()

    assert taken == await take_and_commit(database, one) == ["10.0.0.252"]


async def test_a_claimed_address_is_stepped_over_by_the_refill(database: Database) -> None:
    one = await made(database, "10.0.0.0/28", addr_from_start=True)
    async with session(database) as tx:
        assert await claim(tx, one, ip_address("10.0.0.2"), await tx.owner())

    assert await take_and_commit(database, one) == ["10.0.0.1"]
    assert await take_and_commit(database, one) == ["10.0.0.3"]


# --- beside one another ---


async def test_an_allocation_does_not_wait_for_a_rivals_commit(database: Database) -> None:
    one = await made(database, "10.0.0.0/24")
    async with session(database) as rival:
        assert await rival.take(one) == ["10.0.0.252"]

        assert await asyncio.wait_for(take_and_commit(database, one), 5) == ["10.0.0.251"]


@pytest.mark.parametrize(("rolls_back", "expected"), [(True, ["10.0.0.1"]), (False, [])], ids=["rolled back", "committed"])
async def test_the_last_address_is_waited_for(database: Database, rolls_back: bool, expected: list[str]) -> None:
    one = await made(database, "10.0.0.0/29")
    async with session(database) as tx:
        await tx.take(one, count=3)

    async def hold(taken: asyncio.Event, go: asyncio.Event) -> None:
        async with session(database) as rival:
            assert await rival.take(one) == ["10.0.0.1"]
            taken.set()
            await go.wait()
            if rolls_back:
                raise Undone

    taken, go = asyncio.Event(), asyncio.Event()
    rival = asyncio.create_task(hold(taken, go))
    await taken.wait()
    second = asyncio.create_task(take_and_commit(database, one))
    assert not (await asyncio.wait({second}, timeout=0.3))[0]
    go.set()
    await asyncio.gather(rival, return_exceptions=True)

    assert await second == expected


async def test_an_uncommitted_claim_ahead_of_the_frontier_is_never_given_twice(database: Database) -> None:
    one = await made(database, "10.0.0.0/28", addr_from_start=True)
    async with session(database) as claimer:
        assert await claim(claimer, one, ip_address("10.0.0.5"), await claimer.owner())
        # This refill cannot see the claim, and lists the address as free.
        assert await take_and_commit(database, one) == ["10.0.0.1"]

    rest = [await take_and_commit(database, one) for _ in range(11)]

    assert ["10.0.0.5"] not in rest
    assert len({each[0] for each in rest if each}) == 10


async def test_a_release_that_is_not_committed_does_not_stop_the_refill(database: Database) -> None:
    one = await made(database, "10.0.0.0/24")
    async with session(database) as tx:
        owner = await tx.owner()
        assert await claim(tx, one, ip_address("10.0.0.250"), owner)
    async with session(database) as releaser:
        await releaser.remove(owner)
        assert await asyncio.wait_for(take_and_commit(database, one), 10) == ["10.0.0.252"]

    assert [await take_and_commit(database, one) for _ in range(2)] == [["10.0.0.251"], ["10.0.0.250"]]


async def test_more_pools_are_scanned_from_the_start_again(database: Database) -> None:
    network = ip_network("10.0.0.0/24")
    pools = [_pool(start, end) for start, end in ((10, 11), (200, 201))]
    one = await made(database, str(network), pools=(pools[0],))
    async with session(database) as tx:
        assert await tx.take(one, count=3) == ["10.0.0.11", "10.0.0.10"]

    wider = Subnet(one.uuid, one.space, one.cidr, one.gateway, one.service_address, tuple(pools))
    async with session(database) as tx:
        assert await replace_subnet(tx, one, wider)
        # The row is this transaction's own, so the refill is too.
        assert await tx.take(wider, count=3) == ["10.0.0.201", "10.0.0.200"]


# --- crowds ---


@pytest.mark.parametrize("upward", [False, True], ids=["from the top", "from the start"])
@pytest.mark.parametrize("undone", [0.0, 0.5], ids=["all commit", "half roll back"])
async def test_64_clients_empty_a_29_exactly(database: Database, upward: bool, undone: float) -> None:
    for _ in range(10):
        one = await made(database, "10.0.0.0/29", addr_from_start=upward)

        async def client(one: Subnet, lot: float) -> list[str]:
            async with session(database) as tx:
                taken = await tx.take(one)
                await asyncio.sleep(lot / 100)
                if lot < undone:
                    raise Undone
                return taken

        answers = await asyncio.gather(*(client(one, random.random()) for _ in range(64)), return_exceptions=True)
        await asyncio.gather(*(take_and_commit(database, one) for _ in range(4)))

        won = [taken[0] for taken in answers if isinstance(taken, list) and taken]
        held = await held_in(database, one)
        assert not [each for each in answers if isinstance(each, Exception) and not isinstance(each, Undone)]
        assert len(set(won)) == len(won)
        assert set(won) <= set(held)
        assert len(held) == 4


async def test_killed_connections_leave_nothing_held_and_nothing_lost(database: Database, dsn: str) -> None:
    one = await made(database, "10.0.0.0/25")

    async def victim() -> None:
        raw = await asyncpg.connect(dsn)
        try:
            await raw.execute("BEGIN")
            await Session(database, Connection(raw)).take(one, count=5)
            await asyncio.sleep(random.random() / 20)
            await raw.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        except (asyncpg.PostgresError, ConnectionError, asyncpg.InterfaceError):
            pass
        finally:
            raw.terminate()

    kept = await asyncio.gather(*(victim() for _ in range(12)), *(take_and_commit(database, one) for _ in range(30)))
    rest = await asyncio.gather(*(take_and_commit(database, one) for _ in range(100)))

    won = [taken[0] for taken in [*kept, *rest] if taken]
    assert len(won) == len(set(won)) == 124
    assert len(await held_in(database, one)) == 124


async def test_allocations_claims_and_releases_together_lose_no_address(database: Database) -> None:
    one = await made(database, "10.0.0.0/26")
    hosts = [address for address in one.cidr.hosts() if one.gives(address)]

    async def step(mine: list[str]) -> None:
        async with session(database) as tx:
            owner = await tx.owner()
            if mine and random.random() < 0.5:
                await tx.remove(mine.pop())
            elif random.random() < 0.5:
                wanted: Address = random.choice(hosts)
                if await claim(tx, one, wanted, owner):
                    mine.append(owner)
            elif await allocate(tx, [one], owner):
                mine.append(owner)

    async def client() -> None:
        mine: list[str] = []
        for _ in range(25):
            await step(mine)

    await asyncio.gather(*(client() for _ in range(16)))
    await asyncio.gather(*(take_and_commit(database, one) for _ in range(64)))

    assert len(await held_in(database, one)) == len(hosts) == 60


# --- numbers ---


async def test_numbers_are_the_lowest_free_ones_and_none_is_given_twice(database: Database) -> None:
    pool = NumberPool(f"pool-{uuid4()}", 1, 100)

    async def draw() -> int:
        async with session(database) as tx:
            return await draw_number(tx, pool, await tx.owner())

    assert sorted(await asyncio.gather(*(draw() for _ in range(80)))) == list(range(1, 81))
    async with session(database) as tx:
        owner = await tx.owner()
        assert await draw_number(tx, pool, owner) == 81
        assert not await claim_number(tx, pool, 7, owner)
        await release_numbers(tx, owner, pool)

        assert await draw_number(tx, pool, owner) == 81


def _pool(start: int, end: int) -> Pool:
    return Pool(ip_address(f"10.0.0.{start}"), ip_address(f"10.0.0.{end}"))
