"""Suspected pairs of volunteers.

Revision: 0049
Revises: 0048
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "suspected_pair",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.CheckConstraint("one_id < other_id", name=op.f("ck_suspected_pair_ordered")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_suspected_pair_kabupaten_code")),
        sa.ForeignKeyConstraint(["one_id"], ["volunteer.id"], name=op.f("fk_suspected_pair_one_id")),
        sa.ForeignKeyConstraint(["other_id"], ["volunteer.id"], name=op.f("fk_suspected_pair_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspected_pair")),
        sa.UniqueConstraint("one_id", "other_id", name=op.f("uq_suspected_pair_one_id_other_id")),
    )
    op.create_index(op.f("ix_suspected_pair_created_at_id"), "suspected_pair", ["created_at", "id"], unique=False)
    op.create_index(
        op.f("ix_suspected_pair_kabupaten_code_created_at_id"),
        "suspected_pair",
        ["kabupaten_code", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_suspected_pair_other_id"), "suspected_pair", ["other_id"], unique=False)
    op.create_index(op.f("ix_suspected_pair_similarity_id"), "suspected_pair", ["similarity", "id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_suspected_pair_similarity_id"), table_name="suspected_pair")
    op.drop_index(op.f("ix_suspected_pair_other_id"), table_name="suspected_pair")
    op.drop_index(op.f("ix_suspected_pair_kabupaten_code_created_at_id"), table_name="suspected_pair")
    op.drop_index(op.f("ix_suspected_pair_created_at_id"), table_name="suspected_pair")
    op.drop_table("suspected_pair")
