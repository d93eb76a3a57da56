"""The tables every kind shares; those of addresses and numbers are in `ipam/tables.py`, on the same metadata."""

from functools import reduce

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, UUID
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


class PgSnapshot(UserDefinedType[str]):
    """Which transactions a statement sees."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "pg_snapshot"


# Byte order ("C") everywhere names are compared: the same on every server, and what clients page through.
Name = ARRAY(Text(collation="C"))
Moment = TIMESTAMP(timezone=True, precision=6)
change_revision = Sequence("change_revision", metadata=metadata)

resource = Table(
    "resource",
    metadata,
    Column("uuid", UUID(as_uuid=False), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("fq_name", Name, nullable=False),
    # The name itself overflows an index entry (4 x 255 CJK characters), its digest never does.
    Column("name_digest", LargeBinary, nullable=False),
    Column("parent", UUID(as_uuid=False), ForeignKey("resource.uuid", ondelete="RESTRICT"), nullable=True),
    Column("parent_kind", Text, nullable=True),
    Column("properties", JSONB, nullable=False),
    Column("positions", JSONB, nullable=True),
    Column("owner", Text, nullable=False),
    Column("owner_access", SmallInteger, nullable=False),
    Column("global_access", SmallInteger, nullable=False),
    Column("share", JSONB, nullable=False),
    Column("enable", Boolean, nullable=False),
    Column("user_visible", Boolean, nullable=False),
    Column("description", Text, nullable=True),
    Column("creator", Text, nullable=True),
    Column("permissions", JSONB, nullable=False),
    Column("created", Moment, nullable=False, server_default=func.statement_timestamp()),
    Column("modified", Moment, nullable=False, server_default=func.statement_timestamp()),
    # By what a search finds it (model/found_by.py). Not generated: PostgreSQL would plan their expressions anew for every statement.
    Column("name", Text(collation="C"), nullable=True),
    Column("found_by", Text(collation="C"), nullable=True),
    # The few that have several keys have the others here.
    Column("also_found_by", Name, nullable=True),
    UniqueConstraint("kind", "name_digest"),
    Index(None, "parent", "kind"),
    Index(None, "kind", "name", postgresql_include=["uuid"]),
)
Index("ix_resource_found_by", resource.c.found_by, postgresql_where=resource.c.found_by.is_not(None))
Index("ix_resource_also_found_by", resource.c.also_found_by, postgresql_using="gin", postgresql_where=resource.c.also_found_by.is_not(None))

# How a name begins, joined by colons: the order of lists without an anchor (contract 1.5). Names are longer than an index entry may be,
# but no deeper than this: what they would lack here, they have in common.
LONGEST_BEGINNING = 500
BEGINNING = func.left(
    reduce(
        lambda joined, place: joined.concat(
            func.coalesce(literal_column("':'").concat(resource.c.fq_name[literal_column(place)]), literal_column("''"))
        ),
        "2345",
        resource.c.fq_name[literal_column("1")],
    ),
    literal_column(str(LONGEST_BEGINNING)),
)
Index("ix_resource_kind_beginning", resource.c.kind, BEGINNING)

reference = Table(
    "reference",
    metadata,
    Column("source", UUID(as_uuid=False), ForeignKey("resource.uuid", ondelete="CASCADE"), primary_key=True),
    Column("target", UUID(as_uuid=False), ForeignKey("resource.uuid", ondelete="RESTRICT"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("attr", JSONB, nullable=True),
    Column("relaxed", Boolean, nullable=False, server_default=text("false")),
    Index(None, "target"),
)

change = Table(
    "change",
    metadata,
    # Drawn while the row of the object is locked, so it orders the changes of one object.
    Column("revision", BigInteger, nullable=False, server_default=change_revision.next_value()),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("at", Moment, nullable=False, server_default=func.statement_timestamp()),
    Column("operation", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("uuid", UUID(as_uuid=False), nullable=False),
    Column("fq_name", Name, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    # Of the object as this change left it; a create has both from its own statement.
    Column("created", Moment, nullable=True, server_default=func.statement_timestamp()),
    Column("modified", Moment, nullable=True, server_default=func.statement_timestamp()),
    Column("before", JSONB, nullable=True),
    Column("after", JSONB, nullable=True),
    # One index serves both ways to a row: by transaction, when it is numbered, and by position, when it is read.
    PrimaryKeyConstraint("xid", "revision", "at"),
    postgresql_partition_by="RANGE (at)",
)

# Positions are given after commit, by one numbering pass at a time; a number drawn by the writer would not be an order.
# They are a table of their own: written into `change` they would write each of its wide rows twice.
change_position = Table(
    "change_position",
    metadata,
    Column("position", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("xid", Xid8, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("uuid", UUID(as_uuid=False), nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    PrimaryKeyConstraint("position", "at"),
    Index(None, "uuid", "position"),
    Index(None, "request_id"),
    postgresql_partition_by="RANGE (at)",
)

# One row: the changes that have positions are those that this snapshot sees.
numbering = Table(
    "numbering",
    metadata,
    Column("one", Boolean, CheckConstraint("one", name="one_row"), primary_key=True, server_default=text("true")),
    Column("seen", PgSnapshot, nullable=False),
    Column("position", BigInteger, nullable=False),
    # The highest position that retention has dropped; what is asked from before it cannot be told in full.
    Column("forgotten", BigInteger, nullable=False, server_default=text("0")),
)
