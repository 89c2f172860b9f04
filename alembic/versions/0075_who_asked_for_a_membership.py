"""Which account asked for a membership, or proposed a transfer.

Revision: 0075
Revises: 0074
"""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

# The tables with the kind of the event of what was asked, and the type of its subject.
ASKED = {
    "membership_request": ("membership_request.pending", "MembershipRequest"),
    "membership_transfer": ("membership_transfer.pending", "MembershipTransfer"),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, (kind, subject) in ASKED.items():
        op.add_column(table, sa.Column("asker_id", sa.Uuid(), nullable=True))
        op.execute(
            "-- squawk-ignore require-concurrent-index-creation\n"
            f"CREATE INDEX ix_{table}_asker_id ON {table} (asker_id)"
        )
        op.execute(
            "-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid\n"
            f"ALTER TABLE {table} ADD CONSTRAINT fk_{table}_asker_id FOREIGN KEY (asker_id) REFERENCES account (id)"
        )
        # Of what still waits for its answer.
        op.execute(
            f"UPDATE {table} SET asker_id = event.account_id FROM event"  # noqa: S608  # Only our own table names.
            f" WHERE {table}.status = 'PENDING' AND event.kind = '{kind}'"
            f" AND event.subject_type = '{subject}' AND event.subject_key = {table}.id::text"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ASKED:
        op.drop_constraint(op.f(f"fk_{table}_asker_id"), table, type_="foreignkey")
        op.drop_index(op.f(f"ix_{table}_asker_id"), table_name=table)
        op.drop_column(table, "asker_id")
