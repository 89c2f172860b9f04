"""Notices that the database does not answer, and when it does again."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING

import asyncpg

from api.log import describe, log

if TYPE_CHECKING:
    from api.database.engine import Row

Connect = Callable[[], Awaitable["asyncpg.Connection[Row]"]]

# How long the database may take to answer a suspicion: longer than an overloaded one does. While it hangs, how often it is asked.
HANG_SECONDS = 3.0
PROBE_SECONDS = 1.0


class Monitor:
    """Whether the database hangs. Requests are refused at once while it does, instead of waiting for it.

    A connection that is lost, or an answer that is missed, only raises the suspicion; a connection of its own decides.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._task: asyncio.Task[None] | None = None
        self.is_down = False
        self.is_lost = False  # As the log says.

    def suspect(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def hangs(self) -> bool:
        """Whether the database neither answers nor refuses in time."""
        connection = None
        try:
            async with asyncio.timeout(PROBE_SECONDS if self.is_down else HANG_SECONDS):
                connection = await self._connect()
                await connection.execute("SELECT 1")
        except TimeoutError:
            return True
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            return False  # Whoever asks is told so at once.
        finally:
            if connection is not None:
                connection.terminate()
        return False

    async def _watch(self) -> None:
        """Asks until the database answers."""
        asked_at = monotonic()
        while await self.hangs():
            self.is_down = True
            self.note_loss()
            await asyncio.sleep(max(0.0, asked_at + PROBE_SECONDS - monotonic()))
            asked_at = monotonic()
        if self.is_down:
            self.is_down = False
            self.note_return()
        self._task = None

    def note_loss(self, error: BaseException | None = None) -> None:
        """Logs the loss, once; without an error the database does not answer."""
        if not self.is_lost:
            self.is_lost = True
            log.error("database lost", **(describe(error) if error else {}))

    def note_return(self) -> None:
        self.is_lost = False
        log.warning("database returned")
