"""Results and certificates of camps.

Revision: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "camp_result",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("has_passed", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_camp_result_score")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_camp_result_account_id")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["camp_registration.id"], name=op.f("fk_camp_result_registration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_result")),
        sa.UniqueConstraint("registration_id", name=op.f("uq_camp_result_registration_id")),
    )
    op.add_column("certificate", sa.Column("camp_id", sa.Uuid(), nullable=True))
    # The column is new and empty: nothing is checked, and the index of the certificates of camps has no entries yet.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_certificate_camp_id ON certificate (camp_id) WHERE camp_id IS NOT NULL"
    )
    op.execute(
        "-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid\n"
        "ALTER TABLE certificate ADD CONSTRAINT fk_certificate_camp_id FOREIGN KEY (camp_id) REFERENCES camp (id)"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_certificate_camp_id"), "certificate", type_="foreignkey")
    op.drop_index(op.f("ix_certificate_camp_id"), table_name="certificate")
    op.drop_column("certificate", "camp_id")
    op.drop_table("camp_result")
