"""Changes of memberships.

Revision: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


# No membership has a kecamatan yet, so the indexes are empty.
TKSK = """
ALTER TABLE membership ADD CONSTRAINT ex_membership_tksk
EXCLUDE USING gist (coalesce(kecamatan_code, kecamatan_code) WITH =, daterange(kecamatan_since, until, '[]') WITH &&)
WHERE (kecamatan_code IS NOT NULL),
ADD CONSTRAINT ck_membership_kecamatan_whole CHECK ((kecamatan_code IS NULL) = (kecamatan_since IS NULL)),
ADD CONSTRAINT ck_membership_kecamatan_within
CHECK (kecamatan_since >= since AND (until IS NULL OR until >= kecamatan_since))
"""


def upgrade() -> None:
    op.execute("""
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, require-concurrent-index-creation
SET LOCAL lock_timeout = '5s'
""")
    op.create_table(
        "membership_transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("person_agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("number_key", sa.Text(collation="C"), nullable=True),
        sa.Column("rank_code", sa.Text(), nullable=True),
        sa.Column("kecamatan_code", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status <> 'ACCEPTED' OR num_nonnulls(person_agreed_at, organization_agreed_at) = 2",
            name=op.f("ck_membership_transfer_agreed_by_both"),
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ACCEPTED', 'REFUSED', 'WITHDRAWN')", name=op.f("ck_membership_transfer_status")
        ),
        sa.ForeignKeyConstraint(
            ["kecamatan_code"], ["kecamatan.code"], name=op.f("fk_membership_transfer_kecamatan_code")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_membership_transfer_membership_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_membership_transfer_organization_id")
        ),
        sa.ForeignKeyConstraint(["rank_code"], ["rank.code"], name=op.f("fk_membership_transfer_rank_code")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_membership_transfer_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_transfer")),
    )
    op.create_index(
        op.f("ix_membership_transfer_created_at_id"), "membership_transfer", ["created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_membership_transfer_membership_id"), "membership_transfer", ["membership_id"], unique=False
    )
    op.create_index(
        op.f("ix_membership_transfer_organization_id_created_at_id"),
        "membership_transfer",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_membership_transfer_volunteer_id"), "membership_transfer", ["volunteer_id"], unique=False)
    op.create_index(
        "uq_membership_transfer_pending",
        "membership_transfer",
        ["membership_id"],
        unique=True,
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.add_column("membership", sa.Column("kecamatan_code", sa.Text(), nullable=True))
    op.add_column("membership", sa.Column("kecamatan_since", sa.Date(), nullable=True))
    op.create_index(
        op.f("ix_membership_kecamatan_code"),
        "membership",
        ["kecamatan_code"],
        unique=False,
        postgresql_where=sa.text("kecamatan_code IS NOT NULL"),
    )
    op.create_foreign_key(op.f("fk_membership_kecamatan_code"), "membership", "kecamatan", ["kecamatan_code"], ["code"])
    op.execute(TKSK)
    op.add_column("membership_request", sa.Column("kecamatan_code", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("fk_membership_request_kecamatan_code"), "membership_request", "kecamatan", ["kecamatan_code"], ["code"]
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_membership_request_kecamatan_code"), "membership_request", type_="foreignkey")
    op.drop_column("membership_request", "kecamatan_code")
    op.drop_constraint(op.f("fk_membership_kecamatan_code"), "membership", type_="foreignkey")
    op.drop_index(
        op.f("ix_membership_kecamatan_code"),
        table_name="membership",
        postgresql_where=sa.text("kecamatan_code IS NOT NULL"),
    )
    op.execute("ALTER TABLE membership DROP CONSTRAINT ex_membership_tksk")
    for name in ("kecamatan_within", "kecamatan_whole"):
        op.drop_constraint(op.f(f"ck_membership_{name}"), "membership", type_="check")
    op.drop_column("membership", "kecamatan_since")
    op.drop_column("membership", "kecamatan_code")
    op.drop_index(
        "uq_membership_transfer_pending",
        table_name="membership_transfer",
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.drop_index(op.f("ix_membership_transfer_volunteer_id"), table_name="membership_transfer")
    op.drop_index(op.f("ix_membership_transfer_organization_id_created_at_id"), table_name="membership_transfer")
    op.drop_index(op.f("ix_membership_transfer_membership_id"), table_name="membership_transfer")
    op.drop_index(op.f("ix_membership_transfer_created_at_id"), table_name="membership_transfer")
    op.drop_table("membership_transfer")
