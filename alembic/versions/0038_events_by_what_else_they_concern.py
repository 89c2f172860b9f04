"""Indexes by which the events of a volunteer, a site and a need are read in their order.

Revision: 0038
Revises: 0037
"""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

COLUMNS = ("volunteer_id", "site_id", "need_id")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        for column in COLUMNS:
            # What is left of a build that was broken off.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS ix_event_{column}_position")
            op.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_event_{column}_position ON event ({column}, position)"
                f" WHERE {column} IS NOT NULL"
            )


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f"ix_event_{column}_position", "event")
