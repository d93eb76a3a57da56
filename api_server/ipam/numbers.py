"""Numbers that are given out once, each in a pool of its own: ids of networks, security groups and what else is numbered (contract 3.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import asyncpg
from sqlalchemy import ColumnElement, bindparam, exists, or_
from sqlalchemy.dialects.postgresql import insert

from api_server.errors import NumbersExhausted
from api_server.ipam.freelist import FreeList, Session
from api_server.ipam.tables import free_number, number, number_pool
from api_server.model.route_target import automatic_numbers
from api_server.store.statements import Statement


@dataclass(frozen=True)
class NumberPool:
    """The numbers from `first` to `end`, given from the lowest free one up. A pool needs no preparation: the first draw makes its row."""

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


# The server's own; a database has them from the start.
NETWORK_IDS = NumberPool("virtual-network-id", 1, (1 << 24) - 1)
VXLAN_IDS = NumberPool("vxlan-id", 1, (1 << 24) - 1)
SECURITY_GROUP_IDS = NumberPool("security-group-id", 8_000_000, (1 << 32) - 1)


def route_targets(asn: int) -> NumberPool:
    """For the daemons that make automatic route targets; what the range is depends on the AS (contract 3.4 global-system-config)."""
    numbers = automatic_numbers(asn)
    return NumberPool("route-target", numbers.start, numbers.stop - 1)


def pool_of(row: asyncpg.Record) -> NumberPool:
    """The pool that a row tells of, which is what it was made with."""
    return NumberPool(row["pool"], row["first"], row["end"])


def returnable(left: Any) -> ColumnElement[bool]:
    """A number that was claimed outside its pool, or that a new range of the pool left out, is never given."""
    outside = or_(left.c.value < number_pool.c.first, left.c.value > number_pool.c.end)
    return ~exists().where(number_pool.c.pool == left.c.pool, outside)


NUMBERS = FreeList[int](held=number, free=free_number, source=number_pool, read=pool_of)
_OF_OWNER = number.c.owner == bindparam("owner")
RELEASE_IN = NUMBERS.release(_OF_OWNER & (number.c.pool == bindparam("pool")), returnable)
OPEN = Statement(
    insert(number_pool)
    .values({name: bindparam(name) for name in ("pool", "first", "end", "frontier", "system")})
    .on_conflict_do_nothing()
    .returning(number_pool.c.pool)
)


async def draw_number(session: Session, pool: NumberPool, owner: str | None, *, holder: str | None = None) -> int:
    """Hold the lowest free number of the pool; one that a caller asked for has a `holder`, and an owner only if that is an object."""
    taken: int | None = session.ahead.take(pool.name, owner)
    if taken is not None:
        return taken
    for waits in (False, True):
        if drawn := await NUMBERS.draw(session, pool, [owner], waits=waits, holder=holder):
            return drawn[0][1]
        async with session.database.short() as beside:
            # The first draw ever finds no row of the pool; the second pass finds one.
            await beside.execute(OPEN, pool=pool.name, first=pool.first, end=pool.end, frontier=pool.first - 1, system=True)
    raise NumbersExhausted(pool.name)


async def draw_ahead(session: Session, pool: NumberPool, owners: Sequence[str]) -> None:
    """Hold a number for each of these owners, as far as there are any, before `draw_number` asks for it."""
    for owner, value in await NUMBERS.draw(session, pool, owners, waits=False, holder=None):
        session.ahead.keep(pool.name, owner, value)


async def claim_number(session: Session, pool: NumberPool, value: int, owner: str | None, *, holder: str | None = None) -> bool:
    """Hold this number of the pool; false if another owner holds it."""
    return await NUMBERS.claim(session, value, pool=pool.name, owner=owner, holder=holder)


async def release_numbers(session: Session, owner: str, pool: NumberPool) -> None:
    """Free what the owner holds in the pool."""
    await session.fetch(RELEASE_IN, owner=owner, pool=pool.name)
