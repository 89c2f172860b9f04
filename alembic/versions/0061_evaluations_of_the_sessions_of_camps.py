"""Evaluations of the sessions of camps.

Revision: 0061
Revises: 0060
"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "camp_evaluation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_camp_evaluation_score")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["camp_registration.id"], name=op.f("fk_camp_evaluation_registration_id")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["camp_session.id"], name=op.f("fk_camp_evaluation_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_evaluation")),
        sa.UniqueConstraint(
            "session_id", "registration_id", name=op.f("uq_camp_evaluation_session_id_registration_id")
        ),
    )
    op.create_index(op.f("ix_camp_evaluation_registration_id"), "camp_evaluation", ["registration_id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_camp_evaluation_registration_id"), table_name="camp_evaluation")
    op.drop_table("camp_evaluation")
