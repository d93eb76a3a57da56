"""A database that nobody has analysed yet: a request reads as many rows of it when it has grown as when it was empty."""

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest

from tests.contract.world import Document, World
from tests.served import Postgres, run, served

PODS = 120
# So many rows of a table at most may be read for each pod, which is sixteen requests.
BOUND = 120
READ = """
SELECT relname, seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes AS index WHERE index.relid = whole.relid)::bigint
FROM pg_stat_user_tables AS whole WHERE relname IN ('resource', 'reference', 'subnet', 'address', 'free_address')
"""


async def make_pod(world: World, network: Document, name: str) -> None:
    """A machine, its port and its address, read again, found by name, in lists, changed, and one pod in two deleted."""
    machine = await world.create("virtual-machine", name)
    port = await world.interface(network, name, virtual_machine_refs=[{"to": machine["fq_name"]}])
    address = await world.address(network, name, virtual_machine_interface_refs=[{"to": port["fq_name"]}])
    found = await world.action("fqname-to-id", type="virtual-machine-interface", fq_name=port["fq_name"])
    assert found.json()["uuid"] == port["uuid"]
    for kind, one in (("virtual-machine", machine), ("virtual-machine-interface", port), ("instance-ip", address)):
        await world.read(kind, one["uuid"])
    assert len(await world.listed("instance-ip", back_ref_id=port["uuid"])) == 1
    assert len(await world.listed("virtual-machine-interface", obj_uuids=port["uuid"])) == 1
    await world.update("virtual-machine-interface", port["uuid"], display_name="changed")
    link = {"type": "virtual-machine-interface", "uuid": port["uuid"], "ref-type": "virtual-machine", "ref-uuid": machine["uuid"]}
    for operation in ("DELETE", "ADD"):
        assert (await world.action("ref-update", operation=operation, **link)).status_code == 200
    if int(name.rpartition("-")[2]) % 2:
        for kind, one in (("instance-ip", address), ("virtual-machine-interface", port), ("virtual-machine", machine)):
            assert (await world.delete(kind, one["uuid"])).status_code == 200


async def make_pods(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as api:
        world = await World(api).found()
        network = await world.network("crowded", "10.0.0.0/16")
        names = iter(range(PODS))

        async def make_some() -> None:
            for name in names:
                await make_pod(world, network, f"pod-{name}")

        await asyncio.gather(*(make_some() for _ in range(8)))


async def never_analyse(url: str) -> None:
    session = await asyncpg.connect(url)
    for (table,) in await session.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"):
        await session.execute(f'ALTER TABLE "{table}" SET (autovacuum_enabled = off)')
    await session.close()


async def rows_read(url: str) -> dict[str, int]:
    """What the sessions of a server that has ended have read; each tells as it ends."""
    session = await asyncpg.connect(url)
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'netweave'"
    while await session.fetchval(others):
        pass
    read: list[Any] = await session.fetch(READ)
    await session.close()
    return dict(read)


@pytest.fixture(scope="module")
def read_in_all(postgres: Postgres) -> Iterator[dict[str, int]]:
    with postgres.database() as url:
        run(never_analyse(url))
        with served(DATABASE_URL=url) as server:
            run(make_pods(server.url))
        yield run(rows_read(url))


@pytest.mark.parametrize("table", ["resource", "reference", "subnet", "address", "free_address"])
def test_what_a_pod_costs_does_not_grow_with_the_pods(read_in_all: dict[str, int], table: str) -> None:
    assert read_in_all[table] < BOUND * PODS
