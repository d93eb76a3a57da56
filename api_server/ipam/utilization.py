"""How full subnets are: what is given is counted in an index, what could be given is arithmetic; no subnet is ever walked."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import BigInteger, Text, bindparam, cast, func, literal_column, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import INET, UUID

from api_server.ipam.addresses import subnet_of
from api_server.ipam.subnet import Subnet
from api_server.ipam.subnets import service_row
from api_server.ipam.tables import address, subnet
from api_server.model.caller import Caller
from api_server.model.resource import Link
from api_server.store.database import Connection
from api_server.store.sight import readable, sight_of
from api_server.store.statements import Statement
from api_server.store.tables import reference, resource


class Usage(NamedTuple):
    """
    Addresses by what becomes of them. `total` is all of the pools, or of the prefix where there are none; `reserved` is what of it
    nobody is given: ip-alloc's, and what the subnet keeps. `outside` are those used that lie in no pool, so
    total = used - outside + reserved + free.
    """

    total: int
    used: int
    reserved: int
    free: int
    outside: int

    @classmethod
    def of(cls, usages: "Iterable[Usage]") -> "Usage":
        """All of these together."""
        return cls(*(sum(column) for column in zip((0,) * 5, *usages, strict=True)))


@dataclass(frozen=True)
class SubnetUsage:
    """A subnet with the network or network-ipam that declares it, and the uuid of their project."""

    subnet: Subnet
    owner: Link
    project: str | None
    usage: Usage


def _count(purpose: str) -> Any:
    of_purpose = address.c.purpose == literal_column(f"'{purpose}'")
    counted = select(cast(func.count(), BigInteger)).where(address.c.subnet == subnet.c.uuid, of_purpose)
    return counted.correlate(subnet).scalar_subquery()


_pool = func.jsonb_array_elements(subnet.c.pools).table_valued("value").render_derived(name="pool")
_start, _end = (cast(literal_column(f"pool.value ->> {at}"), INET) for at in (0, 1))
_in_pools = (
    select(cast(func.count(), BigInteger))
    .select_from(_pool)
    .join(address, address.c.ip.between(_start, _end))
    .where(address.c.space == subnet.c.space)
    .correlate(subnet)
    .scalar_subquery()
)
_network = bindparam("network", type_=UUID(as_uuid=False))
_asked = subnet.alias("asked")
_CHOICES = {
    # Its own subnets, and those of the flat ipams that it uses.
    "network": subnet.c.space.in_(union_all(select(_network), select(reference.c.target).where(reference.c.source == _network))),
    "project": resource.c.parent == bindparam("project"),
    # With the parts that virtual routers have of it.
    "subnet": tuple_(subnet.c.space, subnet.c.cidr).in_(select(_asked.c.space, _asked.c.cidr).where(_asked.c.uuid == bindparam("subnet"))),
}


@cache
def _statement(chosen: frozenset[str], *, guarded: bool) -> Statement:
    columns = [
        subnet,
        resource.c.kind,
        resource.c.fq_name,
        cast(resource.c.parent, Text).label("project"),
        _count("object").label("used"),
        _count("reserved").label("taken"),
        _in_pools.label("in_pools"),
    ]
    joined = select(*columns).select_from(subnet.join(resource, resource.c.uuid == subnet.c.space))
    seen = [readable(resource)] if guarded else []
    return Statement(
        joined.where(*(_CHOICES[name] for name in sorted(chosen)), *seen).order_by(resource.c.fq_name, subnet.c.space, subnet.c.position)
    )


async def utilization(connection: Connection, caller: Caller, chosen: dict[str, str]) -> list[SubnetUsage]:
    """Every subnet of that `network`, `project` or `subnet` (all that the caller may read where none is chosen), by its owner's name."""
    guarded = not caller.admin
    statement = _statement(frozenset(chosen), guarded=guarded)
    rows = await connection.fetch(statement, **chosen, **(sight_of(caller) if guarded else {}))
    # A virtual router's part of a subnet is a row of its own, and holds addresses of the same prefix.
    held: dict[tuple[str, Any], Counter[str]] = {}
    for row in rows:
        held.setdefault((row["space"], row["cidr"]), Counter()).update(used=row["used"], taken=row["taken"])
    return [_usage_of(row, held[row["space"], row["cidr"]]) for row in rows if row["router"] is None]


def _usage_of(row: asyncpg.Record, held: Counter[str]) -> SubnetUsage:
    known = subnet_of(row)
    owner = Link(row["kind"], str(row["space"]), tuple(row["fq_name"]))
    return SubnetUsage(known, owner, row["project"], usage(known, held["used"], held["taken"], row["in_pools"]))


def usage(known: Subnet, used: int, taken: int, in_pools: int) -> Usage:
    """
    The usage of a subnet in which objects hold `used` blocks and ip-alloc `taken`; of the rows of addresses, the service address's among
    them, `in_pools` lie in declared pools.
    """
    unit = known.alloc_unit
    # Those for virtual routers are given too, by their routers.
    whole = replace(known, pools=tuple(pool._replace(for_routers=False) for pool in known.pools))
    capacity = sum(int(high) - int(low) + unit for low, high in whole.ranges)
    service = service_row(known)
    kept = service is not None and any(pool.covers(ip_address(service["ip"])) for pool in known.pools)
    outside = used + taken - (in_pools - kept) if known.pools else 0
    total = sum(int(pool.end) - int(pool.start) + 1 for pool in known.pools) or known.cidr.num_addresses
    free = capacity - (used + taken - outside) * unit
    return Usage(total, used * unit, total - (used - outside) * unit - free, free, outside * unit)
