"""The corps of organizations, which certificate types they may issue; birth date, sex and phone of volunteers.

Revision: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-creation
SET LOCAL lock_timeout = '5s'
""")
    op.add_column("organization", sa.Column("corps", sa.Text()))
    op.create_check_constraint(op.f("ck_organization_corps_symbol"), "organization", "corps ~ '^[A-Za-z0-9._-]+$'")
    # The corps of the ranks that an organization of this kind has given, where they are all of one.
    op.execute("""
UPDATE organization SET corps = given.corps FROM (
  SELECT organization_id, min(rank.corps) AS corps FROM membership JOIN rank ON rank.code = rank_code
  GROUP BY organization_id HAVING count(DISTINCT rank.corps) = 1
) AS given WHERE organization.id = given.organization_id AND organization.kind = 'CORPS'
""")
    op.create_table(
        "certificate_type_issuer",
        sa.Column("certificate_type_code", sa.Text(), sa.ForeignKey("certificate_type.code"), primary_key=True),
        sa.Column("issuer", sa.Text(), primary_key=True),
        sa.CheckConstraint("issuer ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_certificate_type_issuer_issuer_symbol")),
    )
    op.create_table(
        "certificate_issuer",
        sa.Column("organization_id", sa.Uuid(), sa.ForeignKey("organization.id"), primary_key=True),
        sa.Column("certificate_type_code", sa.Text(), sa.ForeignKey("certificate_type.code"), primary_key=True),
    )
    op.create_index("ix_certificate_issuer_certificate_type_code", "certificate_issuer", ["certificate_type_code"])
    op.add_column("volunteer", sa.Column("birth_date", sa.Date()))
    op.add_column("volunteer", sa.Column("sex", sa.Text()))
    op.create_check_constraint(op.f("ck_volunteer_sex"), "volunteer", "sex IN ('FEMALE', 'MALE')")
    op.create_index("ix_volunteer_phone", "volunteer", ["phone"])
    op.create_index("ix_volunteer_birth_date", "volunteer", ["birth_date"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("organization", "corps")
    op.drop_table("certificate_issuer")
    op.drop_table("certificate_type_issuer")
    op.drop_index("ix_volunteer_phone")
    op.drop_column("volunteer", "birth_date")
    op.drop_column("volunteer", "sex")
