"""The `sigap` command: serve, migrate, demo, token, schema."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import asyncpg
import typer

from api.database import embedded
from api.settings import Settings, SettingsError, read_settings

command = typer.Typer(
    name="sigap",
    help="Sigap: trained volunteers, where disaster strikes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
BACKLOG = 2048

# What a misspelt command raises; typer exports only this child of it.
USAGE_ERROR: Any = typer.BadParameter.__base__


class Failed(Exception):
    """What stops a command, in one line for people."""


@command.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo story if the database is empty.")] = False,
) -> None:
    """Serve the API: starts the embedded database unless DATABASE_URL is set, migrates, then listens."""
    settings = read_settings()
    # uvicorn passes on the signal that has ended it; the database still has to be stopped then.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, end)
    with listening(settings) as listener, database(settings) as url, preparing(url, demo=demo) as preparation:
        from api.server import run  # noqa: PLC0415  # Takes a second, in which the database is being prepared.

        if preparation.wait():
            raise typer.Exit(1)
        run(settings, url, listener, list(DEMO_PEOPLE) if demo else [], started)


def end(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)


@command.command(hidden=True)
def prepare(demo: Annotated[bool, typer.Option("--demo")] = False) -> None:
    """What `serve` has done beside it, so that it need not keep in memory what only this takes."""
    with database(read_settings()) as url:
        asyncio.run(prepared(url))
        if demo:
            asyncio.run(story(url))


@command.command()
def migrate() -> None:
    """Bring the database up to date: its tables and its reference data."""
    with database(read_settings()) as url:
        changed = asyncio.run(prepared(url))
    typer.echo("The database has been brought up to date." if changed else "The database is up to date.")


@command.command()
def demo() -> None:
    """Load the demo story into an empty database."""
    with database(read_settings()) as url:
        asyncio.run(prepared(url))
        if not asyncio.run(story(url)):
            raise Failed("The database is not empty; the demo story is for an empty one.")
    typer.echo("The demo story is loaded.")


@command.command()
def token(login: Annotated[str, typer.Argument(help="The login of an account.")]) -> None:
    """Print a bearer token for an account."""
    settings = read_settings()
    with database(settings) as url:
        asyncio.run(prepared(url))
        from api.server import issued  # noqa: PLC0415  # As in serve.

        tokens = asyncio.run(issued(settings, url, [login]))
    if login not in tokens:
        raise Failed(f"There is no active account {login!r}.")
    typer.echo(tokens[login])


@command.command()
def schema() -> None:
    """Print the schema's definition."""
    from api.schema.build import printed  # noqa: PLC0415  # Building the schema takes longer than the other commands.

    typer.echo(printed(), nl=False)


@contextmanager
def listening(settings: Settings) -> Generator[socket.socket]:
    """The socket, taken before anything is started, so that a taken port is known at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            # Listening too: only then is the port refused to a second one.
            listener.listen(BACKLOG)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Failed(f"Cannot listen on {settings.host}:{settings.port}: {reason}. Set SIGAP_PORT.") from None
        yield listener


@contextmanager
def preparing(url: str, *, demo: bool) -> Generator["subprocess.Popen[bytes]"]:
    """The preparation of the database at work; it does not outlive this."""
    command = [sys.executable, "-m", "api", "prepare", *(["--demo"] if demo else [])]
    with subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}) as preparation:
        try:
            yield preparation
        finally:
            preparation.terminate()


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """The address of the database: the one that is set, or the embedded one, started here and stopped afterwards."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    server, stopping = embedded.start(settings.data, binaries=settings.postgres_bin), threading.Event()
    threading.Thread(target=watch, args=(server, stopping), daemon=True).start()
    try:
        yield server.url
    finally:
        stopping.set()
        server.stop()


def watch(server: embedded.Server, stopping: threading.Event) -> None:
    """Ends the program with its database: whoever supervises it then starts both anew."""
    server.process.wait()
    if not stopping.is_set():
        typer.secho("The database has ended by itself; its log is postgres.log in SIGAP_DATA.", fg="red", err=True)
        os._exit(1)


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url, statement_cache_size=0)
    try:
        yield connection
    finally:
        await connection.close()


def doing(what: str) -> AbstractContextManager[object]:
    """Shows that something takes its time."""
    from rich.console import Console  # noqa: PLC0415  # Serving does without.

    return Console(stderr=True).status(what)


async def prepared(url: str) -> bool:
    """Tables and reference data as this program wants them; says whether the tables had to change."""
    from api import reference  # noqa: PLC0415  # Not while serving, like the next.
    from api.database import migration  # noqa: PLC0415

    with doing("Bringing the database up to date"):
        changed = await migration.upgrade(url)
        async with connected(url) as connection:
            await reference.load(connection)
    return changed


async def story(url: str) -> bool:
    """Loads the demo story; says whether the database was empty, as it has to be."""
    from api import demo as tale  # noqa: PLC0415  # Only where it is told.

    async with connected(url) as connection:
        if not await tale.is_empty(connection):
            return False
        with doing("Loading the demo story"):
            await tale.load(connection, today=datetime.now(ZoneInfo("Asia/Jakarta")).date())
    return True


DEMO_PEOPLE = {
    "nasional": "national coordinator",
    "kotim": "coordinator of Kotawaringin Timur",
    "tagana-kalteng": "manager of Tagana Kalteng",
    "relawan": "a volunteer",
}


def started(address: str, tokens: Mapping[str, str]) -> None:
    """Says where the API answers; each token whole on a line of its own, so that it can be copied."""
    typer.echo(f"Sigap answers at {address}")
    for login, token in tokens.items():
        typer.echo(f"\n{login}, {DEMO_PEOPLE[login]}:\nAuthorization: Bearer {token}")
    sys.stdout.flush()


def main() -> None:
    """Runs the command; what goes wrong in a way that was foreseen is one line, and exit code 1, or 2 if misspelt."""
    try:
        sys.exit(command(standalone_mode=False))
    except USAGE_ERROR as mistake:
        fail(f"{mistake.format_message()} Try --help.", 2)
    except (Failed, SettingsError, embedded.EmbeddedError) as failure:
        fail(str(failure))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        fail(f"The database cannot be used: {str(failure).splitlines()[0] if str(failure) else type(failure).__name__}")


def fail(message: str, status: int = 1) -> NoReturn:
    typer.secho(message, fg="red", err=True)
    sys.exit(status)
