"""Emergency contacts and known differences.

Revision: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

CHECKS = {
    "emergency_contact_whole": "(emergency_name IS NULL) = (emergency_phone IS NULL)",
    "emergency_phone_e164": r"emergency_phone ~ '^\+62[0-9]{7,13}$'",
}


def upgrade() -> None:
    op.execute("""
-- squawk-ignore-file constraint-missing-not-valid
SET LOCAL lock_timeout = '5s'
""")
    op.create_table(
        "distinct_pair",
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("one_id < other_id", name=op.f("ck_distinct_pair_ordered")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_distinct_pair_account_id")),
        sa.ForeignKeyConstraint(["one_id"], ["volunteer.id"], name=op.f("fk_distinct_pair_one_id")),
        sa.ForeignKeyConstraint(["other_id"], ["volunteer.id"], name=op.f("fk_distinct_pair_other_id")),
        sa.PrimaryKeyConstraint("one_id", "other_id", name=op.f("pk_distinct_pair")),
    )
    op.create_index(op.f("ix_distinct_pair_other_id"), "distinct_pair", ["other_id"], unique=False)
    op.add_column("volunteer", sa.Column("email", sa.Text(), nullable=True))
    op.add_column("volunteer", sa.Column("emergency_name", sa.Text(), nullable=True))
    op.add_column("volunteer", sa.Column("emergency_phone", sa.Text(), nullable=True))
    op.add_column("volunteer", sa.Column("emergency_relation", sa.Text(), nullable=True))
    for name, check in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_volunteer_{name}"), "volunteer", check)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("volunteer", "emergency_relation")
    op.drop_column("volunteer", "emergency_phone")
    op.drop_column("volunteer", "emergency_name")
    op.drop_column("volunteer", "email")
    op.drop_index(op.f("ix_distinct_pair_other_id"), table_name="distinct_pair")
    op.drop_table("distinct_pair")
