"""Names are searched and ordered by stored keys; kabupaten have extents.

Revision: 0007
Revises: 0006
"""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from api.values.key import place_search_key, search_key, sort_key, title_search_key

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# The column of the name, how its search key is computed, the primary key, and a value before all of its values.
NAMES: dict[str, tuple[str, Callable[[str], str], str, object]] = {
    "volunteer": ("name", search_key, "id", UUID(int=0)),
    "organization": ("name", title_search_key, "id", UUID(int=0)),
    "incident": ("title", title_search_key, "id", UUID(int=0)),
    "province": ("name", place_search_key, "code", ""),
    "kabupaten": ("name", place_search_key, "code", ""),
}
KEYS = ("search_key", "sort_key")
EXTENT = ("south", "north", "west", "east")
INDEXES = {
    "volunteer": ("sort_key, id", "kabupaten_code, sort_key, id", "province_code, sort_key, id"),
    "organization": ("sort_key, id", "kabupaten_code, sort_key, id"),
    "incident": ("sort_key, id",),
}
FORMER_INDEXES = {
    "volunteer": ("name, id", "kabupaten_code, name, id", "province_code, name, id"),
    "organization": ("name, id", "kabupaten_code, name, id"),
}
BATCH = 20_000

# Most names of people have these characters only. PostgreSQL computes the same keys for them as Python, in seconds for a million people
# and without leaving old rows behind.
IS_PLAIN = "name ~ '^[A-Za-z0-9][A-Za-z0-9 .,''-]*$'"
PLAIN_SEARCH_KEY = """lower(translate(name, ' .,''-', '') COLLATE "C")"""
PLAIN_WORDS = """regexp_replace(lower(translate(name, '''', '') COLLATE "C"), '[ .,-]+', ' ', 'g')"""
PLAIN_SORT_KEY = f"rtrim(left(rtrim({PLAIN_WORDS}), 200))"


# This runs while the server starts, in one transaction, on tables that nobody else uses yet.
SETTINGS = """
-- squawk-ignore-file adding-not-nullable-field, ban-drop-constraint, changing-column-type, constraint-missing-not-valid
-- squawk-ignore-file disallowed-unique-constraint, require-concurrent-index-creation, require-concurrent-index-deletion
SET LOCAL lock_timeout = '5s'
"""


def upgrade() -> None:
    op.execute(SETTINGS)
    # A GiST index that exceeds this is built with buffers, in two thirds of the time.
    op.execute("SET LOCAL effective_cache_size = '8MB'")
    drop_former_indexes()
    for table in NAMES:
        op.execute(f'ALTER TABLE {table} ADD COLUMN search_key text COLLATE "C", ADD COLUMN sort_key text COLLATE "C"')
    op.execute(f"""ALTER TABLE volunteer
  ALTER COLUMN search_key TYPE text COLLATE "C" USING CASE WHEN {IS_PLAIN} THEN {PLAIN_SEARCH_KEY} END,
  ALTER COLUMN sort_key TYPE text COLLATE "C" USING CASE WHEN {IS_PLAIN} THEN {PLAIN_SORT_KEY} END""")
    # There is nothing to compute where the SQL is only written down.
    if not op.get_context().as_sql:
        for table, details in NAMES.items():
            fill_keys(table, *details)
    op.execute("ALTER TABLE kabupaten " + ", ".join(f"ADD COLUMN {side} double precision" for side in EXTENT))
    # Until the reference data are loaded, which is at every start.
    op.execute("UPDATE kabupaten SET south = latitude, north = latitude, west = longitude, east = longitude")
    for table in NAMES:
        for column in (*KEYS, *(EXTENT if table == "kabupaten" else ())):
            # The table was written anew in this transaction already, or is small.
            op.execute(f"""ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL""")
    create_indexes()


def drop_former_indexes() -> None:
    for table, indexes in FORMER_INDEXES.items():
        for columns in indexes:
            op.execute(f"DROP INDEX {index_name(table, columns)}")
    op.execute("DROP INDEX ix_volunteer_name_trigram")
    op.execute("ALTER TABLE organization DROP CONSTRAINT uq_organization_name_kabupaten_code")


def create_indexes() -> None:
    """Within the transaction, so that a server that starts finds all of it or nothing."""
    for table, indexes in INDEXES.items():
        create_index(table, "search_key", method="gin", operators=" gin_trgm_ops")
        for columns in indexes:
            create_index(table, columns)
    op.execute(
        """ALTER TABLE organization ADD CONSTRAINT uq_organization_sort_key_kabupaten_code UNIQUE (sort_key, kabupaten_code)"""
    )


def fill_keys(table: str, name: str, search: Callable[[str], str], key: str, first: object) -> None:
    """Fills the keys of the rows that have none, in batches in the order of the primary key."""
    connection = op.get_bind()
    array = "uuid[]" if isinstance(first, UUID) else "text[]"
    batch = sa.text(
        f"SELECT {key}, {name} FROM {table} WHERE sort_key IS NULL AND {key} > :last ORDER BY {key} LIMIT {BATCH}"  # noqa: S608  # Our own names.
    )
    update = sa.text(
        f"UPDATE {table} AS stored SET search_key = computed.search_key, sort_key = computed.sort_key "  # noqa: S608  # As above.
        f"FROM unnest(CAST(:keys AS {array}), CAST(:search AS text[]), CAST(:sort AS text[])) "
        f"AS computed (key, search_key, sort_key) WHERE stored.{key} = computed.key"
    )
    while rows := connection.execute(batch, {"last": first}).all():
        keys, names = [row[0] for row in rows], [row[1] for row in rows]
        computed = {"search": [search(each) for each in names], "sort": [sort_key(each) for each in names]}
        connection.execute(update, {"keys": keys, **computed})
        first = keys[-1]


def create_index(table: str, columns: str, *, method: str = "btree", operators: str = "") -> None:
    op.execute(f"""CREATE INDEX {index_name(table, columns)} ON {table} USING {method} ({columns}{operators})""")


def index_name(table: str, columns: str) -> str:
    return f"ix_{table}_{columns.replace(', ', '_')}"


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE kabupaten " + ", ".join(f"DROP COLUMN {side}" for side in EXTENT))
    for table in NAMES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN search_key, DROP COLUMN sort_key")
    op.execute(
        "ALTER TABLE organization ADD CONSTRAINT uq_organization_name_kabupaten_code UNIQUE (name, kabupaten_code)"
    )
    for table, indexes in FORMER_INDEXES.items():
        for columns in indexes:
            create_index(table, columns)
    op.execute("CREATE INDEX ix_volunteer_name_trigram ON volunteer USING gin (name gin_trgm_ops)")
