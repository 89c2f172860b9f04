"""Bringing a database to the tables of this program."""

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

# In a checkout beside the package; inside it once installed, where a folder `alembic` would shadow the library.
BESIDE, INSIDE = (Path(__file__).resolve().parents[level] / "alembic" for level in (2, 1))
SCRIPTS = INSIDE if INSIDE.exists() else BESIDE

# Two starts at once must not migrate at once; any number that is always the same will do.
LOCK = 7_434_261

# Statements without names: behind a pooler, names would stay in a session that is somebody else's.
UNPREPARED = {"statement_cache_size": 0, "prepared_statement_cache_size": 0, "prepared_statement_name_func": str}


def config(connection: sa.Connection | None = None) -> Config:
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    made.set_main_option("path_separator", "newline")
    return made


def head() -> str:
    """The revision that this program's tables stand at."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found is not None
    return found


async def upgrade(url: str) -> bool:
    """Brings the database at a postgresql:// address up to date; says whether there was anything to do."""
    return await run(url, _upgrade)


async def run(url: str, work: Callable[[sa.Connection], T]) -> T:
    """Does the work on a connection of the kind that alembic wants, in one transaction."""
    address = sa.make_url(url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(address, poolclass=sa.NullPool, connect_args=UNPREPARED)
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
