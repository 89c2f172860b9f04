"""Indexes by which the events of an incident, a kabupaten and an organization are read in their order.

Revision: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = ("incident_id", "kabupaten_code", "organization_id")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        for column in COLUMNS:
            # What is left of a build that was broken off.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS ix_event_{column}")
            op.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_event_{column} ON event ({column}, position)"
                f" WHERE {column} IS NOT NULL"
            )


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f"ix_event_{column}", "event")
