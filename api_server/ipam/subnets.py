"""The subnets that the server knows: written with the document that declares them, read for a network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import orjson
from sqlalchemy import Table, Text, and_, bindparam, case, cast, delete, func, literal_column, null, select, true, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, INET, JSONB, UUID, Insert, insert

from api_server.ipam.addresses import RELEASE_AT, SERVICE, claim, subnet_of
from api_server.ipam.freelist import Session
from api_server.ipam.subnet import Address, Subnet
from api_server.ipam.tables import address, subnet
from api_server.memory import Fact
from api_server.store.rows import rows_of
from api_server.store.statements import Statement, beside
from api_server.store.tables import reference, resource


def _among(parameter: str) -> Any:
    return func.any(cast(bindparam(parameter), ARRAY(UUID(as_uuid=False))))


# Under which a network's subnets are known.
NETWORK = "network"
COLUMNS = [one.name for one in subnet.c]


@dataclass(frozen=True)
class NetworkSubnets:
    """A network's subnets in stored order; `links` tells the subnet_uuid under which a flat subnet is shown (contract 4.1)."""

    uuid: str
    fq_name: tuple[str, ...]
    mode: str
    own: tuple[Subnet, ...]
    flat: tuple[Subnet, ...]
    links: dict[str, str]

    def shown_uuid(self, one: Subnet) -> str | None:
        """The subnet_uuid that an object shows which holds an address of this subnet."""
        return self.links.get(one.uuid) if one in self.flat else one.uuid

    def preferred(self) -> tuple[Subnet, ...]:
        """The subnets to try in turn when neither address nor subnet is asked for (contract 4.4)."""
        return {
            "user-defined-subnet-only": self.own,
            "flat-subnet-preferred": (*self.flat, *self.own),
            "flat-subnet-only": self.flat,
        }.get(self.mode, (*self.own, *self.flat))


def _subnets_of_network() -> Any:
    link = reference.c.attr[("ipam_subnets", "0", "subnet_uuid")].astext
    own = select(subnet, null().cast(Text).label("link"), literal_column("0").label("turn"), literal_column("false").label("flat"))
    own = own.where(subnet.c.space == resource.c.uuid)
    flat = select(subnet, link.label("link"), reference.c.position.label("turn"), literal_column("true").label("flat"))
    flat = flat.join(reference, reference.c.target == subnet.c.space).where(reference.c.source == resource.c.uuid)
    both = [one.where(beside(subnet.c.router.is_(None))).correlate(resource) for one in (own, flat)]
    found = union_all(*both).lateral("found")
    mode = resource.c.properties["address_allocation_mode"].astext.label("mode")
    chosen = select(resource.c.fq_name, resource.c.modified, mode, _flat_ipams(), *found.c).select_from(resource.outerjoin(found, true()))
    kind = beside(resource.c.kind == literal_column("'virtual-network'"))
    return chosen.where(resource.c.uuid == bindparam("network"), kind).order_by(found.c.flat, found.c.turn, found.c.position)


def _flat_ipams() -> Any:
    """On what else the answer rests: a flat ipam without subnets may get some."""
    ipam, link = resource.alias("ipam"), reference.alias("ipam_link")
    flat = ipam.c.properties["ipam_subnet_method"].astext == literal_column("'flat-subnet'")
    found = select(func.json_object_agg(ipam.c.uuid, ipam.c.modified)).select_from(link.join(ipam, ipam.c.uuid == link.c.target))
    return found.where(link.c.source == resource.c.uuid, flat).correlate(resource).scalar_subquery().label("ipams")


OF_NETWORK = Statement(_subnets_of_network())
OF_SPACE = Statement(select(subnet).where(subnet.c.space == bindparam("space"), subnet.c.router.is_(None)).order_by(subnet.c.position))
OF_SPACES = Statement(
    select(subnet).where(subnet.c.space == _among("spaces"), subnet.c.router.is_(None)).order_by(subnet.c.space, subnet.c.position)
)
# Of the networks of a project but one, for its quota.
OF_OTHER_NETWORKS = Statement(
    select(func.count())
    .select_from(subnet.join(resource, resource.c.uuid == subnet.c.space))
    .where(
        resource.c.parent == bindparam("project", type_=UUID(as_uuid=False)),
        resource.c.kind == "virtual-network",
        resource.c.user_visible,
        resource.c.uuid != bindparam("but", type_=UUID(as_uuid=False)),
    )
)
TAKEN_UUIDS = Statement(
    select(cast(subnet.c.uuid, Text).label("uuid"), cast(subnet.c.space, Text).label("space")).where(subnet.c.uuid == _among("uuids"))
)


async def read_network(session: Session, network: str) -> NetworkSubnets | None:
    """The network's subnets, its own and those of its flat ipams, in one statement; None if there is no such network."""
    known: NetworkSubnets | None = session.ahead.fact(NETWORK, network)
    return known or await _read_network(session, network)


async def read_ahead(session: Session, network: str) -> NetworkSubnets | None:
    """The same, for several who will ask."""
    found = await read_network(session, network)
    session.ahead.learn(NETWORK, network, found)
    return found


async def _read_network(session: Session, network: str) -> NetworkSubnets | None:
    rows = await session.fetch(OF_NETWORK, network=network)
    if not rows:
        return None
    known = [row for row in rows if row["uuid"] is not None]
    found = NetworkSubnets(
        uuid=network,
        fq_name=tuple(rows[0]["fq_name"]),
        mode=rows[0]["mode"] or "",
        own=tuple(subnet_of(row) for row in known if not row["flat"]),
        flat=tuple(subnet_of(row) for row in known if row["flat"]),
        links={str(row["uuid"]): row["link"] for row in known if row["flat"] and row["link"]},
    )
    ipams = orjson.loads(rows[0]["ipams"] or "{}")
    grounds = {uuid: datetime.fromisoformat(modified) for uuid, modified in ipams.items()}
    session.ahead.recall.note(NETWORK, network, Fact(found, {network: rows[0]["modified"], **grounds}))
    return found


async def read_space(session: Session, space: str) -> list[Subnet]:
    """The subnets of one address space, in stored order."""
    return [subnet_of(row) for row in await session.fetch(OF_SPACE, space=space)]


async def read_spaces(session: Session, spaces: Iterable[str]) -> list[Subnet]:
    """The subnets of several address spaces."""
    wanted = sorted(set(spaces))
    return [subnet_of(row) for row in await session.fetch(OF_SPACES, spaces=wanted)] if wanted else []


async def other_space_with(session: Session, uuids: Sequence[str], space: str) -> str | None:
    """One of these subnet uuids that another address space has already; they are unique everywhere (contract 4.2)."""
    rows = await session.fetch(TAKEN_UUIDS, uuids=list(uuids)) if uuids else []
    return next((row["uuid"] for row in rows if row["space"] != space), None)


def row_of(one: Subnet, frontier: Address | None = None, router: str | None = None) -> dict[str, Any]:
    """The row of a subnet."""
    return {
        "uuid": one.uuid,
        "space": one.space,
        "position": one.position,
        "cidr": str(one.cidr),
        "gateway": str(one.gateway) if one.gateway else None,
        "service_address": str(one.service_address) if one.service_address else None,
        "pools": [[str(pool.start), str(pool.end), pool.for_routers] for pool in one.pools],
        "addr_from_start": one.addr_from_start,
        "alloc_unit": one.alloc_unit,
        "ranges": [[str(low), str(high)] for low, high in one.ranges],
        "frontier": str(frontier or one.start),
        "router": router,
    }


def service_row(one: Subnet) -> dict[str, Any] | None:
    """The row that holds the service address, if it lies in the subnet and is not the gateway, which has no row."""
    service = one.service_address
    if service is None or service == one.gateway or not one.contains(service):
        return None
    return {"space": one.space, "ip": str(one.block(service)), "subnet": one.uuid, "owner": one.space, "purpose": SERVICE}


def _insert(table: Table, parameter: str) -> Insert:
    names = [one.name for one in table.c]
    rows = rows_of(table, names, parameter)
    return insert(table).from_select(names, select(*[rows.c[name] for name in names]))


INSERT = Statement(_insert(address, "addresses").add_cte(_insert(subnet, "subnets").returning(subnet.c.uuid).cte("made")))
# A virtual router's parts of a subnet go with it.
_leaving = and_(subnet.c.space == bindparam("space"), subnet.c.cidr == func.any(cast(bindparam("cidrs"), ARRAY(CIDR))))
# Rows that are no objects' go with the subnet; an object's row stops the second statement (see tables.py).
DELETE_OWN = Statement(
    delete(address).where(address.c.subnet.in_(select(subnet.c.uuid).where(_leaving)), address.c.purpose != literal_column("'object'"))
)
DELETE_SUBNETS = Statement(delete(subnet).where(_leaving))
REPLACE = Statement(
    update(subnet)
    .where(subnet.c.uuid == bindparam("subnet"))
    .values(
        position=bindparam("position"),
        service_address=cast(bindparam("service_address"), INET),
        pools=cast(bindparam("pools"), JSONB),
        ranges=cast(bindparam("ranges"), JSONB),
        frontier=case((cast(bindparam("pools"), JSONB) == subnet.c.pools, subnet.c.frontier), else_=cast(bindparam("start"), INET)),
    )
)


async def insert_subnets(session: Session, new: Sequence[Subnet]) -> None:
    """Make new subnets known, with their service addresses held by their space."""
    if new:
        services = [row for row in map(service_row, new) if row]
        subnets = [row_of(one) for one in new]
        await session.put(INSERT, subnets=subnets, addresses=services)


async def delete_subnets(session: Session, space: str, gone: Sequence[Subnet]) -> None:
    """Forget subnets that no object holds an address of, with their reservations."""
    cidrs = [one.cidr for one in gone]
    await session.fetch(DELETE_OWN, space=space, cidrs=cidrs)
    await session.fetch(DELETE_SUBNETS, space=space, cidrs=cidrs)


async def replace_subnet(session: Session, old: Subnet, new: Subnet) -> bool:
    """Keep the subnet under its uuid with another service address, more pools, another place; false if the service address is in use.

    The row is written last, so that whoever refills waits for a transaction that waits for nobody. More pools send the frontier back to
    the start: the next refills pass over what is held.
    """
    before, after = service_row(old), service_row(new)
    moved = before != after
    if moved and after and not await claim(session, new, ip_address(after["ip"]), new.space, purpose=SERVICE):
        return False
    row = row_of(new)
    texts = {name: orjson.dumps(row[name]).decode() for name in ("pools", "ranges")}
    await session.fetch(
        REPLACE, subnet=old.uuid, position=new.position, service_address=row["service_address"], start=row["frontier"], **texts
    )
    if moved and before:
        # After the row, whose ranges say whether the address is free for the asking from now on.
        await session.fetch(RELEASE_AT, space=old.space, ip=ip_address(before["ip"]), owner=old.space, purpose=SERVICE)
    return True
