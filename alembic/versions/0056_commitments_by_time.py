"""Commitments by their time, whoever's they are, and who may not be sent anywhere.

Revision: 0056
Revises: 0055
"""

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_commitment_period", "commitment USING gist (period) INCLUDE (volunteer_id)"),
    (
        "ix_volunteer_unavailable",
        (
            "volunteer (province_code, kabupaten_code) INCLUDE (status)"
            " WHERE status <> 'ACTIVE' OR consent_given_at IS NULL OR consent_withdrawn_at IS NOT NULL"
        ),
    ),
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
