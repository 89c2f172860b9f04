"""Access to the database over asyncpg: reads, which need no transaction, and write transactions."""

import re
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, Literal

import asyncpg
import sqlalchemy as sa

from api.database.monitor import Connect, Monitor
from api.database.pool import Client, ConnectionPool, NoConnectionFree
from api.database.statement import (
    CompiledStatement,
    Statement,
    columns_of,
    compile_statement,
    insert_all_statement,
    insert_statement,
    lock_statement,
    update_all_statement,
    update_statement,
    with_stored_keys,
)
from api.values.database_url import connection_arguments

READ_POOL_SIZE = 10
WRITE_POOL_SIZE = 8
READ_SECONDS = 5
WRITE_SECONDS = 30.0
LOCK_SECONDS = 10.0

# How much later than the server the client gives a read up: then it was not the statement that took so long.
GRACE_SECONDS = 1.0

# The longest wait for a free connection to read, for one to write, where a rush waits in line for one lock, and for a new one.
ACQUIRE_SECONDS = 2.0
WRITE_ACQUIRE_SECONDS = 10.0
CONNECT_SECONDS = 5.0

# Prepared statements per read connection; the least recently used one is dropped first.
STATEMENT_CACHE_SIZE = 64

# Characters. A longer statement is prepared each time: PostgreSQL needs some 50 bytes of memory per character.
MAX_CACHED_STATEMENT_LENGTH = 60_000

# Characters. After a longer statement the connection is closed, as its server process keeps the memory of planning it.
HUGE_STATEMENT_LENGTH = 60_000

# TCP keepalive: the kernel probes a connection after 60 idle seconds, and gives it up after three lost probes.
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class Row(asyncpg.Record):
    """A row whose columns are also attributes."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


# For every connection: times in UTC, no JIT, and statements are cancelled when the client is gone.
SERVER_SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "jit": "off",
    "client_connection_check_interval": "1s",
}
READ_SETTINGS = {
    **SERVER_SETTINGS,
    # Planning for each set of values costs more than better plans gain.
    "plan_cache_mode": "force_generic_plan",
    "default_transaction_read_only": "on",
}
WRITE_SETTINGS = {
    **SERVER_SETTINGS,
    "statement_timeout": f"{WRITE_SECONDS:.0f}s",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": f"{LOCK_SECONDS:.0f}s",
}


def _set_local(settings: Mapping[str, str]) -> str:
    """SQL that applies the settings until the end of the transaction."""
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


# Behind a pooler each transaction begins with these.
WRITE_SET_LOCAL = _set_local(WRITE_SETTINGS)

# What a pooler in front of the database assigns a server connection to.
Pooler = Literal["transaction"]


class Unavailable(Exception):
    """The database did not answer. The same statement may succeed later."""

    code = "UNAVAILABLE"
    message = "The database does not answer; try again."


class TimedOut(Unavailable):
    """The statement took longer than it may."""

    code = "TIMEOUT"
    message = "Reading took longer than the limit; ask for less, with a narrower filter or smaller pages."


class Overloaded(Unavailable):
    """No connection became free in time."""

    code = "OVERLOADED"
    message = "All connections to the database are in use; try again."


class InvalidValue(Exception):
    """The database cannot represent a value, for instance a date beyond its range."""


class TooLarge(Exception):
    """The value of a statement is larger than was asked for; it did not leave the database."""


def limited(sql: str, max_bytes: int) -> str:
    """The statement, with null instead of a value of more bytes."""
    # OFFSET keeps PostgreSQL from computing the value twice.
    return f"SELECT CASE WHEN octet_length(t) <= {max_bytes} THEN t END FROM ({sql} OFFSET 0) AS limited (t)"  # noqa: S608  # Compiled SQL.


def checked(value: object) -> str:
    """Compiled statements have a value that is not null, unless it was too large."""
    if value is None:
        raise TooLarge
    return str(value)


class Errors:
    """Raises driver errors as `Unavailable` or `InvalidValue` where one of them fits.

    A loss of the database is logged once, and so is its return.
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def __enter__(self) -> None:
        if self._monitor.is_down:
            raise Unavailable

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if error is None:
            if self._monitor.is_lost:
                self._monitor.note_return()
            return
        if isinstance(error, INVALID_VALUE_ERRORS) or is_out_of_range(error):
            raise InvalidValue from error
        if isinstance(error, asyncpg.QueryCanceledError):
            raise TimedOut from error
        if isinstance(error, CONNECTION_LOST_ERRORS) or is_connection_gone(error):
            if not isinstance(error, TimeoutError):
                self._monitor.note_loss(error)
            self._monitor.suspect()
        elif not isinstance(error, BUSY_ERRORS):
            return
        raise (Overloaded if isinstance(error, NoConnectionFree) else Unavailable) from error


# What a value alone can be guilty of; other data errors, as a division by zero, are mistakes of the program.
INVALID_VALUE_ERRORS = (
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.IntervalFieldOverflowError,
    asyncpg.InvalidDatetimeFormatError,
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
)

# What asyncpg says of a connection that is gone; its other InterfaceErrors are mistakes of the program.
CONNECTION_GONE = re.compile(
    r"connection (is|was|has been) (closed|released)|pool is clos(ed|ing)|closed in the middle"
)


def is_out_of_range(error: BaseException | None) -> bool:
    """Whether asyncpg itself refused a value, as an integer of more than 32 bits."""
    return isinstance(error, asyncpg.DataError) and error.sqlstate == "22000" and "out of" in str(error)


def is_connection_gone(error: BaseException | None) -> bool:
    return isinstance(error, asyncpg.InterfaceError) and CONNECTION_GONE.search(str(error)) is not None


# After which it is to be seen whether the database answers at all. Not so a statement that took too long on the server.
CONNECTION_LOST_ERRORS = (
    asyncpg.PostgresConnectionError,
    OSError,
    TimeoutError,
    asyncpg.OperatorInterventionError,
    asyncpg.InternalClientError,
    asyncpg.InvalidCatalogNameError,
)

# There are too many connections, or a lock was not released in time.
BUSY_ERRORS = (asyncpg.InsufficientResourcesError, asyncpg.LockNotAvailableError)


class Transaction:
    """Executes statements, compiled SQL or SQLAlchemy Core, on one connection."""

    def __init__(self, connection: "asyncpg.Connection[Row]") -> None:
        self.connection = connection

    async def text(self, sql: str, parameters: Sequence[object], *, max_bytes: int | None = None) -> str:
        """The one value of a compiled statement; raises `TooLarge` if it has more than `max_bytes`."""
        return checked(await self.connection.fetchval(limited(sql, max_bytes) if max_bytes else sql, *parameters))

    async def rows(
        self, statement: Statement | CompiledStatement, parameters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        """All rows. `parameters` are the values of the statement's named parameters."""
        compiled = statement if isinstance(statement, CompiledStatement) else compile_statement(statement)
        return await self.connection.fetch(compiled.sql, *compiled.values(parameters or {}))

    async def row(
        self, statement: Statement | CompiledStatement, parameters: Mapping[str, Any] | None = None
    ) -> Row | None:
        """The first row; None without rows."""
        rows = await self.rows(statement, parameters)
        return rows[0] if rows else None

    async def value(self, statement: Statement | CompiledStatement, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row; None without rows."""
        row = await self.row(statement, parameters)
        return None if row is None else row[0]

    async def insert(self, table: sa.Table, **values: Any) -> None:
        """Inserts a row."""
        stored = with_stored_keys(table, values)
        await self.rows(insert_statement(table, tuple(stored)), stored)

    async def update(self, table: sa.Table, key: Any, **values: Any) -> None:
        """Changes columns of the row with this primary key."""
        stored = with_stored_keys(table, values)
        await self.rows(update_statement(table, tuple(stored)), {**stored, "key": key})

    async def insert_all(self, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, sorted_by: str) -> set[Any]:
        """Inserts rows by one statement; returns the keys of those that violate no constraint, the others are left out.

        All rows fill the same columns. They are inserted in the order of one of these, the one that two transactions
        could wait for each other over, so that they do not.
        """
        if not rows:
            return set()
        columns = columns_of(table, [with_stored_keys(table, row) for row in rows])
        inserted = await self.rows(insert_all_statement(table, tuple(columns), sorted_by), columns)
        return {row[0] for row in inserted}

    async def update_all(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Changes rows that are locked already; each names its primary key, and all change the same columns."""
        if not rows:
            return
        columns = columns_of(table, [with_stored_keys(table, row) for row in rows])
        await self.rows(update_all_statement(table, tuple(columns)), columns)

    async def lock_all(self, table: sa.Table, keys: Sequence[Any]) -> dict[Any, Row]:
        """The rows with these keys, locked in the order of the keys; the tables have an order, too: decision record 0018."""
        (key,) = table.primary_key.columns
        return {row[key.name]: row for row in await self.rows(lock_statement(table), {"keys": [*keys]})}

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """Undoes the changes made inside when an exception leaves it."""
        async with self.connection.transaction():
            yield


class Database:
    """The connection pools, open as long as the application runs."""

    def __init__(self, read_pool: ConnectionPool, write_pool: ConnectionPool, *, read_seconds: int) -> None:
        self._read_pool = read_pool
        self._write_pool = write_pool
        self._read_set_local = _set_local({**SERVER_SETTINGS, **read_timeout(read_seconds)})
        self.monitor = Monitor(read_pool.connect)
        self._errors = Errors(self.monitor)
        # How many compiled reads were executed.
        self.statements = 0

    @staticmethod
    async def open(url: str, *, pooler: Pooler | None = None, read_seconds: int = READ_SECONDS) -> "Database":
        """`url` is a postgresql:// address: of the database, or of the pooler if there is one."""
        return await (_open_behind_pooler if pooler else _open)(url, read_seconds)

    async def close(self) -> None:
        await self.monitor.close()
        await self._read_pool.close()
        await self._write_pool.close()

    async def read(
        self, sql: str, parameters: Sequence[object], *, max_bytes: int | None = None, client: Client | None = None
    ) -> str:
        """The one value of a compiled statement; raises `TooLarge` if it has more than `max_bytes`."""
        self.statements += 1
        with self._errors:
            # As `self._read_pool.connection()` does, which costs more.
            connection = await self._read_pool.acquire(client)
            start = perf_counter()
            try:
                value = await connection.fetchval(limited(sql, max_bytes) if max_bytes else sql, *parameters)
            except BaseException as error:
                self._read_pool.release(connection, error)
                raise
            finally:
                if client is not None:
                    client.seconds += perf_counter() - start
            self._read_pool.release(connection, is_worn=len(sql) > HUGE_STATEMENT_LENGTH)
            return checked(value)

    @asynccontextmanager
    async def reading(self, client: Client | None = None) -> AsyncGenerator[Transaction]:
        """A read connection. Each statement is a transaction of its own."""
        with self._errors:
            async with self._read_pool.connection(client) as connection, timed(client):
                yield Transaction(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """A write transaction: committed at the end, rolled back when an exception leaves it."""
        with self._errors:
            async with self._write_pool.connection() as connection, connection.transaction():
                yield Transaction(connection)


class DatabaseBehindPooler(Database):
    """For a pooler that assigns each transaction any server connection, so that no session state can be used."""

    async def read(
        self, sql: str, parameters: Sequence[object], *, max_bytes: int | None = None, client: Client | None = None
    ) -> str:
        self.statements += 1
        async with self.reading(client) as session:
            return await session.text(sql, parameters, max_bytes=max_bytes)

    @asynccontextmanager
    async def reading(self, client: Client | None = None) -> AsyncGenerator[Transaction]:
        with self._errors:
            async with (
                self._read_pool.connection(client) as connection,
                timed(client),
                connection.transaction(readonly=True),
            ):
                await connection.execute(self._read_set_local)
                yield Transaction(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        with self._errors:
            async with self._write_pool.connection() as connection, connection.transaction():
                await connection.execute(WRITE_SET_LOCAL)
                yield Transaction(connection)


@asynccontextmanager
async def timed(client: Client | None) -> AsyncGenerator[None]:
    """Counts the time of the block for the client."""
    start = perf_counter()
    try:
        yield
    finally:
        if client is not None:
            client.seconds += perf_counter() - start


def read_timeout(seconds: int) -> Mapping[str, str]:
    return {"statement_timeout": f"{seconds}s"}


async def _open(url: str, read_seconds: int) -> Database:
    read_pool = await _open_read_pool(
        url,
        read_seconds,
        settings={**READ_SETTINGS, **read_timeout(read_seconds)},
        statement_cache_size=STATEMENT_CACHE_SIZE,
        max_cacheable_statement_size=MAX_CACHED_STATEMENT_LENGTH,
    )
    return Database(read_pool, _write_pool(url, settings=WRITE_SETTINGS), read_seconds=read_seconds)


async def _open_behind_pooler(url: str, read_seconds: int) -> Database:
    # A named prepared statement would stay in a server connection that is assigned to other clients.
    read_pool = await _open_read_pool(url, read_seconds, statement_cache_size=0)
    return DatabaseBehindPooler(read_pool, _write_pool(url, statement_cache_size=0), read_seconds=read_seconds)


async def _open_read_pool(url: str, read_seconds: int, **options: Any) -> ConnectionPool:
    connect = _connector(url, seconds=read_seconds + GRACE_SECONDS, **options)
    pool = ConnectionPool(connect, size=READ_POOL_SIZE, timeout=ACQUIRE_SECONDS)
    # Connect now, so that an unusable database fails the start and not the first request.
    pool.release(await pool.acquire())
    return pool


def _write_pool(url: str, **options: Any) -> ConnectionPool:
    connect = _connector(url, seconds=WRITE_SECONDS, **options)
    return ConnectionPool(connect, size=WRITE_POOL_SIZE, timeout=WRITE_ACQUIRE_SECONDS)


def _connector(url: str, *, seconds: float, settings: Mapping[str, str] | None = None, **options: Any) -> Connect:
    """Opens connections that wait at most so many seconds for a statement."""
    arguments = connection_arguments(url, settings)

    async def connect() -> "asyncpg.Connection[Row]":
        connection: asyncpg.Connection[Row] = await asyncpg.connect(
            **arguments, timeout=CONNECT_SECONDS, command_timeout=seconds, record_class=Row, **options
        )
        await enable_keepalive(connection)
        return connection

    return connect


async def enable_keepalive(connection: "asyncpg.Connection[Row]") -> None:
    """Lets the kernel notice a lost peer. Only for TCP: a Unix socket cannot lose its peer."""
    sock = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]  # noqa: SLF001  # No public way.
    if sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):  # macOS has no TCP_KEEPIDLE.
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
