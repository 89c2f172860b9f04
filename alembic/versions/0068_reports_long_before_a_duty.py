"""Reports long before a duty.

Revision: 0068
Revises: 0067
"""

from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE attendance DROP CONSTRAINT ck_attendance_mark")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE attendance ADD CONSTRAINT ck_attendance_mark CHECK ((mark = ANY (ARRAY['BEFORE_ACCEPTANCE'::text, 'TOO_EARLY'::text, 'IN_FUTURE'::text, 'AFTER_END'::text])))"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE attendance DROP CONSTRAINT ck_attendance_mark")
    # Neither counts.
    op.execute("UPDATE attendance SET mark = 'BEFORE_ACCEPTANCE' WHERE mark = 'TOO_EARLY'")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE attendance ADD CONSTRAINT ck_attendance_mark CHECK ((mark = ANY (ARRAY['BEFORE_ACCEPTANCE'::text, 'IN_FUTURE'::text, 'AFTER_END'::text])))"
    )
