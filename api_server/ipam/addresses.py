"""Who holds which address: allocate the first free one, claim a given one, release (contract 4.3, 4.7)."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_address
from typing import Any, NamedTuple

import asyncpg
import orjson
from sqlalchemy import ColumnElement, and_, bindparam, cast, column, exists, func, literal_column
from sqlalchemy.dialects.postgresql import INET

from api_server.ipam.freelist import FreeList, Session
from api_server.ipam.subnet import Address, Pool, Subnet, read_address
from api_server.ipam.tables import address, free_address, subnet

# What an address is held for.
OBJECT, RESERVED, SERVICE = "object", "reserved", "service"
# Under which an address is kept for its owner.
ADDRESS = "address"


class Held(NamedTuple):
    """An address, and the subnet it was found in."""

    subnet: Subnet
    address: Address


def subnet_of(row: asyncpg.Record) -> Subnet:
    """The Subnet of a row of its table."""
    return Subnet(
        uuid=str(row["uuid"]),
        space=str(row["space"]),
        cidr=row["cidr"],
        gateway=_plain(row["gateway"]),
        service_address=_plain(row["service_address"]),
        pools=tuple(map(_pool, orjson.loads(row["pools"]))),
        addr_from_start=row["addr_from_start"],
        alloc_unit=row["alloc_unit"],
        position=row["position"],
    )


def returnable(leaving: Any) -> ColumnElement[bool]:
    """Only what the scan comes to may become free: an address asked for outside the pools does not (contract 12.18)."""
    run = func.jsonb_array_elements(subnet.c.ranges).table_valued(column("value")).render_derived(name="run")
    low, high = (cast(literal_column(f"run.value ->> {end}"), INET) for end in (0, 1))
    return exists().select_from(subnet, run).where(subnet.c.uuid == leaving.c.subnet, leaving.c.ip.between(low, high))


ADDRESSES = FreeList[Address](held=address, free=free_address, source=subnet, read=subnet_of)
RELEASE_AT = ADDRESSES.release(
    and_(
        address.c.space == bindparam("space"),
        address.c.ip == bindparam("ip"),
        address.c.owner == bindparam("owner"),
        address.c.purpose == bindparam("purpose"),
    ),
    returnable,
)


async def allocate(session: Session, subnets: Sequence[Subnet], owner: str, *, count: int = 1, purpose: str = OBJECT) -> list[Held]:
    """Hold the first free addresses, in scan order, of the first subnets that have any; fewer than asked when all are used up.

    The first pass steps over addresses in another transaction's hands; the second waits, for a rival may roll back.
    """
    held: list[Held] = []
    if count == 1 and (taken := session.ahead.take(ADDRESS, owner)):
        return [taken]
    for waits in (False, True):
        for one in subnets:
            if len(held) < count:
                drawn = await ADDRESSES.draw(session, one, [owner] * (count - len(held)), waits=waits, purpose=purpose)
                held += [Held(one, plainly(found)) for _, found in drawn]
    return held


async def allocate_ahead(session: Session, subnets: Sequence[Subnet], owners: Sequence[str]) -> None:
    """Hold an address for each of these owners, as far as there are any, before `allocate` is asked for it."""
    waiting: Sequence[str] = owners
    for one in subnets:
        drawn = await ADDRESSES.draw(session, one, waiting, waits=False, purpose=OBJECT)
        for owner, found in drawn:
            session.ahead.keep(ADDRESS, owner, Held(one, plainly(found)))
        served = {owner for owner, _ in drawn}
        waiting = [owner for owner in waiting if owner not in served]


async def claim_ahead(session: Session, one: Subnet, wanted: Mapping[str, Address]) -> None:
    """Hold for each owner its address of the subnet, as far as nobody else holds it, before `claim` is asked for it."""
    blocks = {owner: one.block(address) for owner, address in wanted.items() if one.block(address) not in one.reserved_blocks}
    # One owner an address: of two the first gets it here, and the other is told so when its turn comes.
    first = {block: owner for owner, block in reversed(blocks.items())}
    values = sorted(first, key=int)
    for found in await ADDRESSES.claim_all(session, values, [first[block] for block in values], purpose=OBJECT, **one.key):
        block = plainly(found)
        session.ahead.keep(ADDRESS, first[block], Held(one, block))


async def claim(session: Session, one: Subnet, wanted: Address, owner: str, *, purpose: str = OBJECT) -> bool:
    """Hold this address of the subnet; false if it is reserved or another owner holds it."""
    if purpose != SERVICE and one.block(wanted) in one.reserved_blocks:
        return False
    taken: Held | None = session.ahead.take(ADDRESS, owner)
    if taken and (taken.subnet.space, taken.address) == (one.space, one.block(wanted)):
        return True
    return await ADDRESSES.claim(session, one.block(wanted), owner=owner, purpose=purpose, **one.key)


def _pool(document: Sequence[Any]) -> Pool:
    start, end, for_routers = document
    return Pool(ip_address(start), ip_address(end), for_routers)


def plainly(value: object) -> Address:
    """An inet that is not null, as asyncpg reads it."""
    address = _plain(value)
    assert address is not None
    return address


def _plain(value: object) -> Address | None:
    """asyncpg reads an inet as an address or, with a prefix, an interface."""
    if isinstance(value, IPv4Interface | IPv6Interface):
        return value.ip
    return read_address(str(value)) if value is not None else None
