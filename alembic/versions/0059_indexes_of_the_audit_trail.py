"""Indexes by which auditors find events: by account, kind and time.

Revision: 0059
Revises: 0058
"""

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_event_account_id_position": "(account_id, position) WHERE account_id IS NOT NULL",
    "ix_event_at": "USING brin (at)",
    "ix_event_kind_position": "(kind, position)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        for name, definition in INDEXES.items():
            # What is left of a build that was broken off.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON event {definition}")


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "event")
