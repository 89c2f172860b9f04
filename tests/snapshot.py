"""What the database holds, to show that nothing changed."""

from collections.abc import Mapping, Sequence

import asyncpg

# Everything that a mutation may write.
TABLES = (
    *("incident", "incident_kabupaten", "need", "volunteer", "membership", "certificate"),
    *("assignment", "commitment", "override", "event", "idempotency"),
)


async def snapshot(connection: "asyncpg.Connection[asyncpg.Record]") -> Mapping[str, Sequence[str]]:
    """Every row of every table that a mutation may write, as text."""
    return {
        table: [row[0] for row in await connection.fetch(f'SELECT t::text FROM "{table}" AS t ORDER BY 1')]
        for table in TABLES
    }
