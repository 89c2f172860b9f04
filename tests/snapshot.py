"""The database's content as a value, to assert that nothing has changed."""

from collections.abc import Mapping, Sequence

import asyncpg

from api.models import METADATA
from api.services.frame import CALL_REFUSED

# What mutations write to: all tables but those of the accounts, which tests make in between, and the counts of attempts and
# the events that are of refused calls.
TABLES = sorted(METADATA.tables.keys() - {"account", "role", "attempt"})


async def snapshot(connection: "asyncpg.Connection[asyncpg.Record]", *more: str) -> Mapping[str, Sequence[str]]:
    """All rows of these tables and of `more`, each as text."""
    found = {}
    for table in (*TABLES, *more):
        rows = f'SELECT t::text FROM "{table}" AS t'
        if table == "event":
            rows += f" WHERE kind <> '{CALL_REFUSED}'"
        found[table] = [row[0] for row in await connection.fetch(f"{rows} ORDER BY 1")]
    return found
