"""Memberships once per organization and time, by an index that serves this rule alone.

Revision: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
-- squawk-ignore ban-drop-constraint
ALTER TABLE membership DROP CONSTRAINT ex_membership_once
""")
    # The planner cannot match the expressions, and so looks for memberships in the B-trees.
    # An exclusion cannot be added without looking at the rows.
    op.execute("""
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE membership ADD CONSTRAINT ex_membership_once EXCLUDE USING gist (
  coalesce(volunteer_id, volunteer_id) WITH =,
  coalesce(organization_id, organization_id) WITH =,
  daterange(since, until, '[]') WITH &&
)
""")


def downgrade() -> None:
    op.execute("ALTER TABLE membership DROP CONSTRAINT ex_membership_once")
    op.execute("""
ALTER TABLE membership ADD CONSTRAINT ex_membership_once EXCLUDE USING gist (
  volunteer_id WITH =, organization_id WITH =, daterange(since, until, '[]') WITH &&
)
""")
