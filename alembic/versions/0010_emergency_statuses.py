"""Emergency statuses.

Revision: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "emergency_status",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=True),
        sa.Column("province_code", sa.Text(), nullable=True),
        sa.Column("decree_number", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("incident_id"), "="),
            (sa.column("level"), "="),
            (sa.text("coalesce(kabupaten_code, province_code, '')"), "="),
            (sa.text("daterange(starts_on, ends_on, '[]')"), "&&"),
            using="gist",
            name="ex_emergency_status_once",
        ),
        sa.CheckConstraint(
            "(level = 'KABUPATEN') = (kabupaten_code IS NOT NULL)", name=op.f("ck_emergency_status_of_a_kabupaten")
        ),
        sa.CheckConstraint(
            "(level = 'PROVINCE') = (province_code IS NOT NULL)", name=op.f("ck_emergency_status_of_a_province")
        ),
        sa.CheckConstraint(
            "kind IN ('SIAGA_DARURAT', 'TANGGAP_DARURAT', 'TRANSISI_DARURAT')", name=op.f("ck_emergency_status_kind")
        ),
        sa.CheckConstraint("level IN ('KABUPATEN', 'PROVINCE', 'NATIONAL')", name=op.f("ck_emergency_status_level")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_emergency_status_ends_after_start")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_emergency_status_incident_id")),
        sa.ForeignKeyConstraint(
            ["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_emergency_status_kabupaten_code")
        ),
        sa.ForeignKeyConstraint(["province_code"], ["province.code"], name=op.f("fk_emergency_status_province_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_status")),
    )
    op.create_index(
        op.f("ix_emergency_status_incident_id_starts_on_id"),
        "emergency_status",
        ["incident_id", "starts_on", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_emergency_status_starts_on_id"), "emergency_status", ["starts_on", "id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_emergency_status_starts_on_id"), table_name="emergency_status")
    op.drop_index(op.f("ix_emergency_status_incident_id_starts_on_id"), table_name="emergency_status")
    op.drop_table("emergency_status")
