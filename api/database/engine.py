"""Access to the database over asyncpg: reads, which need no transaction, and write transactions."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from time import perf_counter
from typing import Any, Literal

import asyncpg
import sqlalchemy as sa

from api.database.connection import (
    READ_SETTINGS,
    SERVER_SETTINGS,
    WRITE_SECONDS,
    WRITE_SET_LOCAL,
    WRITE_SETTINGS,
    connector,
    read_timeout,
    set_local,
)
from api.database.error import Errors, TooLarge
from api.database.monitor import Monitor
from api.database.pool import Client, ConnectionPool
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

READ_POOL_SIZE = 10
WRITE_POOL_SIZE = 8
READ_SECONDS = 5

# How much later than the server the client gives a read up: then it was not the statement that took so long.
GRACE_SECONDS = 1.0

# The longest wait for a free connection to read, and for one to write, where a rush waits in line for one lock.
ACQUIRE_SECONDS = 2.0
WRITE_ACQUIRE_SECONDS = 10.0

# Prepared statements per read connection; the least recently used one is dropped first.
STATEMENT_CACHE_SIZE = 40

# Characters. A longer statement is prepared each time: PostgreSQL needs some 50 bytes of memory per character.
MAX_CACHED_STATEMENT_LENGTH = 100_000

# Characters. After a longer statement the connection is closed, as its server process keeps the memory of planning it.
HUGE_STATEMENT_LENGTH = 100_000


# Checks now what is checked at the end of a transaction, which checks it again: undone, so that it stays deferred.
CHECK_DEFERRED = """
SAVEPOINT deferred; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO SAVEPOINT deferred; RELEASE SAVEPOINT deferred"""


class Row(asyncpg.Record):
    """A row whose columns are also attributes."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


# What a pooler in front of the database assigns a server connection to.
Pooler = Literal["transaction"]


def limited(sql: str, max_bytes: int) -> str:
    """The statement, with null instead of a value of more bytes."""
    # OFFSET keeps PostgreSQL from computing the value twice.
    return f"SELECT CASE WHEN octet_length(t) <= {max_bytes} THEN t END FROM ({sql} OFFSET 0) AS limited (t)"  # noqa: S608  # Compiled SQL.


def checked(value: object) -> str:
    """Compiled statements have a value that is not null, unless it was too large."""
    if value is None:
        raise TooLarge
    return str(value)


class Transaction:
    """Executes statements, compiled SQL or SQLAlchemy Core, on one connection."""

    def __init__(self, connection: "asyncpg.Connection[Row]") -> None:
        self.connection = connection
        # The codes of reference data that were looked up, by table and code, and whether there is such a code.
        self.codes: dict[tuple[str, str], bool] = {}

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
        """The rows with these keys, locked in the order of the keys; the tables have an order, too: decision record 0019."""
        (key,) = table.primary_key.columns
        return {row[key.name]: row for row in await self.rows(lock_statement(table), {"keys": [*keys]})}

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """Undoes the changes made inside when an exception leaves it, also that of a constraint that waits for the end."""
        async with self.connection.transaction():
            yield
            await self.connection.execute(CHECK_DEFERRED)


class Database:
    """The connection pools, open as long as the application runs."""

    def __init__(self, read_pool: ConnectionPool, write_pool: ConnectionPool, *, read_seconds: int) -> None:
        self._read_pool = read_pool
        self._write_pool = write_pool
        self._read_set_local = set_local({**SERVER_SETTINGS, **read_timeout(read_seconds)})
        self.monitor = Monitor(read_pool.connect)
        self._errors = Errors(self.monitor)
        # How many compiled reads were executed.
        self.statements = 0
        # Whose share of the connections is used where no other client is named.
        self._client: Client | None = None

    def for_client(self, client: Client | None) -> "Database":
        """The same pools, used as this client's."""
        shared = copy(self)
        shared._client = client  # noqa: SLF001  # Its own class.
        return shared

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
        client = client or self._client
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
        client = client or self._client
        with self._errors:
            async with self._read_pool.connection(client) as connection, timed(client):
                yield Transaction(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """A write transaction: committed at the end, rolled back when an exception leaves it."""
        with self._errors:
            async with self._write_pool.connection() as connection, timed(self._client), connection.transaction():
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
        client = client or self._client
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
            async with self._write_pool.connection() as connection, timed(self._client), connection.transaction():
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
    connect = connector(url, record_class=Row, seconds=read_seconds + GRACE_SECONDS, **options)
    pool = ConnectionPool(connect, size=READ_POOL_SIZE, timeout=ACQUIRE_SECONDS)
    # Connect now, so that an unusable database fails the start and not the first request.
    pool.release(await pool.acquire())
    return pool


def _write_pool(url: str, **options: Any) -> ConnectionPool:
    connect = connector(url, record_class=Row, seconds=WRITE_SECONDS, **options)
    return ConnectionPool(connect, size=WRITE_POOL_SIZE, timeout=WRITE_ACQUIRE_SECONDS)
