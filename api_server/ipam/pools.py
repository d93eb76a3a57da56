"""Number pools as callers see them: made, asked and removed by name, beside those that the server has itself (contract 1.15)."""

import asyncpg
from sqlalchemy import Text, bindparam, cast, delete, select, update

from api_server.errors import BadRequest, Conflict, Forbidden, NotFound
from api_server.ipam.freelist import Session
from api_server.ipam.numbers import NUMBERS, OPEN, NumberPool, claim_number, draw_number, pool_of, returnable
from api_server.ipam.tables import free_number, number, number_pool
from api_server.ipam.tags import numbers_tags
from api_server.model.resource import is_uuid
from api_server.store.database import Connection
from api_server.store.resources import BY_UUID
from api_server.store.statements import Statement

_POOL = number_pool.c.pool == bindparam("pool")
_ONE = (number.c.pool == bindparam("pool")) & (number.c.value == bindparam("value"))
# A pool that somebody asks stays until he is done; refills go on beside him.
FIND = Statement(select(number_pool).where(_POOL).with_for_update(read=True, key_share=True))
REMOVE = [
    Statement(delete(number_pool).where(_POOL)),
    Statement(delete(free_number).where(free_number.c.pool == bindparam("pool"))),
    Statement(delete(number).where(number.c.pool == bindparam("pool"))),
]
_of_value = number_pool.outerjoin(number, (number.c.pool == number_pool.c.pool) & (number.c.value == bindparam("value")))
HELD = Statement(select(cast(number.c.owner, Text).label("owner"), number.c.holder).select_from(_of_value).where(_POOL))
GIVE_BACK = NUMBERS.release(_ONE & number.c.holder.is_not(None), returnable)
RANGE = [
    Statement(update(number_pool).where(_POOL).values(first=bindparam("first"), end=bindparam("end"), frontier=bindparam("frontier"))),
    Statement(delete(free_number).where(free_number.c.pool == bindparam("pool"))),
]


async def make_pool(session: Session, pool: NumberPool) -> None:
    """A new pool of a caller's; Conflict when its name is taken, whatever its range, or kept for a pool of the server's."""
    if numbers_tags(pool.name):
        raise Conflict(f"int-pool {pool.name} is the server's own, tags are numbered from it", pool=pool.name)
    if not await session.fetch(OPEN, pool=pool.name, first=pool.first, end=pool.end, frontier=pool.first - 1, system=False):
        there = await find_pool(session, pool.name)
        raise Conflict(f"int-pool {pool.name} already exists, from {there.first} to {there.end}", pool=pool.name)


async def find_pool(session: Session, name: str) -> NumberPool:
    """The pool of that name; NotFound when there is none. It is not removed before the transaction ends."""
    return pool_of(await _row_of(session, name))


async def _row_of(session: Session, name: str) -> asyncpg.Record:
    rows = await session.fetch(FIND, pool=name)
    if not rows:
        raise _unknown(name)
    return rows[0]


def _unknown(name: str) -> NotFound:
    return NotFound(f"int-pool {name} not found", pool=name)


async def remove_pool(session: Session, name: str) -> None:
    """Remove a caller's pool with all that is held of it."""
    if (await _row_of(session, name))["system"]:
        raise Conflict(f"int-pool {name} is the server's own and stays", pool=name)
    for statement in REMOVE:
        await session.fetch(statement, pool=name)


async def range_pool(session: Session, pool: NumberPool) -> None:
    """Give from another range from now on; what is held stays held until it is let go."""
    for statement in RANGE:
        await session.fetch(statement, pool=pool.name, first=pool.first, end=pool.end, frontier=pool.first - 1)


async def take_number(session: Session, name: str, holder: str, value: int | None) -> int:
    """Hold the number asked for, or the lowest free one; where the holder is the uuid of an object, until that is deleted."""
    pool = await find_pool(session, name)
    owner = holder if is_uuid(holder) and await session.fetch(BY_UUID, uuid=holder) else None
    if value is None:
        return await draw_number(session, pool, owner, holder=holder)
    if not pool.first <= value <= pool.end:
        raise BadRequest(f"{value} is not in the int-pool {name}, which goes from {pool.first} to {pool.end}", pool=name, value=value)
    if not await claim_number(session, pool, value, owner, holder=holder):
        raise BadRequest(f"{value} of the int-pool {name} is taken", pool=name, value=value)
    return value


async def holder_of(connection: Connection, name: str, value: int) -> str:
    """Who holds the number, in his own words if he took it himself; empty when nobody does."""
    row = await connection.fetchrow(HELD, pool=name, value=value)
    if row is None:
        raise _unknown(name)
    return str(row["holder"] or row["owner"] or "")


async def give_back(session: Session, name: str, value: int) -> None:
    """Free a number that a caller took; Forbidden for one that the server took for an object, nothing to do for one that is free."""
    await find_pool(session, name)
    if await session.fetch(GIVE_BACK, pool=name, value=value):
        return
    (held,) = await session.fetch(HELD, pool=name, value=value)
    if held["owner"]:
        message = f"{value} of the int-pool {name} belongs to {held['owner']} and is freed with it"
        raise Forbidden(message, pool=name, value=value, uuid=held["owner"])
