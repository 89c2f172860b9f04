"""The database's content as a value, to assert that nothing has changed."""

from collections.abc import Mapping, Sequence

import asyncpg

# All tables that mutations write to.
TABLES = (
    *("incident", "incident_kabupaten", "need", "volunteer", "membership", "certificate"),
    *("assignment", "commitment", "override", "event", "idempotency"),
)


async def snapshot(connection: "asyncpg.Connection[asyncpg.Record]", *more: str) -> Mapping[str, Sequence[str]]:
    """All rows of these tables and of `more`, each as text."""
    return {
        table: [row[0] for row in await connection.fetch(f'SELECT t::text FROM "{table}" AS t ORDER BY 1')]
        for table in (*TABLES, *more)
    }
