"""Care data of camps.

Revision: 0048
Revises: 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "camp_care",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("diet", sa.Text(), nullable=False),
        sa.Column("fit_seen", sa.Boolean(), nullable=False),
        sa.Column("guardian_consent", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "diet IN ('REGULAR', 'VEGETARIAN', 'NO_SEAFOOD', 'NO_NUTS', 'DIABETIC', 'LOW_SALT', 'SOFT')",
            name=op.f("ck_camp_care_diet"),
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["camp_registration.id"], name=op.f("fk_camp_care_registration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_care")),
        sa.UniqueConstraint("registration_id", name=op.f("uq_camp_care_registration_id")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("camp_care")
