"""Every filter for few rows of a large table is served by an index.

Revision: 0047
Revises: 0046
"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_membership_rank_code_since_id", "membership (rank_code, since, id)"),
    ("ix_membership_until", "membership (until) WHERE until IS NOT NULL"),
    ("ix_assignment_expires_at", "assignment (expires_at) WHERE expires_at IS NOT NULL"),
    ("ix_certificate_revoked_on", "certificate (revoked_on) WHERE revoked_on IS NOT NULL"),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        for name, definition in INDEXES:
            # What is left of a build that was broken off.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}")


def downgrade() -> None:
    for name, _definition in INDEXES:
        op.drop_index(name)
