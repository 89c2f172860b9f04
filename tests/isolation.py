"""One database per worker, emptied between tests."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import sqlalchemy as sa

from api.models import METADATA
from tests.keeping import Kept

# Deleted rows keep their room in the files; from this size on a new clone is the better start.
MOST_BYTES = 2_000_000

# Seconds for the server to end the sessions whose connections a test has closed; it usually takes milliseconds.
END_SECONDS = 60.0

# The second reader of the compiler's tests alone has more statements than asyncpg keeps.
STATEMENT_CACHE_SIZE = 1_000

OTHER_SESSIONS = """
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND pid <> ALL($1)"""

# Where PostgreSQL keeps tables, columns, defaults, constraints, indexes, triggers, functions, types and settings.
SYSTEM_TABLES = (
    *("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_trigger", "pg_proc", "pg_type"),
    *("pg_enum", "pg_rewrite", "pg_policy", "pg_extension", "pg_db_role_setting"),
)


class OpenConnectionsError(Exception):
    """A test has left connections to the database open."""


def with_database(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


@asynccontextmanager
async def connected(url: str) -> "AsyncGenerator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def command(url: str, *statements: str) -> None:
    async with connected(url) as connection:
        for statement in statements:
            await connection.execute(statement)


@asynccontextmanager
async def copied(template: str, suffix: str) -> AsyncGenerator[str]:
    """The address of a worker's own copy of the template; with rows of its own it is the template of a `WorkerDatabase`."""
    server, origin = with_database(template, "postgres"), sa.make_url(template).database
    name = f"{origin}_{os.getpid()}_{suffix}"
    await command(server, f"CREATE DATABASE {name} TEMPLATE {origin} STRATEGY file_copy")
    yield with_database(template, name)
    await command(server, f"DROP DATABASE {name}")


@dataclass(frozen=True, slots=True)
class Clone:
    """A copy of the template database, and what is needed to see whether it still equals the template."""

    url: str
    name: str
    data: Sequence[str]  # The tables that are empty in the template, children before parents.
    reference: Sequence[str]  # The other tables.
    transaction: int  # Whatever was changed since has a later one.
    schema_versions: Sequence[object]  # What `read_versions` says of SYSTEM_TABLES.
    reference_versions: Sequence[object]  # What it says of the reference tables.


class WorkerDatabase:
    """The database of a worker, cloned from the template and used by one test after another.

    After a test that has added rows, they are deleted. After one that has changed the schema, the reference data or the
    settings, or that has left connections open, the database is dropped, and the next test gets a new clone.

    It cleans by one connection, which each test may use before: to delete from every table, and to make a row, takes a new
    one five times as long, and it keeps what is prepared.
    """

    def __init__(self, template: str, prefix: str, *, end_seconds: float = END_SECONDS) -> None:
        self.template = template
        self.prefix = prefix
        self.kept = Kept()
        self._end_seconds = end_seconds
        self._count = 0
        self._clone: Clone | None = None
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def open(self) -> str:
        """The address of the database; it is cloned first where there is none."""
        if self._clone is None:
            self._count += 1
            self._clone = await clone(self.template, f"{self.prefix}_{self._count}")
        return self._clone.url

    async def connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        """The connection that one test after another uses, by itself."""
        assert self._clone is not None
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._clone.url, statement_cache_size=STATEMENT_CACHE_SIZE)
        return self._connection

    async def clean(self) -> None:
        """Deletes the rows of a test, or drops the database; raises `OpenConnectionsError` after it has ended them."""
        if self._clone is None:
            return
        is_clean = False
        try:
            connection = await self.connection()
            await connection.reset()
            await end_other_sessions(connection, self._end_seconds, self.kept.sessions)
            is_clean = await restore(connection, self._clone)
        finally:
            if not is_clean:
                await self.drop()

    async def delete_rows(self) -> None:
        """Deletes all rows but the reference data, while others are connected."""
        assert self._clone is not None
        async with connected(self._clone.url) as connection:
            await delete_rows(connection, self._clone)

    async def disconnect(self) -> None:
        """Closes the connections that one test leaves to the next."""
        await self.kept.close()
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def drop(self) -> None:
        await self.disconnect()
        if self._clone is not None:
            # Not by force: that would need a right over the server's own workers, which may be at work there.
            await command(with_database(self.template, "postgres"), f"DROP DATABASE {self._clone.name}")
            self._clone = None


async def clone(template: str, name: str) -> Clone:
    # Copying the files takes less time than writing every page to the log, on PostgreSQL 15 and 18.
    statement = f"CREATE DATABASE {name} TEMPLATE {sa.make_url(template).database} STRATEGY file_copy"
    await command(with_database(template, "postgres"), statement)
    url = with_database(template, name)
    async with connected(url) as connection:
        tables = [table.name for table in reversed(METADATA.sorted_tables)]
        has_rows = [await connection.fetchval(f'SELECT EXISTS (SELECT FROM "{table}")') for table in tables]
        data = [table for table, is_reference in zip(tables, has_rows, strict=True) if not is_reference]
        reference = [table for table in tables if table not in data]
        transaction: int = await connection.fetchval("SELECT pg_current_xact_id()::xid")
        return Clone(
            url,
            name,
            data,
            reference,
            transaction,
            schema_versions=await read_versions(connection, SYSTEM_TABLES, transaction),
            reference_versions=await read_versions(connection, reference, transaction),
        )


async def read_versions(
    connection: "asyncpg.Connection[asyncpg.Record]", tables: Sequence[str], transaction: int
) -> Sequence[object]:
    """For each table, a text that differs after every change of its rows since a transaction.

    A row's xmin is the transaction that wrote it, so a change shows in the count of all rows or of those that are younger.
    """
    counts = "count(*), count(*) FILTER (WHERE age(xmin) < age($1::xid))"
    columns = (f'(SELECT ({counts})::text FROM "{table}")' for table in tables)
    return tuple(await connection.fetchrow(f"SELECT {', '.join(columns)}", transaction) or ())


async def has_template_state(connection: "asyncpg.Connection[asyncpg.Record]", origin: Clone) -> bool:
    """Whether schema, settings and reference data are as they were cloned."""
    # The system tables first: a reference table that was dropped cannot be read.
    return (
        await read_versions(connection, SYSTEM_TABLES, origin.transaction) == origin.schema_versions
        and await read_versions(connection, origin.reference, origin.transaction) == origin.reference_versions
    )


async def end_other_sessions(
    connection: "asyncpg.Connection[asyncpg.Record]", seconds: float, kept: Sequence[int]
) -> None:
    """Waits until this connection and those kept are the only ones; after so many seconds, ends the others and raises."""
    try:
        async with asyncio.timeout(seconds):
            while await connection.fetchval(f"SELECT count(*) {OTHER_SESSIONS}", kept):  # noqa: ASYNC110  # The server has no event.
                await asyncio.sleep(0.002)
    except TimeoutError:
        left = await connection.fetch(
            f"SELECT state, query, pg_terminate_backend(pid, {END_SECONDS * 1000:.0f}) {OTHER_SESSIONS}", kept
        )
        sessions = "; ".join(f"{each['state']}: {each['query']}" for each in left)
        raise OpenConnectionsError(f"The test has left connections to the database open ({sessions}).") from None


async def restore(connection: "asyncpg.Connection[asyncpg.Record]", origin: Clone) -> bool:
    """Deletes all rows but the reference data, and restarts the sequences; false where that is not enough."""
    if not await has_template_state(connection, origin):
        return False
    size = " + ".join(f"pg_relation_size('\"{table}\"')" for table in origin.data)
    if await connection.fetchval(f"SELECT {size}") > MOST_BYTES:
        return False
    await delete_rows(connection, origin)
    return True


async def delete_rows(connection: "asyncpg.Connection[asyncpg.Record]", origin: Clone) -> None:
    # TRUNCATE would make new files for the tables and for each of their indexes, which takes fifty times as long.
    allow = "SELECT set_config('sigap.erases_person', 'on', true)"
    while filled := await filled_tables(connection, origin):
        await connection.execute("; ".join([allow, *(f'DELETE FROM "{table}"' for table in filled)]))
    restart = "SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences"
    await connection.execute(f"{restart} WHERE last_value IS NOT NULL")


async def filled_tables(connection: "asyncpg.Connection[asyncpg.Record]", origin: Clone) -> Sequence[str]:
    """Those of the tables that were empty which have rows, children before parents: a dozen of ninety, after most tests."""
    names = (f"CASE WHEN EXISTS (SELECT FROM \"{table}\") THEN '{table}' END" for table in origin.data)
    found: Sequence[str] = await connection.fetchval(f"SELECT array_remove(ARRAY[{', '.join(names)}], NULL)")
    return found
