"""The database's content as a value, to assert that nothing has changed."""

from collections.abc import Mapping, Sequence

import asyncpg

from api.models import METADATA

# What mutations write to: all tables but those of the accounts, which tests make in between, and the counts of attempts,
# which are of refused calls, too.
TABLES = sorted(METADATA.tables.keys() - {"account", "role", "attempt"})


async def snapshot(connection: "asyncpg.Connection[asyncpg.Record]", *more: str) -> Mapping[str, Sequence[str]]:
    """All rows of these tables and of `more`, each as text."""
    return {
        table: [row[0] for row in await connection.fetch(f'SELECT t::text FROM "{table}" AS t ORDER BY 1')]
        for table in (*TABLES, *more)
    }
