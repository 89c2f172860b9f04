"""A connection pool that costs less per use than asyncpg's, and resets nothing: see decision record 0012."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from api.database.engine import Row

CLOSE_SECONDS = 5.0

# Load balancers drop idle connections without telling either end, many after 240 or 350 seconds.
MAX_IDLE_SECONDS = 180.0

# PostgreSQL errors after which the connection is closed or about to be.
CONNECTION_ERRORS = (asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError)


class ConnectionPool:
    """Opens connections when they are needed, up to `size`, and reuses them."""

    def __init__(
        self,
        connect: "Callable[[], Awaitable[asyncpg.Connection[Row]]]",
        *,
        size: int,
        timeout: float,
        max_idle: float = MAX_IDLE_SECONDS,
    ) -> None:
        """`timeout` and `max_idle` are seconds: the longest wait for a connection, the longest time it may be unused."""
        self._connect = connect
        self._slots = asyncio.Semaphore(size)
        self._timeout = timeout
        self._max_idle = max_idle
        # Connections and the time of their release, oldest first.
        self._idle: list[tuple[asyncpg.Connection[Row], float]] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def acquire(self) -> "asyncpg.Connection[Row]":
        """A connection, which must be released. Raises `TimeoutError` when none becomes free in time."""
        if self._slots.locked():
            async with asyncio.timeout(self._timeout):
                await self._slots.acquire()
        else:
            await self._slots.acquire()
        try:
            while self._idle:
                # The one used last comes first, so that few connections prepare statements.
                connection, released_at = self._idle.pop()
                if time.monotonic() - released_at >= self._max_idle:
                    # Not `close`, which waits for an answer that a dead connection never gets.
                    connection.terminate()
                elif not connection.is_closed():
                    return connection
            return await self._connect()
        except BaseException:
            self._slots.release()
            raise

    def release(self, connection: "asyncpg.Connection[Row]", error: BaseException | None = None) -> None:
        """Pass the exception that ended the use: after most of them the connection is closed, not reused."""
        is_statement_error = isinstance(error, asyncpg.PostgresError) and not isinstance(error, CONNECTION_ERRORS)
        if (error is None or is_statement_error) and not self._is_closed:
            self._idle.append((connection, time.monotonic()))
            self._slots.release()
        else:
            task = asyncio.create_task(self._close(connection))
            self._closing.add(task)
            task.add_done_callback(self._on_closed)

    @asynccontextmanager
    async def connection(self) -> "AsyncGenerator[asyncpg.Connection[Row]]":
        connection = await self.acquire()
        try:
            yield connection
        except BaseException as error:
            self.release(connection, error)
            raise
        self.release(connection)

    async def close(self) -> None:
        self._is_closed = True
        await asyncio.gather(*(self._close(connection) for connection, _ in self._idle), *self._closing)

    def _on_closed(self, task: "asyncio.Task[None]") -> None:
        """Frees the slot only now, so that there are never more than `size` connections."""
        self._closing.discard(task)
        self._slots.release()

    async def _close(self, connection: "asyncpg.Connection[Row]") -> None:
        """Cancels a running statement and closes the connection."""
        try:
            await connection.close(timeout=CLOSE_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            connection.terminate()
