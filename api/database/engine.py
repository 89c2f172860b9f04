"""The two ways to the database: a pool that reads compiled statements, and transactions that write."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

READERS = 8
WRITERS = 8
READ_SECONDS = 15.0

# Every connection: instants in UTC as text, no compilation of plans, and a server that notices when we are gone.
SERVER_SETTINGS = {
    "application_name": "sigap",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "jit": "off",
    "client_connection_check_interval": "1s",
}
READ_SETTINGS = {
    **SERVER_SETTINGS,
    # Plans are prepared once per connection; planning anew for each value costs more than it gains.
    "plan_cache_mode": "force_generic_plan",
    "default_transaction_read_only": "on",
    "statement_timeout": f"{READ_SECONDS:.0f}s",
}
WRITE_SETTINGS = {**SERVER_SETTINGS, "statement_timeout": "30s", "idle_in_transaction_session_timeout": "60s"}


class Unavailable(Exception):
    """The database did not answer; what was asked may be asked again."""


class Refused(Exception):
    """The database cannot take a value as it is, for instance a day beyond its calendar."""


async def _keep(_connection: Any) -> None:
    """Reads leave nothing behind on a connection, so none is reset between two of them."""


class Database:
    """Open for the life of the application."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", engine: AsyncEngine) -> None:
        self._pool = pool
        self._engine = engine
        self.statements = 0

    @classmethod
    async def open(cls, url: str) -> "Database":
        """`url` is a postgresql:// address."""
        pool = await asyncpg.create_pool(
            url, min_size=1, max_size=READERS, server_settings=READ_SETTINGS, reset=_keep, command_timeout=READ_SECONDS
        )
        address = sa.make_url(url).set(drivername="postgresql+asyncpg")
        engine = create_async_engine(
            address,
            pool_size=WRITERS,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"server_settings": WRITE_SETTINGS},
        )
        return cls(pool, engine)

    async def close(self) -> None:
        await self._engine.dispose()
        await self._pool.close()

    async def read(self, sql: str, parameters: Sequence[object]) -> str:
        """The one value of a compiled statement."""
        self.statements += 1
        try:
            async with self._pool.acquire() as connection:
                text = await connection.fetchval(sql, *parameters)
        except asyncpg.DataError as error:
            raise Refused(str(error)) from error
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise Unavailable from error
        except (asyncpg.QueryCanceledError, asyncpg.OperatorInterventionError) as error:
            raise Unavailable from error
        return str(text)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection]:
        """A connection whose changes are all committed at the end, or none."""
        async with self._engine.begin() as connection:
            yield connection
