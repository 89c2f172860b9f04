"""Indexes by which the events of an incident, a kabupaten and an organization are read in their order.

Revision: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = ("incident_id", "kabupaten_code", "organization_id")


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
