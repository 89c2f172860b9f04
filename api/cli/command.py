"""What all commands share: the program, its errors, the database."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console

from api import installation
from api.database import embedded
from api.settings import Settings

T = TypeVar("T")

SIGNALS = (signal.SIGTERM, signal.SIGINT)

# The signals that have come. What `exit_on_signal` raises is lost where Python ignores exceptions, as after an import.
ARRIVED: list[int] = []

command = typer.Typer(
    name="sigap",
    help="Sigap: trained volunteers, where disaster strikes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class CommandError(Exception):
    """Ends the command with exit code 1; the message is one line for the user."""


def exit_on_signal(number: int, _frame: object) -> NoReturn:
    """Lets `database` stop the embedded server. uvicorn raises the signal again after its own shutdown."""
    ARRIVED.append(number)
    sys.exit(0)


def exit_if_signalled() -> None:
    if ARRIVED:
        sys.exit(0)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Its result. SIGTERM and SIGINT cancel it where it waits, and are raised again after it has ended.

    A handler that raises does so in the middle of whatever runs. In asyncpg's compiled code that ends in a segmentation
    fault, or in a process that does not end at all.
    """
    arrived: list[int] = []

    async def cancellable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

        def cancel(number: int, _frame: object) -> None:
            arrived.append(number)
            if not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)

        for number in SIGNALS:
            signal.signal(number, cancel)
        return await task

    handlers = [(number, signal.getsignal(number)) for number in SIGNALS]
    try:
        exit_if_signalled()
        return asyncio.run(cancellable())
    finally:
        work.close()
        for number, handler in handlers:
            signal.signal(number, handler)
        if arrived:
            signal.raise_signal(arrived[0])


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """The URL of the database. The embedded server, if it is used, runs until the end of the block."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with embedded.running(settings.data, binaries=settings.postgres_bin) as server:
        if server.was_running:
            typer.echo(f"Uses the database server that runs in {settings.data} already.", err=True)
        yield server.url


@contextmanager
def current_database(settings: Settings) -> Generator[str]:
    """As `database`; its schema must be of this version. Raises `SchemaError` or `RequirementError`."""
    with database(settings) as url:
        run(installation.check(url))
        yield url


async def migrate_database(url: str) -> bool:
    """Migrates and loads the reference data. Returns whether there was anything to migrate."""
    with Console(stderr=True).status("Bringing the database up to date"):
        return await installation.migrate(url)
