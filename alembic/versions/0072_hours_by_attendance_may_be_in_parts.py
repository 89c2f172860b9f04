"""Hours by attendance may be in parts.

Revision: 0072
Revises: 0071
"""

from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


# The table is small so far: one row for each duty that is over.
CREATE = "-- squawk-ignore require-concurrent-index-creation\nCREATE UNIQUE INDEX uq_served_hours_counted ON served_hours (assignment_id)"
DROP = "-- squawk-ignore require-concurrent-index-deletion\nDROP INDEX uq_served_hours_counted"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(DROP)
    op.execute(f"{CREATE} WHERE status = 'COUNTED' AND source <> 'ATTENDANCE'")


def downgrade() -> None:
    """Of several parts the first goes on counting."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """UPDATE served_hours SET status = 'REPLACED' WHERE status = 'COUNTED' AND EXISTS (
            SELECT FROM served_hours AS earlier WHERE earlier.assignment_id = served_hours.assignment_id
                AND earlier.status = 'COUNTED' AND earlier.starts_at < served_hours.starts_at)"""
    )
    op.execute(DROP)
    op.execute(f"{CREATE} WHERE status = 'COUNTED'")
