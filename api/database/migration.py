"""Migrates a database to the schema of this version."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

T = TypeVar("T")

# Migrations are beside the package in a checkout, and inside it once installed (a top-level `alembic` would shadow the library).
CHECKOUT, INSTALLED = (Path(__file__).resolve().parents[level] / "alembic" for level in (2, 1))
SCRIPTS = INSTALLED if INSTALLED.exists() else CHECKOUT

# Advisory lock against two migrations at once. Any constant number will do.
LOCK = 7_434_261

# No named prepared statements: behind a pooler they would stay in a server connection that is assigned to other clients.
NO_PREPARED_STATEMENTS = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": str,
}


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
    """Migrates the database at a postgresql:// address. Returns whether anything had to be done."""
    return await run(url, _upgrade)


async def run(url: str, work: Callable[[sa.Connection], T]) -> T:
    """Calls `work` with an SQLAlchemy connection, as alembic needs it, in one transaction."""
    address = sa.make_url(url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(address, poolclass=sa.NullPool, connect_args=NO_PREPARED_STATEMENTS)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: sa.Connection) -> bool:
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    if MigrationContext.configure(connection).get_current_revision() == head():
        return False
    command.upgrade(config(connection), "head")
    return True
