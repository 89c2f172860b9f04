"""A connection pool that costs less per use than asyncpg's, and resets nothing: see decision record 0012."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from api.database.engine import Row

CLOSE_SECONDS = 5.0

# Load balancers drop idle connections without telling either end, many after 240 or 350 seconds.
MAX_IDLE_SECONDS = 180.0

# Connections that stay free for other clients, unless a client uses fewer than its share.
RESERVED = 2
SHARE = 4

# What a millisecond of the processor in Python counts as: all clients share one event loop, and the threads beside it run one
# at a time. With it a quarter of a core uses the budget of a client up, as four busy connections do.
PROCESSOR_WEIGHT = 16

# The name under which the program's own reads are counted, which have no share.
PROGRAM = ""

# PostgreSQL errors after which the connection is closed or about to be.
CONNECTION_ERRORS = (asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError)


@dataclass(slots=True)
class Client:
    """Whose statements these are, an account or an address; and what it has used.

    In seconds, for which its statements ran, and of the processor, in which its documents were parsed and validated, and
    statements for them were made.
    """

    name: str
    seconds: float = 0.0
    validation_seconds: float = 0.0

    @property
    def milliseconds(self) -> float:
        return (self.seconds + PROCESSOR_WEIGHT * self.validation_seconds) * 1000

    @contextmanager
    def validation(self) -> Generator[None]:
        """Counts the processor's time of this thread, also where it ends with an exception."""
        start = time.thread_time()
        try:
            yield
        finally:
            self.validation_seconds += time.thread_time() - start


class NoConnectionFree(TimeoutError):
    """All connections were in use for too long."""


class ConnectionPool:
    """Opens connections when they are needed, up to `size`, and reuses them.

    One client cannot take them all: some stay free for others, and of those who wait, whoever uses fewest is served first.
    """

    def __init__(
        self,
        connect: "Callable[[], Awaitable[asyncpg.Connection[Row]]]",
        *,
        size: int,
        timeout: float,
        max_idle: float = MAX_IDLE_SECONDS,
    ) -> None:
        """`timeout` and `max_idle` are seconds: the longest wait for a connection, the longest time it may be unused."""
        self.connect = connect
        self._free = size
        self._timeout = timeout
        self._max_idle = max_idle
        self._uses: dict[str, int] = {}
        self._clients: dict[asyncpg.Connection[Row], str] = {}
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        # Connections and the time of their release, oldest first.
        self._idle: list[tuple[asyncpg.Connection[Row], float]] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def acquire(self, client: Client | None = None) -> "asyncpg.Connection[Row]":
        """A connection, which must be released. Raises `NoConnectionFree` when none becomes free in time."""
        name = PROGRAM if client is None else client.name
        if self._may_take(name):
            self._take(name)
        else:
            await self._wait(name)
        try:
            connection = self._idle_connection() or await self.connect()
        except BaseException:
            self._give_back(name)
            raise
        self._clients[connection] = name
        return connection

    def release(
        self,
        connection: "asyncpg.Connection[Row]",
        error: BaseException | None = None,
        *,
        is_worn: bool = False,
    ) -> None:
        """Pass the exception that ended the use: after most of them, or if it is worn, the connection is not reused."""
        is_statement_error = isinstance(error, asyncpg.PostgresError) and not isinstance(error, CONNECTION_ERRORS)
        client = self._clients.pop(connection)
        if (error is None or is_statement_error) and not is_worn and not self._is_closed:
            self._idle.append((connection, time.monotonic()))
            self._give_back(client)
        elif isinstance(error, TimeoutError):
            # Not `close`, which waits for an answer. The server ends the statement when it notices that nobody listens.
            connection.terminate()
            self._give_back(client)
        else:
            task = asyncio.create_task(self._close(connection))
            self._closing.add(task)
            # The slot is freed only then, so that there are never more than `size` connections.
            task.add_done_callback(lambda task: self._on_closed(task, client))

    @asynccontextmanager
    async def connection(self, client: Client | None = None) -> "AsyncGenerator[asyncpg.Connection[Row]]":
        connection = await self.acquire(client)
        try:
            yield connection
        except BaseException as error:
            self.release(connection, error)
            raise
        self.release(connection)

    async def close(self) -> None:
        self._is_closed = True
        await asyncio.gather(*(self._close(connection) for connection, _ in self._idle), *self._closing)

    # Slots.

    def _may_take(self, client: str) -> bool:
        return self._free > RESERVED or (self._free > 0 and (client == PROGRAM or self._uses.get(client, 0) < SHARE))

    def _take(self, client: str) -> None:
        self._free -= 1
        self._uses[client] = self._uses.get(client, 0) + 1

    def _give_back(self, client: str) -> None:
        self._free += 1
        self._uses[client] -= 1
        if not self._uses[client]:
            del self._uses[client]
        if self._waiting:
            self._serve_waiting()

    def _serve_waiting(self) -> None:
        """Gives free slots to those who wait: first to who uses fewest, of those to who has waited longest."""
        while ready := [each for each in self._waiting if not each[1].done() and self._may_take(each[0])]:
            first = min(ready, key=lambda each: self._uses.get(each[0], 0))
            self._waiting.remove(first)
            self._take(first[0])
            first[1].set_result(None)

    async def _wait(self, client: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((client, turn))
        try:
            async with asyncio.timeout(self._timeout):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # It got its turn in the same moment.
                self._give_back(client)
            else:
                self._waiting.remove((client, turn))
            if isinstance(error, TimeoutError):
                raise NoConnectionFree from None
            raise

    # Connections.

    def _idle_connection(self) -> "asyncpg.Connection[Row] | None":
        """The one used last, so that few connections prepare statements; None if there is none that can be used."""
        while self._idle:
            connection, released_at = self._idle.pop()
            if time.monotonic() - released_at >= self._max_idle:
                # Not `close`, which waits for an answer that a dead connection never gets.
                connection.terminate()
            elif not connection.is_closed():
                return connection
        return None

    def _on_closed(self, task: "asyncio.Task[None]", client: str) -> None:
        self._closing.discard(task)
        self._give_back(client)

    async def _close(self, connection: "asyncpg.Connection[Row]") -> None:
        """Cancels a running statement and closes the connection."""
        try:
            await connection.close(timeout=CLOSE_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            connection.terminate()
