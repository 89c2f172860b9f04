"""Roles of closed organizations, and of the staff of their camps, end.

Revision: 0079
Revises: 0078
"""

from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "UPDATE role SET ended_at = now(), updated_at = now(), version = role.version + 1 FROM organization"
        " WHERE role.ended_at IS NULL AND organization.verification = 'CLOSED' AND organization.id ="
        " coalesce(role.organization_id, (SELECT host_id FROM camp WHERE camp.id = role.camp_id))"
    )


def downgrade() -> None:
    """Nothing: the roles stay ended."""
