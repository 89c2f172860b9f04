"""The two ways to the database, both over asyncpg: statements that read, and transactions that write."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

import asyncpg

from api.database.reader import Readers
from api.database.statement import Prepared, Statement, prepared

READERS = 8
WRITERS = 8
READ_SECONDS = 15.0
WRITE_SECONDS = 30.0
LOCK_SECONDS = 10.0

# How long a request waits for a connection while all are at work.
WAIT_SECONDS = 10.0

# Statements that each reading connection keeps prepared: the ones used last.
PREPARED = 64

# Characters; what is longer is prepared anew each time. A server keeps some fifty bytes for each character.
LONGEST_PREPARED = 30_000


class Row(asyncpg.Record):
    """A stored row, its columns by their names."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


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
WRITE_SETTINGS = {
    **SERVER_SETTINGS,
    "statement_timeout": f"{WRITE_SECONDS:.0f}s",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": f"{LOCK_SECONDS:.0f}s",
}


def _local(settings: Mapping[str, str]) -> str:
    """The settings, for as long as a transaction."""
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


# Behind a pooler each transaction says them anew. Statements are not kept there, so they are planned for their values.
READ_LOCALLY = _local({**SERVER_SETTINGS, "statement_timeout": READ_SETTINGS["statement_timeout"]})
WRITE_LOCALLY = _local(WRITE_SETTINGS)

# What a pooler in front of the database gives a session to.
Pooler = Literal["transaction"]


class Unavailable(Exception):
    """The database did not answer; what was asked may be asked again."""


class Unstorable(Exception):
    """The database cannot take a value as it is, for instance a day beyond its calendar."""


class _Foreseen:
    """What may go wrong with any database, under our own names."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, raised: BaseException | None, _traceback: object) -> None:
        if isinstance(raised, asyncpg.DataError):
            raise Unstorable(str(raised)) from raised
        if isinstance(raised, LOST):
            raise Unavailable from raised


LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
    asyncpg.QueryCanceledError,
    asyncpg.OperatorInterventionError,
    asyncpg.InternalClientError,
    # No such database any more, no connection left for us, or somebody holds what we need for too long.
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
)

# One for all: it is entered at each statement, and keeps nothing.
FORESEEN = _Foreseen()


class Transaction:
    """A connection within a transaction, for statements written in SQLAlchemy Core."""

    def __init__(self, connection: "asyncpg.Connection[Row] | asyncpg.pool.PoolConnectionProxy[Row]") -> None:
        self.connection = connection

    async def text(self, sql: str, parameters: Sequence[object]) -> str:
        """The one value of a compiled statement."""
        return str(await self.connection.fetchval(sql, *parameters))

    async def rows(self, statement: Statement | Prepared, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows; `parameters` are the values of the statement's named parameters."""
        ready = statement if isinstance(statement, Prepared) else prepared(statement)
        return await self.connection.fetch(ready.sql, *ready.values(parameters or {}))

    async def row(self, statement: Statement | Prepared, parameters: Mapping[str, Any] | None = None) -> Row | None:
        """The first row, if there is one."""
        rows = await self.rows(statement, parameters)
        return rows[0] if rows else None

    async def value(self, statement: Statement | Prepared, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row; nothing where there is none."""
        row = await self.row(statement, parameters)
        return None if row is None else row[0]

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """What is done inside is undone where it raises."""
        async with self.connection.transaction():
            yield


class Database:
    """Open for the life of the application."""

    def __init__(self, readers: Readers, writers: "asyncpg.Pool[Row]") -> None:
        self._readers = readers
        self._writers = writers
        self.statements = 0

    @staticmethod
    async def open(url: str, *, pooler: Pooler | None = None) -> "Database":
        """`url` is a postgresql:// address, of the database itself or of a pooler before it."""
        return await (_open_pooled if pooler else _open)(url)

    async def close(self) -> None:
        await self._readers.close()
        await self._writers.close()

    async def read(self, sql: str, parameters: Sequence[object]) -> str:
        """The one value of a compiled statement."""
        self.statements += 1
        with FORESEEN:
            connection = await self._readers.take()
            try:
                value = await connection.fetchval(sql, *parameters)
            except BaseException as raised:
                self._readers.give(connection, raised)
                raise
            self._readers.give(connection)
            return str(value)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Transaction]:
        """A reading connection, each statement a transaction of its own; writers that wait do not hold it up."""
        with FORESEEN:
            async with self._readers.lent() as connection:
                yield Transaction(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """What is done inside is all committed at the end, or none of it."""
        with FORESEEN:
            async with self._writers.acquire(timeout=WAIT_SECONDS) as connection, connection.transaction():
                yield Transaction(connection)


class PooledDatabase(Database):
    """Behind a pooler that gives each transaction another session: nothing is left in a session, nor expected there."""

    async def read(self, sql: str, parameters: Sequence[object]) -> str:
        self.statements += 1
        async with self.reading() as session:
            return await session.text(sql, parameters)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Transaction]:
        with FORESEEN:
            async with self._readers.lent() as connection, connection.transaction(readonly=True):
                await connection.execute(READ_LOCALLY)
                yield Transaction(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        with FORESEEN:
            async with self._writers.acquire(timeout=WAIT_SECONDS) as connection, connection.transaction():
                await connection.execute(WRITE_LOCALLY)
                yield Transaction(connection)


async def _open(url: str) -> Database:
    connect = partial(
        asyncpg.connect,
        url,
        timeout=WAIT_SECONDS,
        server_settings=READ_SETTINGS,
        command_timeout=READ_SECONDS,
        statement_cache_size=PREPARED,
        max_cacheable_statement_size=LONGEST_PREPARED,
        record_class=Row,
    )
    writers = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=WRITERS,
        server_settings=WRITE_SETTINGS,
        command_timeout=WRITE_SECONDS,
        record_class=Row,
    )
    return Database(await _readers(connect), writers)


async def _open_pooled(url: str) -> Database:
    # A statement that is prepared by name stays in a session that will be somebody else's.
    connect = partial(
        asyncpg.connect,
        url,
        timeout=WAIT_SECONDS,
        command_timeout=READ_SECONDS,
        statement_cache_size=0,
        record_class=Row,
    )
    writers = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=WRITERS,
        reset=_rolled_back,
        command_timeout=WRITE_SECONDS,
        statement_cache_size=0,
        record_class=Row,
    )
    return PooledDatabase(await _readers(connect), writers)


async def _readers(connect: "Callable[[], Awaitable[asyncpg.Connection[Row]]]") -> Readers:
    """With a connection at once, so that a database that cannot be used is known at the start."""
    readers = Readers(connect, most=READERS, seconds=WAIT_SECONDS)
    readers.give(await readers.take())
    return readers


async def _rolled_back(connection: "asyncpg.Connection[Row]") -> None:
    """Behind a pooler, a transaction left open would be the next one's."""
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")
