"""What all commands share: the program, its errors, the database."""

from collections.abc import Generator
from contextlib import contextmanager

import typer
from rich.console import Console

from api import installation
from api.database import embedded
from api.settings import Settings

command = typer.Typer(
    name="sigap",
    help="Sigap: trained volunteers, where disaster strikes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class CommandError(Exception):
    """Ends the command with exit code 1; the message is one line for the user."""


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


async def migrate_database(url: str) -> bool:
    """Migrates and loads the reference data. Returns whether there was anything to migrate."""
    with Console(stderr=True).status("Bringing the database up to date"):
        return await installation.migrate(url)
