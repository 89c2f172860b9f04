"""Names are found by similar words, volunteers by their numbers of membership.

Revision: 0033
Revises: 0032
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

NAMED = ("volunteer", "organization", "incident", "site", "camp", "kecamatan")
INDEXES = (
    *((f"ix_{table}_sort_key", f"{table} USING gin (sort_key gin_trgm_ops)") for table in NAMED),
    ("ix_membership_number_key", "membership (number_key)"),
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
