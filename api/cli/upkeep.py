"""What an operator does now and then: undelivered messages, migrations, old outcomes."""

import uuid
from typing import Annotated

import typer

from api import installation
from api.cli.command import CommandError, command, current_database, database, migrate_database, run
from api.settings import read_settings


@command.command()
def messages(
    resend: Annotated[uuid.UUID | None, typer.Option(help="The id of a message to try again.")] = None,
) -> None:
    """List the messages that could not be delivered, or try one again."""
    settings = read_settings()
    with current_database(settings) as url:
        if resend is not None and not run(installation.resend(url, resend, pooler=settings.pooler)):
            raise CommandError(f"There is no undelivered message {resend}.")
        for line in run(installation.undelivered(url, pooler=settings.pooler)):
            typer.echo(line)


@command.command()
def migrate() -> None:
    """Bring the database up to date: its tables and its reference data."""
    with database(read_settings()) as url:
        changed = run(migrate_database(url))
    typer.echo("The database has been brought up to date." if changed else "The database is up to date.")


@command.command()
def purge() -> None:
    """Delete outcomes of mutations older than 30 days, as each start does: their idempotency keys act anew."""
    settings = read_settings()
    with current_database(settings) as url:
        count = run(installation.purge(url, pooler=settings.pooler))
    typer.echo(f"{count} old outcomes have been deleted.")
