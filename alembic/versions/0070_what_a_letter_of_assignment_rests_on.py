"""What a letter of assignment rests on.

Its index is in 0071, what letters say so far in 0074: here nothing is read through while the table is locked.

Revision: 0070
Revises: 0069
"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("assignment", sa.Column("emergency_status_id", sa.Uuid(), nullable=True))
    op.add_column("assignment", sa.Column("decree_number", sa.Text(), nullable=True))
    op.execute(
        "ALTER TABLE assignment ADD CONSTRAINT fk_assignment_emergency_status_id"
        " FOREIGN KEY (emergency_status_id) REFERENCES emergency_status (id) NOT VALID"
    )
    # Another one of the same name follows in this transaction.
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_accepted_first"
    )
    op.execute(
        "ALTER TABLE assignment ADD CONSTRAINT ck_assignment_accepted_first CHECK (((accepted_at IS NOT NULL) OR (num_nonnulls(organization_id, checked_in_at, checked_out_at, released_at, proposed_ends_at, rating, emergency_status_id) = 0))) NOT VALID"
    )
    op.execute(
        "ALTER TABLE assignment ADD CONSTRAINT ck_assignment_decree CHECK ((num_nonnulls(emergency_status_id, decree_number) = ANY (ARRAY[0, 2]))) NOT VALID"
    )


def downgrade() -> None:
    """The table is read through for the old CHECK, while it is locked."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE assignment DROP CONSTRAINT ck_assignment_decree")
    op.execute("ALTER TABLE assignment DROP CONSTRAINT ck_assignment_accepted_first")
    op.execute(
        "ALTER TABLE assignment ADD CONSTRAINT ck_assignment_accepted_first CHECK (((accepted_at IS NOT NULL) OR (num_nonnulls(organization_id, checked_in_at, checked_out_at, released_at, proposed_ends_at, rating) = 0)))"
    )
    op.drop_constraint(op.f("fk_assignment_emergency_status_id"), "assignment", type_="foreignkey")
    op.drop_column("assignment", "decree_number")
    op.drop_column("assignment", "emergency_status_id")
