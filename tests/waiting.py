"""Waiting for something to be so in the database."""

import asyncio

import asyncpg

# How many statements stand before somebody's lock.
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def told(connection: "asyncpg.Connection[asyncpg.Record]", question: str) -> object:
    """What the database answers now, even within a transaction."""
    await connection.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)")
    return await connection.fetchval(question)


async def until(connection: "asyncpg.Connection[asyncpg.Record]", question: str, answer: object) -> None:
    async with asyncio.timeout(20):
        while await told(connection, question) != answer:
            pass
