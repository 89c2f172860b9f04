"""Incidents as a state machine.

Revision: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


CLASS_OF_EACH_HAZARD = """
WITH RECURSIVE classed (code, class) AS (
    SELECT code, code FROM hazard WHERE parent_code IS NULL
    UNION ALL
    SELECT hazard.code, classed.class FROM hazard JOIN classed ON classed.code = hazard.parent_code
)
UPDATE hazard SET desk_code = classed.class FROM classed WHERE classed.code = hazard.code
"""
STATUSES = "'REPORTED', 'VERIFIED', 'ACTIVE', 'CLOSED'"


def replace_check(table: str, name: str, condition: str) -> None:
    op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
    add_check(table, name, condition)


def add_check(table: str, name: str, condition: str) -> None:
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition})")


def upgrade() -> None:
    # Hazards and incidents are few: to scan them takes no time.
    op.execute(
        "-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, adding-not-nullable-field,"
        " require-concurrent-index-creation\nSET LOCAL lock_timeout = '5s'"
    )
    op.create_table(
        "desk",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_desk_code_symbol")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_desk")),
    )
    # The reference data correct these at the start; until then every hazard has the desk of its class.
    op.execute(
        "INSERT INTO desk (code, label_id, label_en) SELECT code, label_id, label_en FROM hazard WHERE parent_code IS NULL"
    )
    op.add_column("hazard", sa.Column("desk_code", sa.Text()))
    op.execute(CLASS_OF_EACH_HAZARD)
    op.execute("ALTER TABLE hazard ALTER COLUMN desk_code SET NOT NULL")
    op.create_index(op.f("ix_hazard_desk_code"), "hazard", ["desk_code"], unique=False)
    op.create_foreign_key(op.f("fk_hazard_desk_code"), "hazard", "desk", ["desk_code"], ["code"])
    op.add_column("incident", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("incident", sa.Column("reporter_id", sa.Uuid(), nullable=True))
    op.add_column("incident", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_incident_merged_into_id"), "incident", ["merged_into_id"], unique=False)
    op.create_foreign_key(op.f("fk_incident_merged_into_id"), "incident", "incident", ["merged_into_id"], ["id"])
    op.create_foreign_key(op.f("fk_incident_reporter_id"), "incident", "account", ["reporter_id"], ["id"])
    replace_check("incident", "status", f"status IN ({STATUSES}, 'REJECTED', 'MERGED')")
    add_check("incident", "merged_into_another", "(status = 'MERGED') = (merged_into_id IS NOT NULL)")
    add_check("incident", "not_into_itself", "merged_into_id <> id")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_incident_reporter_id"), "incident", type_="foreignkey")
    op.drop_constraint(op.f("fk_incident_merged_into_id"), "incident", type_="foreignkey")
    op.drop_index(op.f("ix_incident_merged_into_id"), table_name="incident")
    # Before, there was no other end of a report.
    op.execute("UPDATE incident SET status = 'CLOSED' WHERE status IN ('REJECTED', 'MERGED')")
    op.drop_column("incident", "merged_into_id")
    op.drop_column("incident", "reporter_id")
    op.drop_column("incident", "verified_at")
    op.drop_column("incident", "reason")
    op.drop_constraint(op.f("fk_hazard_desk_code"), "hazard", type_="foreignkey")
    op.drop_index(op.f("ix_hazard_desk_code"), table_name="hazard")
    op.drop_column("hazard", "desk_code")
    op.drop_table("desk")
    replace_check("incident", "status", f"status IN ({STATUSES})")
