"""Waits until a query on the test's database has an expected result."""

import asyncio

import asyncpg

# Counts the statements that wait for a lock.
LOCK_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def fetch_current(connection: "asyncpg.Connection[asyncpg.Record]", query: str) -> object:
    """The query's value with up-to-date statistics, also inside a transaction."""
    await connection.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)")
    return await connection.fetchval(query)


async def wait_until(connection: "asyncpg.Connection[asyncpg.Record]", query: str, expected: object) -> None:
    """Raises `TimeoutError` after 60 seconds."""
    async with asyncio.timeout(60):
        while await fetch_current(connection, query) != expected:
            pass
