"""Merged records of volunteers.

Revision: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "merged_volunteer",
        sa.Column("old_id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_merged_volunteer_volunteer_id")),
        sa.PrimaryKeyConstraint("old_id", name=op.f("pk_merged_volunteer")),
    )
    op.create_index(op.f("ix_merged_volunteer_volunteer_id"), "merged_volunteer", ["volunteer_id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_merged_volunteer_volunteer_id"), table_name="merged_volunteer")
    op.drop_table("merged_volunteer")
