"""Hours by attendance may be in parts.

Revision: 0072
Revises: 0071
"""

from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    replace_index("status = 'COUNTED' AND source <> 'ATTENDANCE'")


def downgrade() -> None:
    """Of several parts the first goes on counting."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """UPDATE served_hours SET status = 'REPLACED' WHERE status = 'COUNTED' AND EXISTS (
            SELECT FROM served_hours AS earlier WHERE earlier.assignment_id = served_hours.assignment_id
                AND earlier.status = 'COUNTED' AND earlier.starts_at < served_hours.starts_at)"""
    )
    replace_index("status = 'COUNTED'")


def replace_index(predicate: str) -> None:
    """The old one stays until the new one is built; it can be run again from wherever it was broken off."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_served_hours_counted_new")
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_served_hours_counted_new"
            f" ON served_hours (assignment_id) WHERE {predicate}"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_served_hours_counted")
        # No client names an index.
        op.execute(
            "-- squawk-ignore renaming-object\nALTER INDEX uq_served_hours_counted_new RENAME TO uq_served_hours_counted"
        )
