"""Migrates a database to the schema of this version.

Each migration is a transaction of its own. What cannot be in one, as CREATE INDEX CONCURRENTLY, is inside
`with op.get_context().autocommit_block():`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from api.database import requirement
from api.values.database_url import connection_arguments

T = TypeVar("T")

# Migrations are beside the package in a checkout, and inside it once installed (a top-level `alembic` would shadow the library).
CHECKOUT, INSTALLED = (Path(__file__).resolve().parents[level] / "alembic" for level in (2, 1))
SCRIPTS = INSTALLED if INSTALLED.exists() else CHECKOUT

# Advisory lock against two migrations at once. Any constant number will do.
LOCK = 7_434_261
POLL_SECONDS = 0.2

# No named prepared statements: behind a pooler they would stay in a server connection that is assigned to other clients.
NO_PREPARED_STATEMENTS = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": str,
}


# Made by the first migration.
A_TABLE = "event"


class SchemaError(Exception):
    """The schema of the database is not one that this version can use, in one line."""


def config(connection: sa.Connection | None = None) -> Config:
    alembic_config = Config(attributes={"connection": connection})
    alembic_config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    alembic_config.set_main_option("path_separator", "newline")
    return alembic_config


def head() -> str:
    """The newest revision."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    assert revision is not None
    return revision


async def upgrade(url: str) -> bool:
    """Migrates the database at a postgresql:// address. Returns whether anything had to be done.

    Raises `SchemaError` if the schema is not of this version nor of an earlier one.
    """
    if await run(url, is_current):
        return False
    async with locked(url) as connection:
        await requirement.check_for_migration(connection)
        await _end_snapshot(connection)
        return await run(url, _upgrade)


async def check(url: str) -> None:
    """Raises `SchemaError` if the schema is not of this version."""
    if not await run(url, is_current):
        raise SchemaError("The database is not migrated to this version. Run: sigap migrate")


async def run(url: str, work: Callable[[sa.Connection], T]) -> T:
    """Calls `work` with an SQLAlchemy connection, as alembic needs it. What `work` does not commit is rolled back.

    Raises the errors of asyncpg, not those that SQLAlchemy makes of them.
    """
    arguments = {**connection_arguments(url), **NO_PREPARED_STATEMENTS}
    engine = create_async_engine("postgresql+asyncpg://", poolclass=sa.NullPool, connect_args=arguments)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    except sa.exc.DBAPIError as error:
        raise (error.orig.__cause__ if error.orig else None) or error from None
    finally:
        await engine.dispose()


@asynccontextmanager
async def locked(url: str) -> AsyncGenerator[asyncpg.Connection]:
    """A connection that holds the lock. It belongs to a transaction, so that it works behind a pooler, on a connection of its own.

    A statement that waits for the lock would be waited for by CREATE INDEX CONCURRENTLY, which holds it.
    """
    connection = await asyncpg.connect(**connection_arguments(url), statement_cache_size=0)
    try:
        while not await _try_lock(connection):
            await connection.execute("ROLLBACK")
            await asyncio.sleep(POLL_SECONDS)
        yield connection
    finally:
        await connection.close()


async def _try_lock(connection: asyncpg.Connection) -> bool:
    await connection.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
    has_lock: bool = await connection.fetchval(f"SELECT pg_try_advisory_xact_lock({LOCK})")
    await _end_snapshot(connection)
    return has_lock


async def _end_snapshot(connection: asyncpg.Connection) -> None:
    """The portal of a statement, and with it its snapshot, is open until the next one; a simple query leaves none."""
    await connection.execute("SELECT 1")


def is_current(connection: sa.Connection) -> bool:
    """Whether nothing is left to migrate. Raises `SchemaError` for a revision that this version does not know."""
    # Tables first: another process that migrates meanwhile commits them with their revision.
    has_tables = sa.inspect(connection).has_table(A_TABLE)
    heads = MigrationContext.configure(connection).get_current_heads()
    connection.rollback()
    newest = head()
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if unknown := set(heads) - known:
        raise SchemaError(
            f"The database is at revision {', '.join(sorted(unknown))}, which this version of Sigap does not know; its own is"
            f" {newest}. Install the version that migrated the database, or restore a backup; a database from before the"
            " first release has to be made anew."
        )
    if not heads and has_tables:
        raise SchemaError(
            "The database has the tables of Sigap, and none of its revisions in the table alembic_version:"
            " put the one there that it had, or restore a backup."
        )
    if len(heads) > 1:
        raise SchemaError(
            f"The database is at several revisions, {', '.join(sorted(heads))}:"
            " only the last one may stand in its table alembic_version."
        )
    return heads == (newest,)


def _upgrade(connection: sa.Connection) -> bool:
    # Another process may have migrated while this one waited for the lock.
    if is_current(connection):
        return False
    command.upgrade(config(connection), "head")
    return True
