"""Let number pools be made: each row says where its numbers start and end, and who holds one may be a name."""

import sqlalchemy as sa
from alembic import op

revision = "d3a4b1c8e5f6"
down_revision = "c2f1a0b7d3e4"
branch_labels = None
depends_on = None

# Security groups had no number of the server's so far. Those whose number nobody else has keep it; all others that want one get the next.
NUMBER_SECURITY_GROUPS = """
WITH groups AS (
    SELECT uuid, created, kept.value AS value, wanted.value AS configured
    FROM resource
    CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(properties -> 'security_group_id') = 'number'
                               THEN (properties ->> 'security_group_id')::numeric END AS value) AS kept
    CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(properties -> 'configured_security_group_id') = 'number'
                               THEN (properties ->> 'configured_security_group_id')::numeric ELSE 0 END AS value) AS wanted
    WHERE kind = 'security-group'
), keeping AS (
    SELECT DISTINCT ON (value) uuid, value::bigint AS value
    FROM groups
    WHERE configured = 0 AND value BETWEEN 8000000 AND 4294967295
    ORDER BY value, created, uuid
), bare AS (
    SELECT uuid, (SELECT coalesce(max(value), 7999999) FROM keeping) + row_number() OVER (ORDER BY created, uuid) AS value
    FROM groups
    WHERE configured = 0 AND uuid NOT IN (SELECT uuid FROM keeping)
), told AS (
    UPDATE resource
    SET properties = jsonb_set(properties, '{security_group_id}', to_jsonb(bare.value))
    FROM bare
    WHERE resource.uuid = bare.uuid
)
INSERT INTO number (pool, value, owner)
SELECT 'security-group-id', value, uuid FROM keeping
UNION ALL
SELECT 'security-group-id', value, uuid FROM bare
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("number_pool", sa.Column("first", sa.BigInteger(), nullable=False, server_default="1"))
    op.add_column("number_pool", sa.Column("end", sa.BigInteger(), nullable=False, server_default=str((1 << 24) - 1)))
    op.add_column("number_pool", sa.Column("system", sa.Boolean(), nullable=False, server_default="true"))
    # What every pool has had so far; from here on each says it.
    for name in ("first", "end", "system"):
        op.alter_column("number_pool", name, server_default=None)
    op.execute(
        """
        INSERT INTO number_pool (pool, first, "end", frontier, system)
        VALUES ('virtual-network-id', 1, 16777215, 0, true),
               ('vxlan-id', 1, 16777215, 0, true),
               ('security-group-id', 8000000, 4294967295, 7999999, true)
        ON CONFLICT DO NOTHING
        """
    )
    # The numbers of automatic route targets; beside an AS of four bytes they have two.
    op.execute(
        """
        INSERT INTO number_pool (pool, first, "end", frontier, system)
        SELECT 'route-target', start, stop, start - 1, true
        FROM (SELECT coalesce(bool_or((properties ->> 'autonomous_system')::numeric > 65535), false) AS long
              FROM resource
              WHERE kind = 'global-system-config' AND jsonb_typeof(properties -> 'autonomous_system') = 'number') AS system
        CROSS JOIN LATERAL (SELECT CASE WHEN long THEN 8000 ELSE 8000000 END AS start,
                                   CASE WHEN long THEN 65535 ELSE 4294967295 END AS stop) AS numbers
        """
    )
    op.add_column("number", sa.Column("holder", sa.Text(), nullable=True))
    op.alter_column("number", "owner", nullable=True)
    op.create_check_constraint(op.f("ck_number_held"), "number", "num_nonnulls(owner, holder) > 0")
    op.execute(NUMBER_SECURITY_GROUPS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM number WHERE pool NOT IN ('virtual-network-id', 'vxlan-id')")
    op.execute("DELETE FROM free_number WHERE pool NOT IN ('virtual-network-id', 'vxlan-id')")
    op.execute("DELETE FROM number_pool WHERE pool NOT IN ('virtual-network-id', 'vxlan-id')")
    # What callers took themselves has no place in the older table; no network has these numbers.
    op.execute("INSERT INTO free_number SELECT pool, value FROM number WHERE holder IS NOT NULL ON CONFLICT DO NOTHING")
    op.execute("DELETE FROM number WHERE holder IS NOT NULL")
    op.drop_constraint(op.f("ck_number_held"), "number")
    op.alter_column("number", "owner", nullable=False)
    op.drop_column("number", "holder")
    for name in ("system", "end", "first"):
        op.drop_column("number_pool", name)
