"""Requests for memberships.

Revision: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "membership_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("number_key", sa.Text(collation="C"), nullable=True),
        sa.Column("rank_code", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("asked_by IN ('PERSON', 'ORGANIZATION')", name=op.f("ck_membership_request_asked_by")),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ACCEPTED', 'REFUSED', 'WITHDRAWN')", name=op.f("ck_membership_request_status")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_membership_request_organization_id")
        ),
        sa.ForeignKeyConstraint(["rank_code"], ["rank.code"], name=op.f("fk_membership_request_rank_code")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_membership_request_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_request")),
    )
    op.create_index(
        op.f("ix_membership_request_created_at_id"), "membership_request", ["created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_membership_request_organization_id_created_at_id"),
        "membership_request",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_membership_request_volunteer_id"), "membership_request", ["volunteer_id"], unique=False)
    op.create_index(
        "uq_membership_request_pending",
        "membership_request",
        ["volunteer_id", "organization_id"],
        unique=True,
        postgresql_where=sa.text("status = 'PENDING'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(
        "uq_membership_request_pending", table_name="membership_request", postgresql_where=sa.text("status = 'PENDING'")
    )
    op.drop_index(op.f("ix_membership_request_volunteer_id"), table_name="membership_request")
    op.drop_index(op.f("ix_membership_request_organization_id_created_at_id"), table_name="membership_request")
    op.drop_index(op.f("ix_membership_request_created_at_id"), table_name="membership_request")
    op.drop_table("membership_request")
