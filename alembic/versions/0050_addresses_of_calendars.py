"""Addresses of calendars.

Revision: 0050
Revises: 0049
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "calendar_address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("camp_id", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_calendar_address_account_id")),
        sa.ForeignKeyConstraint(["camp_id"], ["camp.id"], name=op.f("fk_calendar_address_camp_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_address")),
        sa.UniqueConstraint(
            "account_id",
            "camp_id",
            name=op.f("uq_calendar_address_account_id_camp_id"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.UniqueConstraint("digest", name=op.f("uq_calendar_address_digest")),
    )
    op.create_index(op.f("ix_calendar_address_camp_id"), "calendar_address", ["camp_id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_calendar_address_camp_id"), table_name="calendar_address")
    op.drop_table("calendar_address")
