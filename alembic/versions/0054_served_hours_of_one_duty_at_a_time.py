"""Served hours of one duty at a time.

Revision: 0054
Revises: 0053
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


# Hours that were counted twice before: of two duties the one that began first ended when the other began.
OVERLAPPING = """
UPDATE served_hours AS earlier SET ends_at = later.starts_at FROM served_hours AS later
  WHERE earlier.status = 'COUNTED' AND later.status = 'COUNTED' AND later.volunteer_id = earlier.volunteer_id
    AND later.starts_at = (SELECT min(starts_at) FROM served_hours AS next WHERE next.status = 'COUNTED'
      AND next.volunteer_id = earlier.volunteer_id AND next.starts_at > earlier.starts_at)
    AND later.starts_at < earlier.ends_at
"""
AT_ONCE = """
UPDATE served_hours AS one SET status = 'REPLACED' WHERE status = 'COUNTED' AND EXISTS (
  SELECT FROM served_hours AS other WHERE other.status = 'COUNTED' AND other.volunteer_id = one.volunteer_id
    AND other.starts_at = one.starts_at AND other.id < one.id)
"""


def upgrade() -> None:
    # Hours are few, a row for each duty that is over.
    op.execute(
        "-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint,"
        " disallowed-unique-constraint, adding-not-nullable-field, ban-drop-constraint\nSET LOCAL lock_timeout = '5s'"
    )
    op.create_unique_constraint(op.f("uq_assignment_id_volunteer_id"), "assignment", ["id", "volunteer_id"])
    op.add_column("served_hours", sa.Column("volunteer_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE served_hours SET volunteer_id = assignment.volunteer_id FROM assignment"
        " WHERE assignment.id = assignment_id"
    )
    op.alter_column("served_hours", "volunteer_id", nullable=False)
    op.execute(AT_ONCE)
    op.execute(OVERLAPPING)
    op.execute(
        "ALTER TABLE served_hours ADD CONSTRAINT ex_served_hours_one_duty_at_a_time EXCLUDE USING gist"
        " (volunteer_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status = 'COUNTED') DEFERRABLE"
    )
    op.drop_constraint(op.f("fk_served_hours_assignment_id"), "served_hours", type_="foreignkey")
    op.create_foreign_key(
        op.f("fk_served_hours_assignment_id_volunteer_id"),
        "served_hours",
        "assignment",
        ["assignment_id", "volunteer_id"],
        ["id", "volunteer_id"],
        onupdate="CASCADE",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint("ex_served_hours_one_duty_at_a_time", "served_hours")
    op.drop_constraint(op.f("fk_served_hours_assignment_id_volunteer_id"), "served_hours", type_="foreignkey")
    op.create_foreign_key(
        op.f("fk_served_hours_assignment_id"), "served_hours", "assignment", ["assignment_id"], ["id"]
    )
    op.drop_column("served_hours", "volunteer_id")
    op.drop_constraint(op.f("uq_assignment_id_volunteer_id"), "assignment", type_="unique")
