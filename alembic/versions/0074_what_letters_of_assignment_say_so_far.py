"""What letters of assignment say so far.

Revision: 0074
Revises: 0073
"""

from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Before the rows are filled, as a constraint is not validated while triggers of the table wait. Readers and writers go on.
    for constraint in ("fk_assignment_emergency_status_id", "ck_assignment_accepted_first", "ck_assignment_decree"):
        op.execute(f"ALTER TABLE assignment VALIDATE CONSTRAINT {constraint}")
    op.execute(
        """UPDATE assignment SET emergency_status_id = found.status_id, decree_number = found.decree_number
        FROM (
            SELECT DISTINCT ON (duty.id) duty.id, status.id AS status_id, status.decree_number
            FROM assignment AS duty
            JOIN need ON need.id = duty.need_id
            JOIN province ON province.code = left(need.kabupaten_code, 2)
            JOIN emergency_status AS status ON status.incident_id = need.incident_id
            WHERE duty.accepted_at IS NOT NULL AND duty.emergency_status_id IS NULL
                AND (status.kabupaten_code = need.kabupaten_code OR status.province_code = province.code OR status.level = 'NATIONAL')
                AND (duty.starts_at AT TIME ZONE province.time_zone)::date BETWEEN status.starts_on AND status.ends_on
            ORDER BY duty.id, array_position(ARRAY['KABUPATEN', 'PROVINCE', 'NATIONAL'], status.level), status.id
        ) AS found
        WHERE found.id = assignment.id"""
    )


def downgrade() -> None:
    """What was filled in goes with its columns."""
