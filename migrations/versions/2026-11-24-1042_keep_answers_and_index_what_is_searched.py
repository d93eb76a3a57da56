"""Keep the answers to requests that carry an Idempotency-Key, and index what a search looks at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "e4b5c2d9f607"
down_revision = "d3a4b1c8e5f6"
branch_labels = None
depends_on = None

# What a search finds an object by beside its name, in lower case: its MAC addresses, or its own address.
_FOUND_BY = """lower(coalesce(
    properties #> '{virtual_machine_interface_mac_addresses,mac_address}',
    properties -> 'instance_ip_address',
    properties -> 'floating_ip_address',
    properties -> 'alias_ip_address'
)::text COLLATE "C")::jsonb"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "kept_answer",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True, precision=6), server_default=sa.text("statement_timestamp()"), nullable=False),
        sa.Column("status", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("media_type", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("body", sa.LargeBinary(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_kept_answer")),
    )
    op.create_index(op.f("ix_kept_answer_at"), "kept_answer", ["at"], unique=False)
    # Columns, not indexes of expressions, and room on the page for the next version of a row: then an update touches no index.
    op.execute("ALTER TABLE resource SET (fillfactor = 85)")
    op.execute(
        f"""
        ALTER TABLE resource
            ADD name text COLLATE "C" GENERATED ALWAYS AS (lower(fq_name[cardinality(fq_name)])) STORED,
            ADD found_by jsonb GENERATED ALWAYS AS ({_FOUND_BY}) STORED
        """
    )
    op.execute("CREATE INDEX ix_resource_kind_name ON resource (kind, name) INCLUDE (uuid)")
    op.execute("CREATE INDEX ix_resource_found_by ON resource USING gin (found_by) WITH (fastupdate = off) WHERE found_by IS NOT NULL")
    op.execute("CREATE INDEX ix_subnet_cidr ON subnet (cidr)")
    op.execute("CREATE INDEX ix_address_ip ON address (ip)")
    # Counts what a subnet holds without looking at the rows; the one it replaces only found them.
    op.execute("CREATE INDEX ix_address_subnet_purpose ON address (subnet, purpose)")
    op.execute("DROP INDEX ix_address_subnet")
    # As with the parents of resources: one subnet with a million addresses must not make a count of any other look dear.
    op.execute("ALTER TABLE address ALTER space SET (n_distinct = -0.05), ALTER subnet SET (n_distinct = -0.05)")
    op.execute("ANALYZE resource")
    op.execute("ANALYZE address")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE address ALTER space RESET (n_distinct), ALTER subnet RESET (n_distinct)")
    op.execute("CREATE INDEX ix_address_subnet ON address (subnet)")
    op.execute("DROP INDEX ix_address_subnet_purpose")
    op.execute("DROP INDEX ix_address_ip")
    op.execute("DROP INDEX ix_subnet_cidr")
    op.execute("ALTER TABLE resource DROP found_by, DROP name")
    op.execute("ALTER TABLE resource RESET (fillfactor)")
    op.drop_index(op.f("ix_kept_answer_at"), table_name="kept_answer")
    op.drop_table("kept_answer")
