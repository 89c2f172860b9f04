"""Numbers are unique whatever their case and spaces, by stored keys.

Numbers that this makes the same have to be told apart by hand before: the error names the first of them.

Revision: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from api.values.key import code_key

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The columns of each table that get keys; what has been unique, and what is from now on.
TABLES = {
    "membership": (("number",), ("organization_id", "number"), ("organization_id", "number_key")),
    "certificate": (("number",), ("issuer_id", "number"), ("issuer_id", "number_key")),
    "licence": (("number", "issuer"), ("issuer", "number"), ("issuer_key", "number_key")),
}


# This runs while the server starts, in one transaction, on tables that nobody else uses yet.
SETTINGS = """
-- squawk-ignore-file adding-not-nullable-field, ban-drop-constraint, changing-column-type, constraint-missing-not-valid
-- squawk-ignore-file disallowed-unique-constraint, require-concurrent-index-creation, require-concurrent-index-deletion
SET LOCAL lock_timeout = '5s'
"""


def upgrade() -> None:
    op.execute(SETTINGS)
    for table, (columns, before, after) in TABLES.items():
        drop_unique(table, before)
        add_keys(table, columns)
        if table != "membership":
            for column in columns:
                # The table was written anew in this transaction already.
                op.execute(f"""ALTER TABLE {table} ALTER COLUMN {column}_key SET NOT NULL""")
        add_unique(table, after)


def add_keys(table: str, columns: tuple[str, ...]) -> None:
    """Keys of printable ASCII, which nearly all numbers are, with one writing of the table; the others one by one."""
    op.execute(f"ALTER TABLE {table} " + ", ".join(f'ADD COLUMN {each}_key text COLLATE "C"' for each in columns))
    computed = [
        f"""ALTER COLUMN {each}_key TYPE text COLLATE "C"
  USING CASE WHEN {each} ~ '^[!-~ ]*$' THEN lower(replace({each}, ' ', '') COLLATE "C") END"""
        for each in columns
    ]
    op.execute(f"""ALTER TABLE {table} {", ".join(computed)}""")
    # There is nothing to compute where the SQL is only written down.
    if not op.get_context().as_sql:
        for column in columns:
            fill_keys(table, column)


def fill_keys(table: str, column: str) -> None:
    connection = op.get_bind()
    missing = f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL AND {column}_key IS NULL"  # noqa: S608  # Our own names.
    update = sa.text(f"UPDATE {table} SET {column}_key = :key WHERE id = :id")  # noqa: S608  # As above.
    for id_, number in connection.execute(sa.text(missing)).all():
        connection.execute(update, {"id": id_, "key": code_key(number)})


def drop_unique(table: str, columns: tuple[str, ...]) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT uq_{table}_{'_'.join(columns)}")


def add_unique(table: str, columns: tuple[str, ...]) -> None:
    op.execute(f"""ALTER TABLE {table} ADD CONSTRAINT uq_{table}_{"_".join(columns)} UNIQUE ({", ".join(columns)})""")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, (columns, before, after) in TABLES.items():
        drop_unique(table, after)
        op.execute(f"ALTER TABLE {table} " + ", ".join(f"DROP COLUMN {each}_key" for each in columns))
        add_unique(table, before)
