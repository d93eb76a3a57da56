"""Numbers that are given out once: network ids and VXLAN ids, each in a pool of its own (contract 3.4)."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import asyncpg
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert

from api_server.errors import Unavailable
from api_server.ipam.freelist import FreeList, Session
from api_server.ipam.tables import free_number, number, number_pool
from api_server.store.statements import Statement


@dataclass(frozen=True)
class NumberPool:
    """The numbers from `first` to `end`, given from the lowest free one up."""

    name: str
    first: int
    end: int
    upward = True

    @property
    def key(self) -> dict[str, Any]:
        """What tells the numbers of this pool from others'."""
        return {"pool": self.name}

    def scanned(self, frontier: int) -> int:
        """How far the frontier is from where it started."""
        return frontier - self.first + 1

    def chunk(self, frontier: int, size: int) -> tuple[list[int], int]:
        """The next numbers beyond the frontier, and the frontier behind them."""
        values = list(islice(range(frontier + 1, self.end + 1), size))
        return values, values[-1]


NETWORK_IDS = NumberPool("virtual-network-id", 1, (1 << 24) - 1)
VXLAN_IDS = NumberPool("vxlan-id", 1, (1 << 24) - 1)
POOLS = {pool.name: pool for pool in (NETWORK_IDS, VXLAN_IDS)}


def _read(row: asyncpg.Record) -> NumberPool:
    return POOLS[row["pool"]]


NUMBERS = FreeList[int](held=number, free=free_number, source=number_pool, read=_read)
RELEASE = NUMBERS.release(number.c.owner == bindparam("owner"))
RELEASE_IN = NUMBERS.release((number.c.owner == bindparam("owner")) & (number.c.pool == bindparam("pool")))
OPEN = Statement(insert(number_pool).values(pool=bindparam("pool"), frontier=bindparam("frontier")).on_conflict_do_nothing())


async def draw_number(session: Session, pool: NumberPool, owner: str) -> int:
    """Hold the lowest free number of the pool."""
    for waits in (False, True):
        if drawn := await NUMBERS.draw(session, pool, 1, waits=waits, owner=owner):
            return drawn[0]
        async with session.database.short() as beside:
            # The first draw ever finds no row of the pool; the second pass finds one.
            await beside.execute(OPEN, pool=pool.name, frontier=pool.first - 1)
    message = f"No number is left in the pool {pool.name}"
    raise Unavailable(message)


async def claim_number(session: Session, pool: NumberPool, value: int, owner: str) -> bool:
    """Hold this number of the pool; false if another owner holds it."""
    return await NUMBERS.claim(session, value, pool=pool.name, owner=owner)


async def release_numbers(session: Session, owner: str, pool: NumberPool | None = None) -> None:
    """Free what the owner holds, in one pool or in all."""
    if pool is None:
        await session.fetch(RELEASE, owner=owner)
    else:
        await session.fetch(RELEASE_IN, owner=owner, pool=pool.name)
