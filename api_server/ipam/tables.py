"""Subnets and who holds their addresses; number pools and who holds their numbers.

`address` and `number` are the truth: their primary keys settle every race. `free_address` and `free_number` only propose (see freelist.py).
"""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import CIDR, INET, JSONB, UUID

from api_server.store.tables import metadata


def _uuid() -> UUID[str]:
    return UUID(as_uuid=False)


def _owner(*, nullable: bool = False) -> Column[str]:
    # Deferred: a hook takes an address before the row of its owner is written. The cascade is for owners that are networks; whoever deletes
    # another owner releases in a statement first, or the address would be held by nobody and free for nobody.
    return Column(
        "owner", _uuid(), ForeignKey("resource.uuid", ondelete="CASCADE", deferrable=True, initially="DEFERRED"), nullable=nullable
    )


subnet = Table(
    "subnet",
    metadata,
    Column("uuid", _uuid(), primary_key=True),
    # The network for a user-defined subnet, the network-ipam for a flat one.
    # Deferred as an owner is.
    Column("space", _uuid(), ForeignKey("resource.uuid", ondelete="CASCADE", deferrable=True, initially="DEFERRED"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("cidr", CIDR, nullable=False),
    Column("gateway", INET),
    Column("service_address", INET),
    Column("pools", JSONB, nullable=False),
    Column("addr_from_start", Boolean, nullable=False),
    Column("alloc_unit", BigInteger, nullable=False),
    # Subnet.ranges, for the statement that releases: only what lies in them may become free again.
    Column("ranges", JSONB, nullable=False),
    # The last address in scan order that was made a row of free_address; nothing beyond it is free for the asking yet.
    Column("frontier", INET, nullable=False),
    # A virtual router's own part of a flat subnet (contract 3.4 virtual-router); null for all others.
    Column("router", _uuid(), ForeignKey("resource.uuid", ondelete="CASCADE")),
    Index(None, "space"),
    Index(None, "router"),
    Index(None, "cidr"),
)

address = Table(
    "address",
    metadata,
    Column("space", _uuid(), primary_key=True),
    Column("ip", INET, primary_key=True),
    # No cascade: whoever removes a subnet while an object takes an address of it is told so here.
    Column("subnet", _uuid(), ForeignKey("subnet.uuid"), nullable=False),
    _owner(),
    # 'object': an instance-ip or the like; 'reserved': ip-alloc, owned by the network; 'service': DNS, owned by network or ipam.
    Column("purpose", Text, nullable=False),
    # What a subnet holds is counted without looking at the rows.
    Index(None, "subnet", "purpose"),
    Index(None, "owner"),
    Index(None, "ip"),
)

free_address = Table(
    "free_address",
    metadata,
    Column("subnet", _uuid(), ForeignKey("subnet.uuid", ondelete="CASCADE"), primary_key=True),
    Column("ip", INET, primary_key=True),
)

number_pool = Table(
    "number_pool",
    metadata,
    Column("pool", Text, primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("frontier", BigInteger, nullable=False),
    # The server draws from it, or has it from the start: no caller may remove it.
    Column("system", Boolean, nullable=False),
)

number = Table(
    "number",
    metadata,
    Column("pool", Text, primary_key=True),
    Column("value", BigInteger, primary_key=True),
    _owner(nullable=True),
    # The words of a caller who took it himself (contract 1.15); null where the server took it for its owner.
    Column("holder", Text),
    CheckConstraint("num_nonnulls(owner, holder) > 0", name="held"),
    Index(None, "owner"),
)

free_number = Table(
    "free_number",
    metadata,
    Column("pool", Text, primary_key=True),
    Column("value", BigInteger, primary_key=True),
)
