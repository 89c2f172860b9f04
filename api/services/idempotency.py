"""How long the outcome of a mutation is found again by its idempotency key."""

import sqlalchemy as sa

from api.database.engine import Database
from api.database.statement import compile_statement

DAYS = 30
# Rows per transaction, so that none takes long.
BATCH = 10_000

PURGE = compile_statement(
    sa.text(f"""WITH deleted AS (
      DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency WHERE created_at < now() - interval '{DAYS} days' LIMIT {BATCH}))
      RETURNING 1)
    SELECT count(*) FROM deleted""")  # noqa: S608  # Our own numbers.
)


async def purge(database: Database) -> int:
    """Deletes the outcomes that are older; their keys act anew. Returns how many."""
    total = 0
    while True:
        async with database.transaction() as session:
            deleted: int = await session.value(PURGE)
        total += deleted
        if deleted < BATCH:
            return total
