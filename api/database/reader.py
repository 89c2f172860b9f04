"""Connections lent to one read after another."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from api.database.engine import Row

PARTING_SECONDS = 5.0

# What the database tells when it ends a connection, or is about to.
ENDINGS = (asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError)


class Readers:
    """As many connections as are needed at once, up to a bound.

    asyncpg's own pool has a task, a timer and a proxy for each read, which cost more than asking the database does.
    """

    def __init__(
        self, connect: "Callable[[], Awaitable[asyncpg.Connection[Row]]]", *, most: int, seconds: float
    ) -> None:
        self._connect = connect
        self._free = asyncio.Semaphore(most)
        self._seconds = seconds
        self._idle: list[asyncpg.Connection[Row]] = []
        self._parting: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def take(self) -> "asyncpg.Connection[Row]":
        """A connection that `give` must get back; raises `TimeoutError` where none becomes free."""
        if self._free.locked():
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
            return await self._connect()
        except BaseException:
            self._free.release()
            raise

    def give(self, connection: "asyncpg.Connection[Row]", raised: BaseException | None = None) -> None:
        """After anything but a refusal of the database, nobody knows what the connection is still doing."""
        is_refusal = isinstance(raised, asyncpg.PostgresError) and not isinstance(raised, ENDINGS)
        if (raised is None or is_refusal) and not self._is_closed:
            # The one used last comes first, so that few have the statements of many prepared.
            self._idle.append(connection)
            self._free.release()
        else:
            parting = asyncio.create_task(self._part(connection))
            self._parting.add(parting)
            parting.add_done_callback(self._parted)

    def _parted(self, parting: "asyncio.Task[None]") -> None:
        """Only now may another connection take its place."""
        self._parting.discard(parting)
        self._free.release()

    @asynccontextmanager
    async def lent(self) -> "AsyncGenerator[asyncpg.Connection[Row]]":
        connection = await self.take()
        try:
            yield connection
        except BaseException as raised:
            self.give(connection, raised)
            raise
        self.give(connection)

    async def close(self) -> None:
        self._is_closed = True
        parting = [self._part(connection) for connection in self._idle]
        await asyncio.gather(*parting, *self._parting)

    async def _part(self, connection: "asyncpg.Connection[Row]") -> None:
        """Cancels what it still does, and closes it."""
        try:
            await connection.close(timeout=PARTING_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            connection.terminate()
