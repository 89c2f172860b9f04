"""Absences, insurances and declared skills.

Revision: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("volunteer_id"), "="),
            (sa.text("daterange(since, until, '[]')"), "&&"),
            where=sa.text("cancelled_at IS NULL"),
            using="gist",
            name="ex_absence_once",
        ),
        sa.CheckConstraint("kind IN ('LEAVE', 'ILLNESS')", name=op.f("ck_absence_kind")),
        sa.CheckConstraint("until >= since", name=op.f("ck_absence_ends_after_start")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_absence_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_since_id"), "absence", ["since", "id"], unique=False)
    op.create_index(op.f("ix_absence_volunteer_id_since_id"), "absence", ["volunteer_id", "since", "id"], unique=False)
    op.create_table(
        "declared_skill",
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("skill_code", sa.Text(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["skill_code"], ["skill.code"], name=op.f("fk_declared_skill_skill_code")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_declared_skill_volunteer_id")),
        sa.PrimaryKeyConstraint("volunteer_id", "skill_code", name=op.f("pk_declared_skill")),
    )
    op.create_index(op.f("ix_declared_skill_skill_code"), "declared_skill", ["skill_code"], unique=False)
    op.create_table(
        "insurance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("insurer", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("number_key", sa.Text(collation="C"), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.CheckConstraint("kind IN ('BPJS_JKK', 'BPJS_JKM', 'OTHER')", name=op.f("ck_insurance_kind")),
        sa.CheckConstraint("until >= since", name=op.f("ck_insurance_ends_after_start")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_insurance_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insurance")),
        sa.UniqueConstraint(
            "volunteer_id", "kind", "insurer", "since", name=op.f("uq_insurance_volunteer_id_kind_insurer_since")
        ),
    )
    op.create_index(op.f("ix_insurance_since_id"), "insurance", ["since", "id"], unique=False)
    op.create_index(
        "ix_insurance_until_id",
        "insurance",
        [sa.literal_column("coalesce(until, 'infinity'::date)"), "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_insurance_volunteer_id_since_id"), "insurance", ["volunteer_id", "since", "id"], unique=False
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_insurance_volunteer_id_since_id"), table_name="insurance")
    op.drop_index("ix_insurance_until_id", table_name="insurance")
    op.drop_index(op.f("ix_insurance_since_id"), table_name="insurance")
    op.drop_table("insurance")
    op.drop_index(op.f("ix_declared_skill_skill_code"), table_name="declared_skill")
    op.drop_table("declared_skill")
    op.drop_index(op.f("ix_absence_volunteer_id_since_id"), table_name="absence")
    op.drop_index(op.f("ix_absence_since_id"), table_name="absence")
    op.drop_table("absence")
