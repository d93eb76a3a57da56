"""Create the tables of resources, addresses, numbers and changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api_server.store.tables import Xid8

revision = "77046f3011c2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "change",
        sa.Column("revision", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True, precision=6), server_default=sa.text("statement_timestamp()"), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("uuid", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("fq_name", postgresql.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_change")),
        sa.UniqueConstraint("position", name=op.f("uq_change_position")),
    )
    op.create_index(op.f("ix_change_xid"), "change", ["xid"], unique=False)
    op.create_table(
        "free_number",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "value", name=op.f("pk_free_number")),
    )
    op.create_table(
        "key_value",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_key_value")),
    )
    op.create_table(
        "number_pool",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("frontier", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pool", name=op.f("pk_number_pool")),
    )
    op.create_table(
        "resource",
        sa.Column("uuid", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fq_name", postgresql.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.Column("name_digest", sa.LargeBinary(), nullable=False),
        sa.Column("parent", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("parent_kind", sa.Text(), nullable=True),
        sa.Column("properties", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("positions", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("owner_access", sa.SmallInteger(), nullable=False),
        sa.Column("global_access", sa.SmallInteger(), nullable=False),
        sa.Column("share", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("enable", sa.Boolean(), nullable=False),
        sa.Column("user_visible", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("creator", sa.Text(), nullable=True),
        sa.Column("permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created", postgresql.TIMESTAMP(timezone=True, precision=6), server_default=sa.text("statement_timestamp()"), nullable=False
        ),
        sa.Column(
            "modified", postgresql.TIMESTAMP(timezone=True, precision=6), server_default=sa.text("statement_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["parent"], ["resource.uuid"], name=op.f("fk_resource_parent"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_resource")),
        sa.UniqueConstraint("kind", "name_digest", name=op.f("uq_resource_kind_name_digest")),
    )
    op.create_index(op.f("ix_resource_parent_kind"), "resource", ["parent", "kind"], unique=False)
    op.create_table(
        "number",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.UUID(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner"], ["resource.uuid"], name=op.f("fk_number_owner"), ondelete="CASCADE", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("pool", "value", name=op.f("pk_number")),
    )
    op.create_index(op.f("ix_number_owner"), "number", ["owner"], unique=False)
    op.create_table(
        "reference",
        sa.Column("source", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("target", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("attr", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("relaxed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["resource.uuid"], name=op.f("fk_reference_source"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target"], ["resource.uuid"], name=op.f("fk_reference_target"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("source", "target", name=op.f("pk_reference")),
    )
    op.create_index(op.f("ix_reference_target"), "reference", ["target"], unique=False)
    op.create_table(
        "subnet",
        sa.Column("uuid", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("space", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("cidr", postgresql.CIDR(), nullable=False),
        sa.Column("gateway", postgresql.INET(), nullable=True),
        sa.Column("service_address", postgresql.INET(), nullable=True),
        sa.Column("pools", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("addr_from_start", sa.Boolean(), nullable=False),
        sa.Column("alloc_unit", sa.BigInteger(), nullable=False),
        sa.Column("ranges", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("frontier", postgresql.INET(), nullable=False),
        sa.Column("router", sa.UUID(as_uuid=False), nullable=True),
        sa.ForeignKeyConstraint(["router"], ["resource.uuid"], name=op.f("fk_subnet_router"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["space"], ["resource.uuid"], name=op.f("fk_subnet_space"), ondelete="CASCADE", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_subnet")),
    )
    op.create_index(op.f("ix_subnet_router"), "subnet", ["router"], unique=False)
    op.create_index(op.f("ix_subnet_space"), "subnet", ["space"], unique=False)
    op.create_table(
        "address",
        sa.Column("space", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("ip", postgresql.INET(), nullable=False),
        sa.Column("subnet", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("owner", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner"], ["resource.uuid"], name=op.f("fk_address_owner"), ondelete="CASCADE", initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["subnet"], ["subnet.uuid"], name=op.f("fk_address_subnet")),
        sa.PrimaryKeyConstraint("space", "ip", name=op.f("pk_address")),
    )
    op.create_index(op.f("ix_address_owner"), "address", ["owner"], unique=False)
    op.create_index(op.f("ix_address_subnet"), "address", ["subnet"], unique=False)
    op.create_table(
        "free_address",
        sa.Column("subnet", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("ip", postgresql.INET(), nullable=False),
        sa.ForeignKeyConstraint(["subnet"], ["subnet.uuid"], name=op.f("fk_free_address_subnet"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("subnet", "ip", name=op.f("pk_free_address")),
    )
    # Few parents with many children make a generic plan look dear, and PostgreSQL would plan anew at every read; with these it
    # knows that most parents have few (they take effect at ANALYZE).
    op.execute("ALTER TABLE resource ALTER parent SET (n_distinct = -0.5)")
    op.execute("ALTER TABLE reference ALTER source SET (n_distinct = -0.5), ALTER target SET (n_distinct = -0.5)")
    op.execute("ANALYZE resource")
    op.execute("ANALYZE reference")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("free_address")
    op.drop_index(op.f("ix_address_subnet"), table_name="address")
    op.drop_index(op.f("ix_address_owner"), table_name="address")
    op.drop_table("address")
    op.drop_index(op.f("ix_subnet_space"), table_name="subnet")
    op.drop_index(op.f("ix_subnet_router"), table_name="subnet")
    op.drop_table("subnet")
    op.drop_index(op.f("ix_reference_target"), table_name="reference")
    op.drop_table("reference")
    op.drop_index(op.f("ix_number_owner"), table_name="number")
    op.drop_table("number")
    op.drop_index(op.f("ix_resource_parent_kind"), table_name="resource")
    op.drop_table("resource")
    op.drop_table("number_pool")
    op.drop_table("key_value")
    op.drop_table("free_number")
    op.drop_index(op.f("ix_change_xid"), table_name="change")
    op.drop_table("change")
