"""Situation reports.

Revision: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "situation_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorder_id", sa.Uuid(), nullable=True),
        sa.Column("affected", sa.Integer(), nullable=True),
        sa.Column("displaced", sa.Integer(), nullable=True),
        sa.Column("dead", sa.Integer(), nullable=True),
        sa.Column("missing", sa.Integer(), nullable=True),
        sa.Column("injured", sa.Integer(), nullable=True),
        sa.Column("houses_damaged_lightly", sa.Integer(), nullable=True),
        sa.Column("houses_damaged_heavily", sa.Integer(), nullable=True),
        sa.Column("houses_lost", sa.Integer(), nullable=True),
        sa.CheckConstraint("status IN ('RECORDED', 'VERIFIED', 'WITHDRAWN')", name=op.f("ck_situation_report_status")),
        sa.CheckConstraint(
            "least(affected, displaced, dead, missing, injured, houses_damaged_lightly, houses_damaged_heavily, houses_lost) >= 0",
            name=op.f("ck_situation_report_not_negative"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(affected, displaced, dead, missing, injured, houses_damaged_lightly, houses_damaged_heavily, houses_lost) > 0",
            name=op.f("ck_situation_report_some_figure"),
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_situation_report_incident_id")),
        sa.ForeignKeyConstraint(
            ["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_situation_report_kabupaten_code")
        ),
        sa.ForeignKeyConstraint(["recorder_id"], ["account.id"], name=op.f("fk_situation_report_recorder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_situation_report")),
    )
    op.create_index(op.f("ix_situation_report_at_id"), "situation_report", ["at", "id"], unique=False)
    op.create_index(
        op.f("ix_situation_report_incident_id_at_id"), "situation_report", ["incident_id", "at", "id"], unique=False
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_situation_report_incident_id_at_id"), table_name="situation_report")
    op.drop_index(op.f("ix_situation_report_at_id"), table_name="situation_report")
    op.drop_table("situation_report")
