"""Attendance at duties.

Revision: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


# When duties were accepted and ended, as the feed tells; where it does not, when they were made and last changed.
REPORTED = """
UPDATE assignment SET
  accepted_at = coalesce((SELECT min(at) FROM event WHERE subject_type = 'Assignment'
    AND subject_key = assignment.id::text AND kind = 'assignment.accepted'), created_at),
  checked_in_at = CASE status WHEN 'ON_DUTY' THEN starts_at END,
  released_at = CASE status WHEN 'RELEASED' THEN coalesce((SELECT max(at) FROM event WHERE subject_type = 'Assignment'
    AND subject_key = assignment.id::text AND kind = 'assignment.released'), updated_at) END
WHERE status NOT IN ('OFFERED', 'DECLINED', 'EXPIRED', 'CANCELLED')
"""
# As before, but who has left before the start of a completed duty has served nothing of the promised time.
COMMITMENTS = """
CREATE OR REPLACE FUNCTION keep_commitment_of_promise() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  -- Of a commitment that is changed or deleted, the assignment that it was for.
  key uuid := CASE TG_TABLE_NAME WHEN 'commitment' THEN to_jsonb(OLD) ->> 'assignment_id' ELSE to_jsonb(NEW) ->> 'id' END;
BEGIN
  IF EXISTS (
    SELECT FROM assignment AS a
    WHERE a.id = key AND {completed} AND NOT EXISTS (
      SELECT FROM commitment AS c WHERE c.assignment_id = a.id AND c.volunteer_id = a.volunteer_id
        AND (a.status = 'COMPLETED' OR c.period @> tstzrange(a.starts_at, a.ends_at)))
  ) THEN
    RAISE EXCEPTION 'What a person has promised needs its commitment.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'commitment_of_promise', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
ALWAYS = "a.status IN ('ACCEPTED', 'MOBILIZED', 'ON_DUTY', 'COMPLETED')"
SERVED = f"{ALWAYS} AND (a.status <> 'COMPLETED' OR a.checked_out_at IS NULL OR a.checked_out_at > a.starts_at)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "attendance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('MOBILIZED', 'CHECKED_IN', 'CHECKED_OUT')", name=op.f("ck_attendance_kind")),
        sa.CheckConstraint("mark IN ('BEFORE_ACCEPTANCE', 'IN_FUTURE', 'AFTER_END')", name=op.f("ck_attendance_mark")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_attendance_account_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_attendance_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
        sa.UniqueConstraint("assignment_id", "kind", "at", name=op.f("uq_attendance_assignment_id_kind_at")),
        sa.UniqueConstraint("assignment_id", "nonce", name=op.f("uq_attendance_assignment_id_nonce")),
    )
    op.add_column("assignment", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("assignment", sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("assignment", sa.Column("checked_out_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("assignment", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(REPORTED)
    # What the update has queued is checked now, or the table could not be altered.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(COMMITMENTS.format(completed=SERVED))
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_accepted CHECK (((accepted_at IS NOT NULL) OR (status = ANY (ARRAY['OFFERED'::text, 'DECLINED'::text, 'EXPIRED'::text, 'CANCELLED'::text]))))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_checked_out CHECK (((checked_out_at IS NULL) OR ((checked_in_at IS NOT NULL) AND (checked_out_at > checked_in_at))))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_on_duty CHECK (((checked_in_at IS NOT NULL) OR (status <> 'ON_DUTY'::text)))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_released CHECK (((status = 'RELEASED'::text) = (released_at IS NOT NULL)))"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(COMMITMENTS.format(completed=ALWAYS))
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_accepted")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_checked_out")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_on_duty")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_released")
    op.drop_column("assignment", "released_at")
    op.drop_column("assignment", "checked_out_at")
    op.drop_column("assignment", "checked_in_at")
    op.drop_column("assignment", "accepted_at")
    op.drop_table("attendance")
