"""Addresses of a network that are taken without an object: ip-alloc, ip-free and the count of what is taken (contract 1.13)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, and_, bindparam, cast, column, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, INET, UUID

from api_server.errors import BadRequest, NotFound, ReservationExhausted
from api_server.ipam.addresses import ADDRESSES, RESERVED, allocate, returnable
from api_server.ipam.choice import Wish, subnets_for
from api_server.ipam.freelist import Session
from api_server.ipam.subnet import read_address
from api_server.ipam.subnets import NetworkSubnets, read_network
from api_server.ipam.tables import address, subnet
from api_server.store.statements import Statement

LARGEST_COUNT = 65_536

_pool = func.jsonb_array_elements(subnet.c.pools).table_valued(column("value")).render_derived(name="pool")
_start, _end = (cast(literal_column(f"pool.value ->> {at}"), INET) for at in (0, 1))
_pooled = or_(
    func.jsonb_array_length(subnet.c.pools) == literal_column("0"),
    exists().select_from(_pool).where(address.c.ip.between(_start, _end)).correlate(address, subnet),
)
HELD = Statement(
    select(subnet.c.uuid, cast(func.count(), Integer).label("held"))
    .join(address, address.c.subnet == subnet.c.uuid)
    .where(
        subnet.c.uuid == func.any(cast(bindparam("subnets"), ARRAY(UUID(as_uuid=False)))),
        address.c.purpose != literal_column("'service'"),
        _pooled,
    )
    .group_by(subnet.c.uuid)
)
FREE = ADDRESSES.release(
    and_(
        address.c.space == func.any(cast(bindparam("spaces"), ARRAY(UUID(as_uuid=False)))),
        address.c.ip == func.any(cast(bindparam("addresses"), ARRAY(INET))),
        address.c.owner == bindparam("network"),
        address.c.purpose == literal_column(f"'{RESERVED}'"),
    ),
    returnable,
)


async def reserve(session: Session, network: str, wish: Wish, count: int = 1) -> list[str]:
    """`count` addresses taken in the name of the network, of the subnet and family wished for; all or, with 409, none."""
    known = await _network(session, network)
    if not 1 <= count <= LARGEST_COUNT:
        message = f"count: {count} is not between 1 and {LARGEST_COUNT}"
        raise BadRequest(message, field="count")
    if wish.family not in (None, "v4", "v6"):
        message = f"family: {wish.family!r} is neither v4 nor v6"
        raise BadRequest(message, field="family")
    subnets = subnets_for(known, wish)
    held = await allocate(session, subnets, network, count=count, purpose=RESERVED)
    if len(held) < count:
        raise ReservationExhausted(known.fq_name, [one.cidr for one in subnets])
    return [str(one.address) for one in held]


async def unreserve(session: Session, network: str, addresses: Sequence[object]) -> None:
    """Free these addresses where `reserve` took them; what is not taken, or is an object's, stays as it is."""
    known = await _network(session, network)
    read = [read_address(one) for one in addresses]
    if bad := [given for given, one in zip(addresses, read, strict=True) if one is None]:
        message = f"ip_addr: {bad[0]!r} is not an address"
        raise BadRequest(message, field="ip_addr")
    spaces = sorted({network, *(one.space for one in known.flat)})
    await session.fetch(FREE, spaces=spaces, addresses=read, network=network)


async def taken(session: Session, network: str, subnets: Sequence[object]) -> list[int]:
    """For each subnet how many addresses of its pools are taken or reserved; 0 for one that the network does not have."""
    known = await _network(session, network)
    shown = [[one for one in (*known.own, *known.flat) if wanted in (one.uuid, known.shown_uuid(one))] for wanted in subnets]
    uuids = sorted({one.uuid for found in shown for one in found})
    rows: list[Any] = await session.fetch(HELD, subnets=uuids) if uuids else []
    held = {str(row["uuid"]): row["held"] for row in rows}
    return [sum(held.get(one.uuid, 0) + one.reserved_in_pools() for one in found) for found in shown]


async def _network(session: Session, network: str) -> NetworkSubnets:
    known = await read_network(session, network)
    if known is None:
        message = f"Virtual Network {network} not found!"
        raise NotFound(message, uuid=network)
    return known
