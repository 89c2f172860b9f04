"""The `sigap` command: serve, migrate, demo, token, schema."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import asyncpg
import typer
from rich.console import Console

from api.database import embedded, migration
from api.database.engine import Unavailable
from api.settings import Settings, SettingsError, read_settings

command = typer.Typer(
    name="sigap",
    help="Sigap: trained volunteers, where disaster strikes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console()
err = Console(stderr=True)

GRACE_SECONDS = 10
BACKLOG = 2048


class Failed(Exception):
    """What stops a command, in one line for people."""


@command.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo story if the database is empty.")] = False,
) -> None:
    """Serve the API: starts the embedded database unless DATABASE_URL is set, migrates, then listens."""
    settings = read_settings()
    with listening(settings) as listener, database(settings) as url:
        asyncio.run(prepared(url))
        if demo:
            asyncio.run(story(url))
        run(settings, url, listener, demo=demo)


@command.command()
def migrate() -> None:
    """Bring the database up to date: its tables and its reference data."""
    with database(read_settings()) as url:
        changed = asyncio.run(prepared(url))
    out.print("The database has been brought up to date." if changed else "The database is up to date.")


@command.command()
def demo() -> None:
    """Load the demo story into an empty database."""
    with database(read_settings()) as url:
        asyncio.run(prepared(url))
        if not asyncio.run(story(url)):
            raise Failed("The database is not empty; the demo story is for an empty one.")
    out.print("The demo story is loaded.")


@command.command()
def token(login: Annotated[str, typer.Argument(help="The login of an account.")]) -> None:
    """Print a bearer token for an account."""
    settings = read_settings()
    with database(settings) as url:
        asyncio.run(prepared(url))
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
def database(settings: Settings) -> Generator[str]:
    """The address of the database: the one that is set, or the embedded one, started here and stopped afterwards."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with err.status("Starting the database"):
        server = embedded.start(settings.data, binaries=settings.postgres_bin)
    try:
        yield server.url
    finally:
        server.stop()


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def prepared(url: str) -> bool:
    """Tables and reference data as this program wants them; says whether the tables had to change."""
    from api import reference  # noqa: PLC0415  # Only where a database is at hand.

    with err.status("Bringing the database up to date"):
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
        with err.status("Loading the demo story"):
            await tale.load(connection, today=datetime.now(ZoneInfo("Asia/Jakarta")).date())
    return True


async def issued(settings: Settings, url: str, logins: list[str]) -> dict[str, str]:
    """A token for each of the logins that stand for an active account."""
    from api.auth import Tokens  # noqa: PLC0415  # Only where it is needed.
    from api.database.engine import Database  # noqa: PLC0415
    from api.services import account  # noqa: PLC0415

    tokens, now = Tokens.of(settings.data), datetime.now(UTC)
    database = await Database.open(url)
    try:
        async with database.transaction() as session:
            found = {login: await account.id_of(session, login) for login in logins}
    finally:
        await database.close()
    return {login: tokens.issue(id_, now) for login, id_ in found.items() if id_ is not None}


def run(settings: Settings, url: str, listener: socket.socket, *, demo: bool) -> None:
    import uvicorn  # noqa: PLC0415  # With the schema, the slowest import: the other commands do without.

    from api.app import application  # noqa: PLC0415

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    out.print(f"Sigap answers at [bold]http://{host}:{settings.port}/graphql[/bold]", highlight=False)
    if demo:
        show_tokens(asyncio.run(issued(settings, url, list(DEMO_PEOPLE))))
    config = uvicorn.Config(
        application(url, settings.data),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


DEMO_PEOPLE = {
    "nasional": "national coordinator",
    "kotim": "coordinator of Kotawaringin Timur",
    "tagana-kalteng": "manager of Tagana Kalteng",
    "relawan": "a volunteer",
}


def show_tokens(tokens: dict[str, str]) -> None:
    """Each on a line of its own, whole, so that it can be copied."""
    for login, who in DEMO_PEOPLE.items():
        if login in tokens:
            out.print(f"\n{login}, {who}:", highlight=False)
            typer.echo(f"Authorization: Bearer {tokens[login]}")
    typer.echo("")


def main() -> None:
    """Runs the command; what goes wrong in a way that was foreseen is one line and exit code 1."""
    try:
        command()
    except (Failed, SettingsError, embedded.EmbeddedError) as failure:
        fail(str(failure))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, Unavailable) as failure:
        fail(f"The database cannot be used: {str(failure).splitlines()[0] if str(failure) else type(failure).__name__}")


def fail(message: str) -> NoReturn:
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)
