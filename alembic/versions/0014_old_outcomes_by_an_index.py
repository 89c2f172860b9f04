"""An index by which outcomes that are too old are found.

Revision: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        # What is left of a build that was broken off.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_idempotency_created_at")
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_idempotency_created_at ON idempotency USING brin (created_at)"
        )


def downgrade() -> None:
    op.drop_index("ix_idempotency_created_at", "idempotency")
