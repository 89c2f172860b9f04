"""What a letter of assignment rests on.

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
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_assignment_emergency_status_id ON assignment (emergency_status_id)"
    )
    op.execute(
        "-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid\n"
        "ALTER TABLE assignment ADD CONSTRAINT fk_assignment_emergency_status_id"
        " FOREIGN KEY (emergency_status_id) REFERENCES emergency_status (id)"
    )
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_accepted_first"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_accepted_first CHECK (((accepted_at IS NOT NULL) OR (num_nonnulls(organization_id, checked_in_at, checked_out_at, released_at, proposed_ends_at, rating, emergency_status_id) = 0)))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_decree CHECK ((num_nonnulls(emergency_status_id, decree_number) = ANY (ARRAY[0, 2])))"
    )
    # What letters say so far.
    op.execute(
        """UPDATE assignment SET emergency_status_id = found.status_id, decree_number = found.decree_number
        FROM (
            SELECT DISTINCT ON (duty.id) duty.id, status.id AS status_id, status.decree_number
            FROM assignment AS duty
            JOIN need ON need.id = duty.need_id
            JOIN province ON province.code = left(need.kabupaten_code, 2)
            JOIN emergency_status AS status ON status.incident_id = need.incident_id
            WHERE duty.accepted_at IS NOT NULL
                AND (status.kabupaten_code = need.kabupaten_code OR status.province_code = province.code OR status.level = 'NATIONAL')
                AND (duty.starts_at AT TIME ZONE province.time_zone)::date BETWEEN status.starts_on AND status.ends_on
            ORDER BY duty.id, array_position(ARRAY['KABUPATEN', 'PROVINCE', 'NATIONAL'], status.level), status.id
        ) AS found
        WHERE found.id = assignment.id"""
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_decree")
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_accepted_first"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_accepted_first CHECK (((accepted_at IS NOT NULL) OR (num_nonnulls(organization_id, checked_in_at, checked_out_at, released_at, proposed_ends_at, rating) = 0)))"
    )
    op.drop_constraint(op.f("fk_assignment_emergency_status_id"), "assignment", type_="foreignkey")
    op.drop_index(op.f("ix_assignment_emergency_status_id"), table_name="assignment")
    op.drop_column("assignment", "decree_number")
    op.drop_column("assignment", "emergency_status_id")
