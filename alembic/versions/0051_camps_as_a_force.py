"""Camps as a force.

Revision: 0051
Revises: 0050
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


HOLDS_PLACE = """
CREATE OR REPLACE FUNCTION holds_place(one camp_registration) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
SELECT one.status IN ('OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED'){or_mobilized}
$$
"""


def upgrade() -> None:
    # This runs while the server starts, on tables that nobody else uses yet.
    op.execute(
        "-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, require-concurrent-index-creation\n"
        "SET LOCAL lock_timeout = '5s'"
    )
    op.add_column("assignment", sa.Column("camp_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_assignment_camp_id"), "assignment", ["camp_id"], unique=False)
    op.create_foreign_key(op.f("fk_assignment_camp_id"), "assignment", "camp", ["camp_id"], ["id"])
    op.add_column(
        "camp_registration", sa.Column("is_mobilized", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.execute(
        "ALTER TABLE camp_registration ADD CONSTRAINT ck_camp_registration_mobilized CHECK (((status = 'RELEASED'::text) OR (NOT is_mobilized)))"
    )
    op.execute(HOLDS_PLACE.format(or_mobilized=" OR one.is_mobilized"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The places of those who were mobilized are counted as free again.
    op.execute("UPDATE camp_registration SET is_mobilized = false WHERE is_mobilized")
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(HOLDS_PLACE.format(or_mobilized=""))
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE camp_registration DROP CONSTRAINT ck_camp_registration_mobilized"
    )
    op.drop_column("camp_registration", "is_mobilized")
    op.drop_constraint(op.f("fk_assignment_camp_id"), "assignment", type_="foreignkey")
    op.drop_index(op.f("ix_assignment_camp_id"), table_name="assignment")
    op.drop_column("assignment", "camp_id")
