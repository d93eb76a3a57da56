"""What each address of a subnet is: held by whom, kept by the subnet, free, or in no pool. A page costs what it shows."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise
from typing import NamedTuple

import asyncpg
from sqlalchemy import BigInteger, Text, bindparam, cast, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import INET

from api_server.ipam.addresses import OBJECT, SERVICE, subnet_of
from api_server.ipam.subnet import Address, Subnet
from api_server.ipam.tables import address, subnet
from api_server.model.caller import Caller
from api_server.model.resource import Link
from api_server.store.database import Connection
from api_server.store.sight import readable, sight_of
from api_server.store.statements import Statement
from api_server.store.tables import resource

NOBODYS = FREE, OUTSIDE, UNUSABLE, FOR_ROUTERS = "free", "outside", "unusable", "for-routers"


class Holding(NamedTuple):
    """A block that is held: by an object of some kind, or `reserved` without one; None for a holder that the caller may not read."""

    start: int
    state: str
    holder: Link | None


class Run(NamedTuple):
    """Addresses side by side that are the same, both ends included."""

    start: int
    end: int
    state: str
    holder: Link | None = None


@dataclass(frozen=True)
class Page:
    """A part of the map of a subnet; `next` is the first address of the part after it."""

    subnet: Subnet
    owner: Link
    runs: list[Run]
    next: Address | None

    def address(self, value: int) -> Address:
        return IPv4Address(value) if self.subnet.cidr.version == 4 else IPv6Address(value)


def runs(known: Subnet, held: Sequence[Holding], low: int, high: int) -> Iterator[Run]:
    """The addresses from `low` to `high` as runs; `held` is in order, and no two of it overlap."""
    marked = _marked(known)
    pending: Run | None = None
    for start, end in _pieces(known, held, marked, low, high):
        state, holder = _state(known, held, marked, start)
        if pending and state in NOBODYS and pending.state == state:
            pending = pending._replace(end=end)
            continue
        if pending:
            yield pending
        pending = Run(start, end, state, holder)
    if pending:
        yield pending


def _marked(known: Subnet) -> dict[int, str]:
    """The addresses that the subnet keeps for itself."""
    kept = {int(known.first): "network", int(known.last): "broadcast"}
    for name, one in ((SERVICE, known.service_address), ("gateway", known.gateway)):
        if one is not None and known.contains(one):
            kept[int(one)] = name
    return kept


def _pieces(known: Subnet, held: Sequence[Holding], marked: Iterable[int], low: int, high: int) -> Iterator[tuple[int, int]]:
    """The stretches in which nothing changes."""
    unit = known.alloc_unit
    cuts = {low, high + 1}
    for start, end in [
        *((one.start, one.start + unit - 1) for one in held),
        *((one, one) for one in marked),
        *((int(pool.start), int(pool.end)) for pool in known.pools),
        *((int(first), int(last) + unit - 1) for first, last in _whole(known).ranges),
    ]:
        cuts |= {start, end + 1}
    inside = sorted(cut for cut in cuts if low <= cut <= high + 1)
    return ((start, end - 1) for start, end in pairwise(inside))


def _whole(known: Subnet) -> Subnet:
    """The subnet with what its pools for virtual routers give."""
    return replace(known, pools=tuple(pool._replace(for_routers=False) for pool in known.pools))


def _state(known: Subnet, held: Sequence[Holding], marked: dict[int, str], at: int) -> tuple[str, Link | None]:
    nearest = bisect_right(held, at, key=lambda one: one.start) - 1
    if nearest >= 0 and at < held[nearest].start + known.alloc_unit:
        return held[nearest].state, held[nearest].holder
    if at in marked:
        return marked[at], None
    if _within(known, at):
        return FREE, None
    pool = next((pool for pool in known.pools if int(pool.start) <= at <= int(pool.end)), None)
    if pool is not None and pool.for_routers and _within(_whole(known), at):
        return FOR_ROUTERS, None
    return (UNUSABLE if pool is not None or not known.pools else OUTSIDE), None


def _within(known: Subnet, at: int) -> bool:
    return any(int(first) <= at < int(last) + known.alloc_unit for first, last in known.ranges)


_ends = [cast(resource.c.uuid, Text).label("uuid"), resource.c.kind, resource.c.fq_name]
_one = (subnet.c.uuid == bindparam("subnet"), subnet.c.router.is_(None))


def _subnet(*seen: object) -> Statement:
    joined = select(subnet, resource.c.kind, resource.c.fq_name).select_from(subnet.join(resource, resource.c.uuid == subnet.c.space))
    return Statement(joined.where(*_one, *seen))  # type: ignore[arg-type]  # conditions


def _held(seen: object) -> Statement:
    joined = select(*_ends, func.host(address.c.ip).label("ip"), address.c.purpose, seen.label("seen")).select_from(  # type: ignore[attr-defined]
        address.join(resource, resource.c.uuid == address.c.owner)
    )
    between = address.c.ip.between(cast(bindparam("first"), INET), cast(bindparam("last"), INET))
    chosen = joined.where(address.c.space == bindparam("space"), between, address.c.purpose != literal_column(f"'{SERVICE}'"))
    return Statement(chosen.order_by(address.c.ip).limit(bindparam("most", type_=BigInteger)))


SUBNET = {False: _subnet(), True: _subnet(readable(resource))}
HELD = {False: _held(true()), True: _held(readable(resource))}


async def read_map(connection: Connection, caller: Caller, uuid: str, start: Address | None, most: int) -> Page | None:
    """The map from `start` on, until `most` held blocks are told of; None if the caller can read no such subnet."""
    guarded = not caller.admin
    sight = sight_of(caller) if guarded else {}
    row = await connection.fetchrow(SUBNET[guarded], subnet=uuid, **sight)
    if row is None:
        return None
    known, owner = subnet_of(row), Link(row["kind"], str(row["space"]), tuple(row["fq_name"]))
    low = max(int(start), int(known.first)) if start is not None and start.version == known.cidr.version else int(known.first)
    # A block that began before it still holds its addresses.
    first = ip_address(low - low % known.alloc_unit) if known.cidr.version == 4 else IPv6Address(low - low % known.alloc_unit)
    rows = await connection.fetch(HELD[guarded], space=owner.uuid, first=first, last=known.last, most=most + 1, **sight)
    held = [_holding(one) for one in rows[:most]]
    beyond = int(ip_address(rows[most]["ip"])) if len(rows) > most else None
    high = int(known.last) if beyond is None else beyond - 1
    page = Page(known, owner, list(runs(known, held, low, high)) if low <= high else [], None)
    return page if beyond is None else replace(page, next=page.address(beyond))


def _holding(row: asyncpg.Record) -> Holding:
    state = row["kind"] if row["purpose"] == OBJECT else row["purpose"]
    return Holding(int(ip_address(row["ip"])), state, Link(row["kind"], row["uuid"], tuple(row["fq_name"])) if row["seen"] else None)
