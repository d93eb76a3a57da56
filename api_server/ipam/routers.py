"""A virtual router's own part of a flat ipam: the pools of its link to it, as subnets of the ipam's address space (contract 3.4, 4.5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

import orjson
from sqlalchemy import Text, bindparam, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID, insert

from api_server.ipam.declaration import read_pool
from api_server.ipam.freelist import Session
from api_server.ipam.subnet import Pool, Subnet, read_network
from api_server.ipam.subnets import COLUMNS, read_spaces, row_of
from api_server.ipam.tables import subnet
from api_server.model.resource import FqName
from api_server.store.rows import rows_of
from api_server.store.statements import Statement, beside
from api_server.store.tables import reference, resource

LINKS = Statement(
    select(cast(reference.c.target, Text).label("ipam"), reference.c.attr)
    .join(resource, resource.c.uuid == reference.c.target)
    .where(reference.c.source == bindparam("router"), beside(resource.c.kind == "network-ipam"))
    .order_by(reference.c.position)
)
OTHERS = Statement(
    select(cast(reference.c.target, Text).label("ipam"), reference.c.attr, resource.c.fq_name)
    .join(resource, resource.c.uuid == reference.c.source)
    .where(
        reference.c.target == func.any(cast(bindparam("ipams"), ARRAY(UUID(as_uuid=False)))),
        resource.c.kind == literal_column("'virtual-router'"),
        resource.c.uuid != bindparam("router"),
    )
)
_rows = rows_of(subnet, COLUMNS, "subnets")
KNOWN = Statement(select(cast(subnet.c.uuid, Text).label("uuid")).where(subnet.c.router == bindparam("router")))
ADD = Statement(insert(subnet).from_select(COLUMNS, select(*[_rows.c[name] for name in COLUMNS])).on_conflict_do_nothing())


class Taken(NamedTuple):
    """A pool of an ipam that a virtual router has."""

    ipam: str
    pool: Pool
    router: FqName


async def pools_of_others(session: Session, router: str, ipams: Sequence[str]) -> list[Taken]:
    """The pools of these ipams that other routers have."""
    rows = await session.fetch(OTHERS, router=router, ipams=list(ipams))
    links = [(row["ipam"], tuple(row["fq_name"]), orjson.loads(row["attr"] or "null") or {}) for row in rows]
    found = [(ipam, name, read_pool(document)) for ipam, name, attr in links for document in attr.get("allocation_pools") or []]
    return [Taken(ipam, pool, name) for ipam, name, pool in found if pool]


async def declare_parts(session: Session, router: str) -> None:
    """Make the pools that the router's links say known as what its objects draw from."""
    parts, _ = await _read(session, router)
    if parts:
        await session.fetch(ADD, subnets=_rows_of(parts, router))


async def read_router(session: Session, router: str) -> list[Subnet]:
    """The subnets that objects of the virtual router draw from, in stored order."""
    parts, whole = await _read(session, router)
    known = {row["uuid"] for row in await session.fetch(KNOWN, router=router)} if parts else set()
    if late := [one for one in parts if one.uuid not in known]:
        # Of a router that is older than its rules; beside the request, as a refill is, for others draw from these rows at once.
        async with session.database.short() as beside:
            await beside.execute(ADD, subnets=_rows_of(late, router))
    return [*parts, *whole]


async def _read(session: Session, router: str) -> tuple[list[Subnet], list[Subnet]]:
    """The router's own parts of subnets, and the subnets that it draws from as a whole."""
    links = {row["ipam"]: orjson.loads(row["attr"] or "null") or {} for row in await session.fetch(LINKS, router=router)}
    subnets = await read_spaces(session, links)
    of_ipam = {ipam: [one for one in subnets if one.space == ipam] for ipam in links}
    parts = [part for ipam, attr in links.items() for part in _parts(router, attr, of_ipam[ipam])]
    return parts, [one for ipam, attr in links.items() for one in _whole(attr, of_ipam[ipam])]


def _rows_of(parts: Sequence[Subnet], router: str) -> str:
    return orjson.dumps([row_of(one, router=router) for one in parts]).decode()


def _parts(router: str, attr: Mapping[str, Any], subnets: Sequence[Subnet]) -> Iterator[Subnet]:
    for document in attr.get("allocation_pools") or []:
        pool = read_pool(document)
        home = next((one for one in subnets if pool and one.contains(pool.start) and one.contains(pool.end)), None)
        if pool and home:
            # The same pool is always the same row, and another pool another one.
            uuid = str(uuid5(NAMESPACE_OID, f"{router} {home.uuid} {pool.start} {pool.end}"))
            yield replace(home, uuid=uuid, pools=(Pool(pool.start, pool.end),))


def _whole(attr: Mapping[str, Any], subnets: Sequence[Subnet]) -> list[Subnet]:
    """Without pools of its own a router draws from the subnets that its link names."""
    if attr.get("allocation_pools"):
        return []
    named = {read_network(one.get("ip_prefix"), one.get("ip_prefix_len")) for one in attr.get("subnet") or []}
    return [one for one in subnets if one.cidr in named]
