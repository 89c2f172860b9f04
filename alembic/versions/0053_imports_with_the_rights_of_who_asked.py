"""Imports with the rights of who asked.

Revision: 0053
Revises: 0052
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("import_job", sa.Column("session_id", sa.Uuid(), nullable=True))
    op.add_column("import_job", sa.Column("key_id", sa.Uuid(), nullable=True))
    op.add_column("import_job", sa.Column("identity_id", sa.Uuid(), nullable=True))
    op.add_column("import_job", sa.Column("has_second_factor", sa.Boolean(), nullable=True))
    op.add_column(
        "import_job", sa.Column("demands_second_factor", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("import_job", sa.Column("told_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("import_job", sa.Column("charged_count", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE import_job SET told_count = revealed_count, charged_count = revealed_count")
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE import_job DROP COLUMN revealed_count")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE import_job DROP CONSTRAINT ck_import_job_status")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE import_job ADD CONSTRAINT ck_import_job_status CHECK ((status = ANY (ARRAY['WAITING'::text, 'RUNNING'::text, 'CHECKED'::text, 'DONE'::text, 'REFUSED'::text, 'STOPPED'::text])))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE import_job ADD CONSTRAINT ck_import_job_stopped_for_a_reason CHECK (((status <> 'STOPPED'::text) OR (applies AND (label_en IS NOT NULL))))"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "import_job",
        sa.Column("revealed_count", sa.INTEGER(), server_default=sa.text("0"), autoincrement=False, nullable=False),
    )
    op.execute("UPDATE import_job SET revealed_count = charged_count")
    op.drop_column("import_job", "charged_count")
    op.drop_column("import_job", "told_count")
    op.drop_column("import_job", "demands_second_factor")
    op.drop_column("import_job", "has_second_factor")
    op.drop_column("import_job", "identity_id")
    op.drop_column("import_job", "key_id")
    op.drop_column("import_job", "session_id")
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE import_job DROP CONSTRAINT ck_import_job_stopped_for_a_reason"
    )
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE import_job DROP CONSTRAINT ck_import_job_status")
    op.execute("UPDATE import_job SET status = 'REFUSED' WHERE status = 'STOPPED'")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE import_job ADD CONSTRAINT ck_import_job_status CHECK ((status = ANY (ARRAY['WAITING'::text, 'RUNNING'::text, 'CHECKED'::text, 'DONE'::text, 'REFUSED'::text])))"
    )
