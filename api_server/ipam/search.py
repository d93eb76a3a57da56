"""
What is found under a text, the closest first: everything by an index but names that hold the text somewhere inside.

Those are looked for last, only when nothing better has filled the answer, in the index of names, of which at most `SCANNED` are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

import asyncpg

from api_server.ipam.addresses import OBJECT
from api_server.ipam.lookups import LOOKUPS, Lookups
from api_server.ipam.sought import HIGHEST, Sought
from api_server.ipam.subnet import Network
from api_server.model.caller import Caller
from api_server.model.found_by import folded
from api_server.model.resource import Link
from api_server.store.database import Connection
from api_server.store.resources import link_of
from api_server.store.sight import sight_of
from api_server.store.statements import Statement

SCANNED = 2_000_000
NEARNESS = ("exact", "prefix", "substring")


@dataclass(frozen=True)
class Match:
    """An object that was found: by which field, how near, and what it has there; the subnet if it is about addresses."""

    found: Link
    field: str
    how: str
    value: str
    subnet: str = ""
    cidr: str = ""


async def search(connection: Connection, caller: Caller, sought: Sought, kinds: Sequence[str], most: int) -> list[Match]:
    """At most `most` matches of these kinds, the closest first: exact ones, then what begins so, then what holds it."""
    reader = _Reader(connection, caller, kinds, most)
    found: dict[tuple[str, str], Match] = {}
    for step in (_by_uuid, _by_key, _by_address, _by_name, _by_prefix, _by_part):
        for match in await step(reader, sought):
            found.setdefault((match.found.uuid, match.subnet if match.field == "subnet" else ""), match)
        if len(found) >= most:
            break
    return list(found.values())[:most]


@dataclass(frozen=True)
class _Reader:
    """What every statement of a search is given."""

    connection: Connection
    caller: Caller
    kinds: Sequence[str]
    most: int

    @property
    def lookups(self) -> Lookups:
        return LOOKUPS[not self.caller.admin]

    async def fetch(self, statement: Statement, **given: Any) -> list[asyncpg.Record]:
        sight = {} if self.caller.admin else sight_of(self.caller)
        return await self.connection.fetch(statement, kinds=list(self.kinds), most=self.most, **sight, **given)


async def _by_uuid(reader: _Reader, sought: Sought) -> list[Match]:
    if sought.uuids is None:
        return []
    low, high = sought.uuids
    how = "exact" if low == high else "prefix"
    objects = await reader.fetch(reader.lookups.with_uuid, low=low, high=high)
    subnets = await reader.fetch(reader.lookups.subnet_with_uuid, low=low, high=high)
    return [*(Match(link_of(row), "uuid", how, row["uuid"]) for row in objects), *(_of_subnet(row, how) for row in subnets)]


async def _by_key(reader: _Reader, sought: Sought) -> list[Match]:
    """Those that have it as their MAC address or as their own address, be it held or not (contract 4.5: gateways, link-local)."""
    if not sought.keys:
        return []
    rows = await reader.fetch(reader.lookups.with_key, sought=sought.keys)
    return [Match(link_of(row), "mac" if sought.mac else "address", "exact", sought.keys[0]) for row in rows]


async def _by_address(reader: _Reader, sought: Sought) -> list[Match]:
    """Who holds the address, and the subnets that it lies in."""
    if sought.address is None:
        return []
    subnets = await reader.fetch(reader.lookups.subnets_around, cidrs=_around(ip_network(sought.address)))
    # Where blocks are given, a block is known by its lowest address.
    blocks = {int(sought.address) % row["alloc_unit"] for row in subnets}
    held = await reader.fetch(reader.lookups.held_at, addresses=[sought.address - offset for offset in blocks])
    holders = [row for row in held if int(sought.address) - int(ip_address(row["held"])) < row["alloc_unit"]]
    return [*(_of_holder(row, "exact") for row in holders), *(_of_subnet(row, "around") for row in subnets)]


async def _by_prefix(reader: _Reader, sought: Sought) -> list[Match]:
    """For a prefix of addresses: itself and what is around it, what is inside, and the addresses held in it."""
    if sought.cidr is None:
        return []
    around = await reader.fetch(reader.lookups.subnets_around, cidrs=_around(sought.cidr))
    within = await reader.fetch(reader.lookups.subnets_within, cidr=sought.cidr, last=sought.cidr.broadcast_address)
    held = await reader.fetch(reader.lookups.held_within, first=sought.cidr.network_address, last=sought.cidr.broadcast_address)
    return [
        *(_of_subnet(row, "exact" if row["cidr"] == sought.cidr else "around") for row in around),
        *(_of_subnet(row, "within") for row in within),
        *(_of_holder(row, "within") for row in held),
    ]


async def _by_name(reader: _Reader, sought: Sought) -> list[Match]:
    """Those whose name begins so, the same name first; also by the last part of an fq_name with its parents before it."""
    rows = await reader.fetch(reader.lookups.beginning, low=sought.text, high=sought.text + HIGHEST)
    named = [Match(link_of(row), "name", "exact" if row["name"] == sought.text else "prefix", row["fq_name"][-1]) for row in rows]
    if not sought.last_name:
        return named
    below = await reader.fetch(reader.lookups.beginning_below, low=sought.last_name, high=sought.last_name + HIGHEST, within=sought.text)
    matches = [Match(link_of(row), "fq_name", _nearness(":".join(row["fq_name"]), sought.text), ":".join(row["fq_name"])) for row in below]
    return sorted([*named, *matches], key=lambda match: NEARNESS.index(match.how))


async def _by_part(reader: _Reader, sought: Sought) -> list[Match]:
    rows = await reader.fetch(reader.lookups.holding, text=sought.text, scanned=SCANNED)
    return [Match(link_of(row), "name", "substring", row["fq_name"][-1]) for row in rows]


def _nearness(text: str, sought: str) -> str:
    text = folded(text)
    return "exact" if text == sought else "prefix" if text.startswith(sought) else "substring"


def _around(cidr: Network) -> list[Network]:
    """The prefix and every one that it lies in."""
    return [cidr.supernet(new_prefix=length) for length in range(cidr.prefixlen + 1)]


def _of_subnet(row: asyncpg.Record, how: str) -> Match:
    return Match(link_of(row), "subnet", how, str(row["cidr"]), row["subnet"], str(row["cidr"]))


def _of_holder(row: asyncpg.Record, how: str) -> Match:
    return Match(link_of(row), "address" if row["purpose"] == OBJECT else row["purpose"], how, row["held"], row["subnet"], str(row["cidr"]))
