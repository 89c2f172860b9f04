"""Names of sites are searched and ordered, and numbers of decrees compared, by stored keys.

Revision: 0025
Revises: 0024
"""

from collections.abc import Callable, Mapping

import sqlalchemy as sa
from alembic import op

from api.values.key import code_key, sort_key, title_search_key

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# The keys of each table: the text that a key is computed from, and how.
KEYS: Mapping[str, Mapping[str, tuple[str, Callable[[str], str]]]] = {
    "site": {"search_key": ("name", title_search_key), "sort_key": ("name", sort_key)},
    "emergency_status": {"decree_number_key": ("decree_number", code_key)},
}


# This runs while the server starts, in one transaction, on small tables.
SETTINGS = """
-- squawk-ignore-file adding-not-nullable-field, require-concurrent-index-creation
SET LOCAL lock_timeout = '5s'
"""


def upgrade() -> None:
    op.execute(SETTINGS)
    for table, keys in KEYS.items():
        op.execute(f"ALTER TABLE {table} " + ", ".join(f'ADD COLUMN {key} text COLLATE "C"' for key in keys))
        # There is nothing to compute where the SQL is only written down.
        if not op.get_context().as_sql:
            for key, (text, compute) in keys.items():
                fill(table, key, text, compute)
        for key in keys:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {key} SET NOT NULL")
    op.execute("CREATE INDEX ix_site_search_key ON site USING gin (search_key gin_trgm_ops)")
    op.execute("CREATE INDEX ix_site_sort_key_id ON site (sort_key, id)")


def fill(table: str, key: str, text: str, compute: Callable[[str], str]) -> None:
    connection = op.get_bind()
    update = sa.text(f"UPDATE {table} SET {key} = :key WHERE {text} = :text")  # noqa: S608  # Our own names.
    for (written,) in connection.execute(sa.text(f"SELECT DISTINCT {text} FROM {table}")).all():  # noqa: S608  # As above.
        connection.execute(update, {"key": compute(written), "text": written})


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, keys in KEYS.items():
        op.execute(f"ALTER TABLE {table} " + ", ".join(f"DROP COLUMN {key}" for key in keys))
