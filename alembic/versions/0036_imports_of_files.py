"""Imports of files.

Revision: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_upload_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_account_id"), "upload", ["account_id"], unique=False)
    op.create_index(op.f("ix_upload_created_at"), "upload", ["created_at"], unique=False)
    op.create_table(
        "column_title",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_column_title_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "title", name=op.f("pk_column_title")),
    )
    op.create_table(
        "import_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("known_people", sa.Text(), nullable=False),
        sa.Column("applies", sa.Boolean(), nullable=False),
        sa.Column("all_or_nothing", sa.Boolean(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.Column("last_row", sa.Integer(), nullable=True),
        sa.Column("created_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requested_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("revealed_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ignored_columns", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("label_id", sa.Text(), nullable=True),
        sa.Column("label_en", sa.Text(), nullable=True),
        sa.Column("fault_row", sa.Integer(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("known_people IN ('FILL', 'UPDATE', 'SKIP')", name=op.f("ck_import_job_known_people")),
        sa.CheckConstraint(
            "status IN ('WAITING', 'RUNNING', 'CHECKED', 'DONE', 'REFUSED')", name=op.f("ck_import_job_status")
        ),
        sa.CheckConstraint(
            "(label_id IS NULL) = (label_en IS NULL)", name=op.f("ck_import_job_fault_in_both_languages")
        ),
        sa.CheckConstraint("(lease IS NULL) = (leased_until IS NULL)", name=op.f("ck_import_job_lease_whole")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_import_job_account_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_import_job_organization_id")),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("fk_import_job_upload_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_index(
        op.f("ix_import_job_account_id_created_at_id"), "import_job", ["account_id", "created_at", "id"], unique=False
    )
    op.create_index(op.f("ix_import_job_created_at_id"), "import_job", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_import_job_open",
        "import_job",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('WAITING', 'RUNNING')"),
    )
    op.create_index(
        op.f("ix_import_job_organization_id_created_at_id"),
        "import_job",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_import_job_upload_id"), "import_job", ["upload_id"], unique=False)
    op.create_table(
        "upload_chunk",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cipher", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("fk_upload_chunk_upload_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_upload_chunk")),
    )
    op.create_table(
        "import_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_job_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=True),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("label_id", sa.Text(), nullable=True),
        sa.Column("label_en", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(outcome = 'REFUSED') = (code IS NOT NULL)", name=op.f("ck_import_entry_refused_for_a_reason")
        ),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_import_entry_code_symbol")),
        sa.CheckConstraint(
            "outcome IN ('CREATED', 'UPDATED', 'UNCHANGED', 'REQUESTED', 'REFUSED')",
            name=op.f("ck_import_entry_outcome"),
        ),
        sa.CheckConstraint(
            "(code IS NULL) = (label_id IS NULL) AND (code IS NULL) = (label_en IS NULL)",
            name=op.f("ck_import_entry_reason_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["import_job_id"], ["import_job.id"], name=op.f("fk_import_entry_import_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_entry")),
    )
    op.create_index(
        op.f("ix_import_entry_import_job_id_row_id"), "import_entry", ["import_job_id", "row", "id"], unique=False
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_import_entry_import_job_id_row_id"), table_name="import_entry")
    op.drop_table("import_entry")
    op.drop_table("upload_chunk")
    op.drop_index(op.f("ix_import_job_upload_id"), table_name="import_job")
    op.drop_index(op.f("ix_import_job_organization_id_created_at_id"), table_name="import_job")
    op.drop_index(
        "ix_import_job_open", table_name="import_job", postgresql_where=sa.text("status IN ('WAITING', 'RUNNING')")
    )
    op.drop_index(op.f("ix_import_job_created_at_id"), table_name="import_job")
    op.drop_index(op.f("ix_import_job_account_id_created_at_id"), table_name="import_job")
    op.drop_table("import_job")
    op.drop_table("column_title")
    op.drop_index(op.f("ix_upload_created_at"), table_name="upload")
    op.drop_index(op.f("ix_upload_account_id"), table_name="upload")
    op.drop_table("upload")
