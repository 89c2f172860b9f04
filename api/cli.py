"""The `sigap` command: serve, migrate, demo, token, schema, explain."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import asyncpg
import typer

from api.database import embedded, postmaster
from api.server import ENDINGS, Estate, Failed, become, end, fail, told
from api.settings import Settings, read_settings

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


@command.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo story if the database is empty.")] = False,
) -> None:
    """Serve the API: starts the embedded database unless DATABASE_URL is set, migrates, then listens."""
    settings = read_settings()
    for ending in ENDINGS:
        signal.signal(ending, end)
    with (
        listening(settings) as listener,
        database(settings) as (url, started),
        preparing(url, demo=demo) as preparation,
    ):
        handed = started.hand_over() if started else None
        become(Estate(listener.fileno(), preparation.pid, handed, demo), url)


@command.command(hidden=True)
def prepare(demo: Annotated[bool, typer.Option("--demo")] = False) -> None:
    """What `serve` has done beside it, so that it need not keep in memory what only this takes."""
    with database(read_settings()) as (url, _):
        asyncio.run(prepared(url))
        if demo:
            asyncio.run(story(url))


@command.command()
def migrate() -> None:
    """Bring the database up to date: its tables and its reference data."""
    with database(read_settings()) as (url, _):
        changed = asyncio.run(prepared(url))
    typer.echo("The database has been brought up to date." if changed else "The database is up to date.")


@command.command()
def demo() -> None:
    """Load the demo story into an empty database."""
    with database(read_settings()) as (url, _):
        asyncio.run(prepared(url))
        if not asyncio.run(story(url)):
            raise Failed("The database is not empty; the demo story is for an empty one.")
    typer.echo("The demo story is loaded.")


@command.command()
def token(login: Annotated[str, typer.Argument(help="The login of an account.")]) -> None:
    """Print a bearer token for an account."""
    settings = read_settings()
    with database(settings) as (url, _):
        asyncio.run(prepared(url))
        from api.auth import issue_tokens  # noqa: PLC0415  # Not while serving.

        tokens = asyncio.run(issue_tokens(settings.data, url, [login], pooler=settings.pooler))
    if login not in tokens:
        raise Failed(f"There is no active account {login!r}.")
    typer.echo(tokens[login])


@command.command()
def schema() -> None:
    """Print the schema's definition."""
    from api.schema.build import schema_definition  # noqa: PLC0415  # Building the schema takes longer than the other commands.

    typer.echo(schema_definition(), nl=False)


@command.command()
def explain(
    file: Annotated[str, typer.Argument(help="A file with a GraphQL document; - is standard input.")],
    login: Annotated[str | None, typer.Option("--as", help="The login of who asks; the public, if left out.")] = None,
    variables: Annotated[str | None, typer.Option(help="The variables, as a JSON object.")] = None,
    variables_file: Annotated[str | None, typer.Option(help="A file with them instead.")] = None,
    operation: Annotated[str | None, typer.Option(help="The operation's name, if there are several.")] = None,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Execute the statements too, and say what they took.")
    ] = False,
) -> None:
    """Print the SQL that answers a GraphQL query, with its values and its query plan."""
    if variables is not None and variables_file is not None:
        raise Failed("Give the variables by --variables or by --variables-file, not by both.")
    document = content(file)
    given = content(variables_file) if variables_file is not None else variables
    settings = read_settings()
    with database(settings) as (url, _):
        from api.explain import ExplainError, ExplainRequest, explain_document  # noqa: PLC0415  # Not while serving.

        question = ExplainRequest(document=document, variables=values(given or "{}"), operation=operation, login=login)
        try:
            found = asyncio.run(explain_document(url, question, analyze=analyze, pooler=settings.pooler))
        except ExplainError as refused:
            raise Failed(str(refused)) from None
    typer.echo("\n\n".join(found) if found else "This asks nothing of the database.")


def content(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise Failed(f"Cannot read {file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Failed(f"Cannot read {file}: it is not text in UTF-8.") from None


def values(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Failed(f"The variables are not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise Failed("The variables are a JSON object, with a member for each.")
    return found


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
def database(settings: Settings) -> Generator[tuple[str, embedded.Server | None]]:
    """The address of the database: the one that is set, or the embedded one's, started here and stopped afterwards."""
    if settings.database_url is not None:
        yield settings.database_url, None
        return
    try:
        started = embedded.start(settings.data, binaries=settings.postgres_bin)
    except embedded.EmbeddedError as failure:
        raise Failed(str(failure)) from None
    with postmaster.held(started):
        yield started.url, started


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


def main() -> None:
    """Runs the command; a misspelt one is one line and exit code 2."""
    try:
        with told():
            sys.exit(command(standalone_mode=False))
    except USAGE_ERROR as mistake:
        fail(f"{mistake.format_message()} Try --help.", 2)
