"""Extensions, replacements and evaluations.

Revision: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # This runs while the server starts, on tables that nobody else uses yet.
    op.execute(
        "-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, disallowed-unique-constraint,"
        " ban-drop-constraint,"
        " require-concurrent-index-creation\nSET LOCAL lock_timeout = '5s'"
    )
    op.add_column("assignment", sa.Column("proposed_ends_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("assignment", sa.Column("proposal_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("assignment", sa.Column("replaces_id", sa.Uuid(), nullable=True))
    op.add_column("assignment", sa.Column("rating", sa.Integer(), nullable=True))
    op.add_column("assignment", sa.Column("rating_comment", sa.Text(), nullable=True))
    op.add_column("assignment", sa.Column("rated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("assignment", sa.Column("rater_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_assignment_replaces_id"), "assignment", ["replaces_id"], unique=False)
    op.create_foreign_key(op.f("fk_assignment_replaces_id"), "assignment", "assignment", ["replaces_id"], ["id"])
    op.create_foreign_key(op.f("fk_assignment_rater_id"), "assignment", "account", ["rater_id"], ["id"])
    op.add_column("override", sa.Column("extends_to", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("uq_override_assignment_id_rule_code"), "override", type_="unique")
    op.create_index(
        op.f("ix_override_account_id_created_at_id"), "override", ["account_id", "created_at", "id"], unique=False
    )
    op.create_index(op.f("ix_override_created_at_id"), "override", ["created_at", "id"], unique=False)
    op.create_unique_constraint(
        op.f("uq_override_assignment_id_rule_code_extends_to"),
        "override",
        ["assignment_id", "rule_code", "extends_to"],
        postgresql_nulls_not_distinct=True,
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_proposal CHECK ((proposed_ends_at > ends_at))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_rated CHECK ((num_nonnulls(rating, rated_at, rater_id) = ANY (ARRAY[0, 3])))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE assignment ADD CONSTRAINT ck_assignment_rating CHECK (((rating >= 1) AND (rating <= 5)))"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Exceptions of extensions have no place in the table as it was.
    op.execute("DELETE FROM override WHERE extends_to IS NOT NULL")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_proposal")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_rated")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE assignment DROP CONSTRAINT ck_assignment_rating")
    op.drop_constraint(op.f("uq_override_assignment_id_rule_code_extends_to"), "override", type_="unique")
    op.drop_index(op.f("ix_override_created_at_id"), table_name="override")
    op.drop_index(op.f("ix_override_account_id_created_at_id"), table_name="override")
    op.create_unique_constraint(
        op.f("uq_override_assignment_id_rule_code"),
        "override",
        ["assignment_id", "rule_code"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("override", "extends_to")
    op.drop_constraint(op.f("fk_assignment_rater_id"), "assignment", type_="foreignkey")
    op.drop_constraint(op.f("fk_assignment_replaces_id"), "assignment", type_="foreignkey")
    op.drop_index(op.f("ix_assignment_replaces_id"), table_name="assignment")
    op.drop_column("assignment", "rater_id")
    op.drop_column("assignment", "rated_at")
    op.drop_column("assignment", "rating_comment")
    op.drop_column("assignment", "rating")
    op.drop_column("assignment", "replaces_id")
    op.drop_column("assignment", "proposal_expires_at")
    op.drop_column("assignment", "proposed_ends_at")
