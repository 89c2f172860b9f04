"""Imported people are compared.

Revision: 0058
Revises: 0057
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("import_job", sa.Column("compared_row", sa.Integer(), server_default="0", nullable=False))
    # There are as many jobs as files were imported: few.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_import_job_uncompared ON import_job (created_at)"
        " WHERE applies AND status IN ('DONE', 'STOPPED') AND compared_row < last_row"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_import_job_uncompared", table_name="import_job")
    op.drop_column("import_job", "compared_row")
