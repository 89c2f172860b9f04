"""The whole schema, as it was before the first release: 0069_baseline.sql.

Revision: 0069
Revises:
"""

from pathlib import Path
from typing import Any

from alembic import context, op

revision = "0069"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = Path(__file__).with_name("0069_baseline.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    if context.is_offline_mode():
        op.get_context().impl.static_output(SCHEMA)
    else:
        # In one query, which only the driver sends: its 600 statements one by one take twice the time.
        driver: Any = op.get_bind().connection.dbapi_connection
        driver.run_async(lambda connection: connection.execute(SCHEMA))


def downgrade() -> None:
    raise NotImplementedError("Nothing comes before the baseline: drop the database instead.")
