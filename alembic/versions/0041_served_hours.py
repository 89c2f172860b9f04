"""Served hours.

Revision: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


# For duties that were accepted before: the holder of the pledge, else the first organization the volunteer had joined.
SERVED_FOR = """
UPDATE assignment SET organization_id = coalesce(
  (SELECT organization_id FROM pledge WHERE pledge.id = assignment.pledge_id),
  (SELECT organization_id FROM membership WHERE membership.volunteer_id = assignment.volunteer_id
    AND since <= starts_at::date AND coalesce(until, 'infinity') >= starts_at::date ORDER BY since, id LIMIT 1))
WHERE accepted_at IS NOT NULL
"""


def upgrade() -> None:
    # This runs while the server starts, on tables that nobody else uses yet.
    op.execute(
        "-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint,"
        " require-concurrent-index-creation\nSET LOCAL lock_timeout = '5s'"
    )
    op.create_table(
        "served_hours",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(source = 'ATTENDANCE') = (reason IS NULL)", name=op.f("ck_served_hours_reason")),
        sa.CheckConstraint("source IN ('ATTENDANCE', 'CORRECTION', 'PROPOSAL')", name=op.f("ck_served_hours_source")),
        sa.CheckConstraint(
            "status IN ('PROPOSED', 'COUNTED', 'REPLACED', 'REFUSED')", name=op.f("ck_served_hours_status")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_served_hours_ends_after_start")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_served_hours_account_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_served_hours_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_served_hours")),
    )
    op.create_index(
        op.f("ix_served_hours_assignment_id_created_at"), "served_hours", ["assignment_id", "created_at"], unique=False
    )
    op.create_index(
        "uq_served_hours_counted",
        "served_hours",
        ["assignment_id"],
        unique=True,
        postgresql_where=sa.text("status = 'COUNTED'"),
    )
    op.create_index(
        "uq_served_hours_proposed",
        "served_hours",
        ["assignment_id"],
        unique=True,
        postgresql_where=sa.text("status = 'PROPOSED'"),
    )
    op.add_column("assignment", sa.Column("organization_id", sa.Uuid(), nullable=True))
    op.execute(SERVED_FOR)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.create_index(op.f("ix_assignment_organization_id"), "assignment", ["organization_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_assignment_organization_id"), "assignment", "organization", ["organization_id"], ["id"]
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_assignment_organization_id"), "assignment", type_="foreignkey")
    op.drop_index(op.f("ix_assignment_organization_id"), table_name="assignment")
    op.drop_column("assignment", "organization_id")
    op.drop_index(
        "uq_served_hours_proposed", table_name="served_hours", postgresql_where=sa.text("status = 'PROPOSED'")
    )
    op.drop_index("uq_served_hours_counted", table_name="served_hours", postgresql_where=sa.text("status = 'COUNTED'"))
    op.drop_index(op.f("ix_served_hours_assignment_id_created_at"), table_name="served_hours")
    op.drop_table("served_hours")
