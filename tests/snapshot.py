"""The database's content as a value, to assert that nothing has changed."""

from collections.abc import Mapping, Sequence

import asyncpg

from api.models import METADATA
from api.services.frame import CALL_REFUSED

# What mutations write to: all tables but those of the accounts, which tests make in between, and the counts of attempts and
# the events that are of refused calls.
TABLES = sorted(METADATA.tables.keys() - {"account", "role", "attempt"})

# Of each table its rows as text. The 7,285 kecamatan are read by their number and versions instead: a row's xmin grows
# with each change.
SELECTS = {
    "event": f"SELECT 'event' AS name, t::text FROM event AS t WHERE kind <> '{CALL_REFUSED}'",
    "kecamatan": "SELECT 'kecamatan', (count(*), sum(xmin::text::bigint))::text FROM kecamatan",
}


async def snapshot(connection: "asyncpg.Connection[asyncpg.Record]", *more: str) -> Mapping[str, Sequence[str]]:
    """All rows of these tables and of `more`, each as text."""
    tables = (*TABLES, *more)
    selects = (SELECTS.get(table, f"SELECT '{table}' AS name, t::text FROM \"{table}\" AS t") for table in tables)
    found: dict[str, list[str]] = {table: [] for table in tables}
    # In one statement: one for each table takes most of the time of a short test.
    for name, row in await connection.fetch(f"{' UNION ALL '.join(selects)} ORDER BY 1, 2"):
        found[name].append(row)
    return found
