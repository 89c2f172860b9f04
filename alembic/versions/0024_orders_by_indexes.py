"""Every order of a list is served by an index.

Revision: 0024
Revises: 0023
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

CREATED = (
    *("session", "api_key", "assignment", "incident", "need", "organization", "volunteer"),
    *("goods_need", "site", "situation_report", "emergency_status"),
)
INDEXES = (
    *((table, "created_at", "created_at, id") for table in CREATED),
    ("emergency_status", "ends_on", "ends_on, id"),
    ("membership", "since", "since, id"),
    ("membership", "until", "coalesce(until, 'infinity'::date), id"),
    ("need", "ends_at", "ends_at, id"),
    ("licence", "valid_from", "valid_from, id"),
    ("licence", "valid_until", "coalesce(valid_until, 'infinity'::date), id"),
    ("certificate", "issued_on", "issued_on, id"),
    ("certificate", "expires_on", "coalesce(expires_on, 'infinity'::date), id"),
    ("province", "sort_key", "sort_key, code"),
    ("kabupaten", "sort_key", "sort_key, code"),
)


def name(table: str, column: str) -> str:
    return f"ix_{table}_{column}_{'code' if column == 'sort_key' else 'id'}"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '5s'")
        for table, column, columns in INDEXES:
            # What is left of a build that was broken off.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name(table, column)}")
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name(table, column)} ON {table} ({columns})")


def downgrade() -> None:
    for table, column, _columns in INDEXES:
        op.drop_index(name(table, column), table)
