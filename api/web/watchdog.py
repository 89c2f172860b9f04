"""Notices when something holds the event loop, so that no other request is served meanwhile."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from time import perf_counter
from types import coroutine
from typing import Any, TypeVar

from api.log import log

T = TypeVar("T")

# Seconds.
LONGEST_HOLD = 0.1
# How often it looks. A hold that is no step of an operation is counted from when it should have looked next, so that it
# may be this much longer before it is logged.
INTERVAL = 0.01

OPERATION_NAME = re.compile(r"\b(?:query|mutation)\s+(\w{1,100})")


class Watchdog:
    """Logs each time the event loop was held too long, with the name of the operation that held it longest.

    An operation's step that was too long is logged at its end; what else held the loop, and steps that did together,
    when it looks again.
    """

    def __init__(self) -> None:
        # Since it looked last: the longest step that is not logged, whose it is, and the seconds of those that are.
        self._longest_step = 0.0
        self._operation: str | None = None
        self._logged = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def run(self, work: Coroutine[Any, Any, T], name: str | None, document: str) -> T:
        """The result of the work, which executes the operation of that name in the document."""

        def record(seconds: float) -> None:
            if seconds > self._longest_step:
                self._note(seconds, name or first_name(document))

        return await steps(work, record)

    def _note(self, seconds: float, operation: str | None) -> None:
        if seconds > LONGEST_HOLD:
            self._logged += seconds
            warn(seconds, operation)
        else:
            self._longest_step, self._operation = seconds, operation

    async def _watch(self) -> None:
        while True:
            self._longest_step, self._operation, self._logged = LONGEST_HOLD / 2, None, 0.0
            due = perf_counter() + INTERVAL
            await asyncio.sleep(INTERVAL)
            held = perf_counter() - due - self._logged
            if held > LONGEST_HOLD:
                warn(held, self._operation)


def warn(seconds: float, operation: str | None) -> None:
    log.warning("event loop held", milliseconds=round(seconds * 1000), operation=operation)


@coroutine
def steps(work: Coroutine[Any, Any, T], record: Callable[[float], None]) -> Generator[Any, Any, T]:
    """Runs a coroutine as `await` does, and records the seconds of each step between two of its waits."""
    resume: Callable[[Any], Any] = work.send
    argument: Any = None
    while True:
        start = perf_counter()
        try:
            awaited = resume(argument)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            record(perf_counter() - start)
        try:
            argument = yield awaited
            resume = work.send
        except BaseException as error:  # noqa: BLE001  # Cancellation too is the coroutine's.
            argument, resume = error, work.throw


def first_name(document: str) -> str | None:
    """The name of the first operation that has one."""
    found = OPERATION_NAME.search(document)
    return found and found[1]
