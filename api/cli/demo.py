"""The demo story."""

from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

import typer
from rich.console import Console

from api import demo as demo_story
from api import installation
from api.cli.command import CommandError, command, database, migrate_database, run
from api.demo.day import day_of_story
from api.keys import read_or_create_secret
from api.services.password import hash_password
from api.settings import read_settings


@command.command()
def demo() -> None:
    """Load the demo story into an empty database."""
    with database(read_settings()) as url:
        run(migrate_database(url))
        if not run(load_demo_story(url)):
            raise CommandError("The database is not empty; the demo story is for an empty one.")
    typer.echo("The demo story is loaded.")


async def load_demo_story(url: str) -> bool:
    """Loads the demo story if the database is empty. Returns whether it was."""
    async with installation.connected(url) as connection:
        if not await demo_story.is_empty(connection):
            return False
        with Console(stderr=True).status("Loading the demo story"):
            await demo_story.load(connection, today=day_of_story(datetime.now(UTC)))
    return True


async def ensure_demo_story(url: str, data: Path) -> bool:
    """Loads the demo story if the database is empty. Returns whether the database has it, so that its tokens may be shown."""
    await load_demo_story(url)
    async with installation.connected(url) as connection:
        if not await demo_story.is_loaded(connection):
            return False
        await demo_story.set_password(connection, await hash_password(demo_password(data)))
    return True


def demo_password(data: Path) -> str:
    """The password of the demo's people, made at random for this installation and kept in the folder `data`."""
    return read_or_create_secret(data / "demo-password", lambda: token_urlsafe(12).encode()).decode()
