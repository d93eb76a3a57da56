"""Subnets and their free lists as tests of races have them: sessions that commit or roll back, and what is held in the end."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import asyncpg

from api_server.ipam.addresses import Held, allocate
from api_server.ipam.ahead import Ahead
from api_server.ipam.departures import DELETE
from api_server.ipam.subnet import Subnet
from api_server.ipam.subnets import insert_subnets
from api_server.store.database import Connection, Database
from api_server.store.statements import Statement

OWNER = """
INSERT INTO resource
  (uuid, kind, fq_name, name_digest, properties, owner, owner_access, global_access, share, enable, user_visible, permissions)
VALUES ($1::text::uuid, 'instance-ip', ARRAY[$1], $1::text::bytea, '{}', 'o', 7, 0, '[]', true, true, '{}')
"""
HELD = "SELECT host(ip) AS ip FROM address WHERE subnet = $1 AND purpose = 'object' ORDER BY ip"


@dataclass(frozen=True)
class Session:
    """A transaction, as the hooks have one."""

    database: Database
    connection: Connection
    ahead: Ahead = field(default_factory=Ahead)

    async def fetch(self, statement: Statement, **given: Any) -> list[asyncpg.Record]:
        return await self.connection.fetch(statement, **given)

    async def put(self, statement: Statement, **rows: list[dict[str, Any]]) -> None:
        await self.connection.execute(statement, **{name: json.dumps(each) for name, each in rows.items()})

    async def owner(self) -> str:
        """An object that may hold addresses."""
        uuid = str(uuid4())
        await self.connection.raw.execute(OWNER, uuid)
        return uuid

    async def remove(self, owner: str) -> None:
        """Delete an owner, as whose deletion the addresses are released."""
        await self.connection.execute(DELETE[True], uuid=owner, yielding=[], touched=[], changes="[]", seen=None)

    async def take(self, *subnets: Subnet, count: int = 1) -> list[str]:
        """Allocate for a new owner; the addresses."""
        return texts(await allocate(self, subnets, await self.owner(), count=count))


@asynccontextmanager
async def session(database: Database) -> AsyncIterator[Session]:
    async with database.transaction() as connection:
        yield Session(database, connection)


async def made(database: Database, cidr: str, **fields: Any) -> Subnet:
    """A subnet of a space of its own, committed."""
    network = ip_network(cidr)
    async with session(database) as tx:
        one = Subnet(str(uuid4()), await tx.owner(), network, network[-2], network[-3], **fields)
        await insert_subnets(tx, [one])
    return one


def texts(held: list[Held]) -> list[str]:
    return [str(one.address) for one in held]


async def held_in(database: Database, one: Subnet) -> list[str]:
    async with database.connection() as connection:
        rows = await connection.raw.fetch(HELD, one.uuid)
    return [row["ip"] for row in rows]


async def take_and_commit(database: Database, *subnets: Subnet) -> list[str]:
    async with session(database) as tx:
        return await tx.take(*subnets)


class Undone(Exception):
    """Rolls a test's transaction back."""
