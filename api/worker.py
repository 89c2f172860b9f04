"""The worker: delivers messages, and records and removes what time has ended. `serve` and `sigap work` run it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from api.access import PUBLIC
from api.database.engine import Database, Row, Transaction
from api.database.error import Unavailable
from api.log import log, unexpected
from api.services import (
    attempt,
    budget_use,
    camp_care,
    camp_upkeep,
    code,
    duty,
    import_comparison,
    import_job,
    import_run,
    message,
    role,
    session,
)
from api.services.request import Request
from api.services.vault import Vault
from api.settings import Limits
from api.transport import DELIVERY_SECONDS, Transport, Undeliverable

IDLE_SECONDS = 1.0
CLEANING_SECONDS = 60.0


# What is of no use any more.
DELETIONS = (
    *(attempt.FORGET_OLD, budget_use.DELETE_OLD, camp_care.DELETE_OLD, code.DELETE_OLD, session.DELETE_OLD),
    *import_job.DELETE_OLD,
)


async def delete_old(transaction: Transaction, request: Request) -> None:
    for statement in DELETIONS:
        await transaction.rows(statement, {"now": request.now})


# What time has ended, and what is of no use any more: each by a transaction of its own, so that none waits for, or is undone
# by, what is wrong with another.
CLEANING = (role.record_ends, duty.record_all_lapsed, camp_upkeep.update_all_lines, delete_old)


@dataclass(frozen=True, slots=True)
class Worker:
    database: Database
    vault: Vault
    clock: Callable[[], datetime]
    transport: Transport
    limits: Limits = field(default_factory=Limits)

    async def run(self) -> None:
        """Works until it is cancelled; what fails is logged and tried again. An import delays no message."""
        pauses: dict[Callable[[], Awaitable[int]], float] = {
            **dict.fromkeys((self.deliver, self.import_next, self.compare_next), IDLE_SECONDS),
            **dict.fromkeys((partial(self.clean, work) for work in CLEANING), CLEANING_SECONDS),
        }
        async with asyncio.TaskGroup() as tasks:
            for work, seconds in pauses.items():
                tasks.create_task(repeat(work, seconds))

    async def deliver(self) -> int:
        """Delivers some of the messages that are due; returns how many it took."""
        async with self.database.transaction() as transaction:
            rows = await message.claim(transaction, self.clock())
        await asyncio.gather(*(self.deliver_one(row) for row in rows))
        return len(rows)

    async def import_next(self) -> int:
        """Runs an import that waits, or goes on with one whose worker was killed; returns how many there were."""
        request = Request(PUBLIC, self.clock, limits=self.limits)
        return int(await import_run.run_next(self.database, self.vault, request))

    async def compare_next(self) -> int:
        """Looks for people with similar names beside some whom an import has brought."""
        async with self.database.transaction() as transaction:
            return await import_comparison.compare_next(transaction, Request(PUBLIC, self.clock))

    async def deliver_one(self, row: Row) -> None:
        error = await self._send(row)
        async with self.database.transaction() as transaction:
            if error is None:
                await message.finish(transaction, row.id, self.clock())
            else:
                log.warning("not delivered", message=str(row.id), error=error)
                await message.fail(transaction, row.id, self.clock(), attempts=row.attempts, error=error)

    async def _send(self, row: Row) -> str | None:
        """Why it was not delivered."""
        try:
            letter = message.read(self.vault, row)
            if letter.recipient is not None:
                async with asyncio.timeout(DELIVERY_SECONDS):
                    await self.transport.deliver(letter)
        except Undeliverable as failure:
            return failure.reason
        except (TimeoutError, OSError) as failure:
            return type(failure).__name__
        except Exception as failure:  # noqa: BLE001  # What nobody foresaw is given up in the end, too.
            unexpected(failure)
            return type(failure).__name__
        return None

    async def clean(self, work: Callable[[Transaction, Request], Awaitable[None]]) -> int:
        async with self.database.transaction() as transaction:
            await work(transaction, Request(PUBLIC, self.clock))
        return 0


async def repeat(work: Callable[[], Awaitable[int]], seconds: float) -> None:
    """Calls it again and again, with a pause after it has found nothing to do, or has failed."""
    while True:
        found = 0
        try:
            found = await work()
        except Unavailable as error:
            # That the database is lost, it says itself, once.
            if type(error) is not Unavailable:
                log.warning("the worker was held up", error=error.code)
        except Exception as error:  # noqa: BLE001  # The border of the worker, which goes on.
            unexpected(error)
        if not found:
            await asyncio.sleep(seconds)


@asynccontextmanager
async def running(worker: Worker) -> AsyncGenerator[None]:
    """The worker runs beside the block."""
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
