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
        "WITH ended AS (UPDATE role SET ended_at = now(), updated_at = now(), version = role.version + 1 FROM organization"
        " WHERE role.ended_at IS NULL AND organization.verification = 'CLOSED' AND organization.id ="
        " coalesce(role.organization_id, (SELECT host_id FROM camp WHERE camp.id = role.camp_id)) RETURNING role.*)"
        # As the event of a closure now, by the operator who migrates.
        " INSERT INTO event (at, actor_kind, kind, subject_type, subject_key, change, organization_id)"
        " SELECT ended_at, 'OPERATOR', 'role.revoked', 'Role', id::text, jsonb_strip_nulls(jsonb_build_object("
        "'account_id', account_id, 'kind', kind, 'organization_id', organization_id, 'camp_id', camp_id,"
        " 'since', since, 'until', until)), organization_id FROM ended ORDER BY id"
    )


def downgrade() -> None:
    """Nothing: the roles stay ended."""
