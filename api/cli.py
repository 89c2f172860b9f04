"""The `sigap` command: serve, migrate, purge, account add, demo, token, schema, explain."""

import asyncio
import gc
import json
import signal
import socket
import sys
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo

import asyncpg
import typer
import uvicorn
from rich.console import Console
from rich.progress import Progress

from api import demo as demo_story
from api import installation, log
from api.auth import LIFETIME, issue_tokens
from api.context import wall_clock
from api.database import embedded
from api.keys import read_or_create_secret, read_token_keys, rotate_token_keys, token_key_files
from api.models.account import RoleKind
from api.models.import_job import KnownPeople
from api.models.person import Reach
from api.server.protocol import IDLE_SECONDS, bounded_protocol
from api.services.password import hash_password
from api.settings import Settings, SettingsError, read_settings
from api.transport import Terminal, Transport, transport_of

command = typer.Typer(
    name="sigap",
    help="Sigap: trained volunteers, where disaster strikes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
accounts = typer.Typer(help="Add and close accounts, and set their passwords.", no_args_is_help=True)
command.add_typer(accounts, name="account")
api_keys = typer.Typer(help="The API keys of accounts.", no_args_is_help=True)
command.add_typer(api_keys, name="key")
imports = typer.Typer(help="Import files.", no_args_is_help=True)
command.add_typer(imports, name="import")
signing_keys = typer.Typer(help="The keys that sign tokens.", no_args_is_help=True)
command.add_typer(signing_keys, name="keys")
SOCKET_BACKLOG = 2048
SHUTDOWN_SECONDS = 10

# The accounts of the demo story for which `serve --demo` prints tokens.
DEMO_LOGINS = ("nasional", "kotim", "tagana-kalteng", "relawan")

# The base class of typer's errors about wrong arguments, which typer does not export.
USAGE_ERROR: Any = typer.BadParameter.__base__


class CommandError(Exception):
    """Ends the command with exit code 1; the message is one line for the user."""


@command.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo story if the database is empty.")] = False,
    no_migrate: Annotated[
        bool, typer.Option("--no-migrate", help="Only check that `sigap migrate` was run: for a role that may not.")
    ] = False,
    print_tokens: Annotated[
        bool,
        typer.Option("--print-tokens", help="Print tokens of the demo accounts also where the output is no terminal."),
    ] = False,
) -> None:
    """Serve the API: starts the embedded database unless DATABASE_URL is set, migrates, then listens."""
    settings = read_settings()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, exit_on_signal)
    with bound_socket(settings) as listener, database(settings) as url:
        asyncio.run(installation.check(url) if no_migrate else migrate_database(url))
        asyncio.run(installation.prepare(url, settings.data, pooler=settings.pooler))
        has_story = demo and asyncio.run(ensure_demo_story(url, settings.data))
        shows_tokens = has_story and (print_tokens or sys.stdout.isatty())
        logins = DEMO_LOGINS if shows_tokens else ()
        run_server(settings, url, listener, transport(settings, is_demo=demo), logins=logins)


@command.command()
def work() -> None:
    """Run the worker alone, as `serve` does beside the API: deliver messages, and clean up."""
    settings = read_settings()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, exit_on_signal)
    log.configure()
    with database(settings) as url:
        asyncio.run(migrate_database(url))
        way = transport(settings, is_demo=False)
        asyncio.run(installation.work(url, settings.data, way, pooler=settings.pooler))


@command.command()
def messages(
    resend: Annotated[uuid.UUID | None, typer.Option(help="The id of a message to try again.")] = None,
) -> None:
    """List the messages that could not be delivered, or try one again."""
    settings = read_settings()
    with database(settings) as url:
        if resend is not None and not asyncio.run(installation.resend(url, resend, pooler=settings.pooler)):
            raise CommandError(f"There is no undelivered message {resend}.")
        for line in asyncio.run(installation.undelivered(url, pooler=settings.pooler)):
            typer.echo(line)


@command.command()
def migrate() -> None:
    """Bring the database up to date: its tables and its reference data."""
    with database(read_settings()) as url:
        changed = asyncio.run(migrate_database(url))
    typer.echo("The database has been brought up to date." if changed else "The database is up to date.")


@command.command()
def purge() -> None:
    """Delete outcomes of mutations older than 30 days, as each start does: their idempotency keys act anew."""
    settings = read_settings()
    with database(settings) as url:
        asyncio.run(installation.check(url))
        count = asyncio.run(installation.purge(url, pooler=settings.pooler))
    typer.echo(f"{count} old outcomes have been deleted.")


@command.command()
def demo() -> None:
    """Load the demo story into an empty database."""
    with database(read_settings()) as url:
        asyncio.run(migrate_database(url))
        if not asyncio.run(load_demo_story(url)):
            raise CommandError("The database is not empty; the demo story is for an empty one.")
    typer.echo("The demo story is loaded.")


@accounts.command("add")
def add_account(
    login: Annotated[str, typer.Argument(help="The login: letters, digits, dots, dashes, underscores.")],
    role: Annotated[RoleKind, typer.Option(case_sensitive=False, help="What the account is.")],
    scope: Annotated[
        str, typer.Option(help="Where: nation, the code of a province or kabupaten, or the id of an organization.")
    ],
    name: Annotated[str | None, typer.Option(help="What people call it; the login without.")] = None,
) -> None:
    """Add an account with a role, for instance the first coordinator of an installation."""
    settings = read_settings()
    with database(settings) as url:
        asyncio.run(migrate_database(url))
        adding = installation.add_account(
            url, login=login, name=name or login, kind=role, scope=scope, pooler=settings.pooler
        )
        asyncio.run(adding)
    typer.echo(f"The account {login} has been added; `sigap token {login}` prints a token for it.")


@command.command()
def token(login: Annotated[str, typer.Argument(help="The login of an account.")]) -> None:
    """Print a bearer token for an account."""
    settings = read_settings()
    with database(settings) as url:
        asyncio.run(migrate_database(url))
        tokens = asyncio.run(issue_tokens(settings.data, url, [login], pooler=settings.pooler))
    if login not in tokens:
        raise CommandError(f"There is no active account {login!r}.")
    typer.echo(tokens[login])


@accounts.command("close")
def close_account(login: Annotated[str, typer.Argument(help="The login of the account.")]) -> None:
    """Close an account: it signs in no more, and its sessions, roles and keys do nothing."""
    settings = read_settings()
    with database(settings) as url:
        asyncio.run(installation.close_account(url, login, pooler=settings.pooler))


@accounts.command("password")
def replace_password(login: Annotated[str, typer.Argument(help="The login of the account.")]) -> None:
    """Set a new password for an account, print it this once, and end the account's sessions."""
    settings = read_settings()
    with database(settings) as url:
        typer.echo(asyncio.run(installation.replace_password(url, login, pooler=settings.pooler)))


@api_keys.command("list")
def list_api_keys() -> None:
    """List the API keys that are not revoked: id, login, last day, mutations."""
    settings = read_settings()
    with database(settings) as url:
        for line in asyncio.run(installation.api_keys(url, pooler=settings.pooler)):
            typer.echo(line)


@api_keys.command("revoke")
def revoke_api_key(key: Annotated[uuid.UUID, typer.Argument(help="The id of the key.")]) -> None:
    """Revoke an API key."""
    settings = read_settings()
    with database(settings) as url:
        asyncio.run(installation.revoke_api_key(url, key, pooler=settings.pooler))


@imports.command("members")
def import_members(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file.")],
    organization: Annotated[str, typer.Option(help="The id of the organization whose members they are.")],
    login: Annotated[str, typer.Option("--as", help="The login of an account that may enrol its members.")],
    apply: Annotated[bool, typer.Option("--apply", help="Import the rows; they are only checked without.")] = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Import nothing where a row is refused.")
    ] = False,
    known: Annotated[
        KnownPeople, typer.Option(case_sensitive=False, help="What to do with people who are members already.")
    ] = KnownPeople.FILL,
    reach: Annotated[
        Reach | None,
        typer.Option(case_sensitive=False, help="How far people agree to be sent whose row does not say it."),
    ] = None,
    consent: Annotated[str | None, typer.Option(help="What new people have consented to.")] = None,
    kabupaten: Annotated[str | None, typer.Option(help="The home kabupaten of people whose row names none.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of the workbook, if it has several.")] = None,
    refused: Annotated[Path | None, typer.Option(help="Where to write the refused rows, as .csv or .xlsx.")] = None,
) -> None:
    """Check or import members from a file, as importMembers does, and print what is wrong with which row."""
    from api.import_file import FileImport, NotImported, import_file  # noqa: PLC0415  # As in `schema`.

    settings = read_settings()
    asked = FileImport(login, organization, file, refused)
    options = {
        "apply": apply,
        "all_or_nothing": all_or_nothing,
        "known_people": known,
        "reach": reach,
        "consent_purpose": consent,
        "kabupaten": kabupaten,
        "sheet": sheet,
    }
    with (
        database(settings) as url,
        Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar,
    ):
        task = bar.add_task(file.name, total=None)
        try:
            lines = asyncio.run(
                import_file(
                    url,
                    settings,
                    asked,
                    options,
                    lambda done, total: bar.update(task, completed=done, total=total),
                )
            )
        except NotImported as error:
            raise CommandError(str(error)) from None
    typer.echo("\n".join(lines))


@signing_keys.command("list")
def list_keys() -> None:
    """List the keys whose tokens are valid; the first one signs."""
    data = read_settings().data
    keys = read_token_keys(data)
    for (path, _), key in zip(token_key_files(data), keys, strict=True):
        typer.echo(f"{key.thumbprint()} {path.name}")


@signing_keys.command("rotate")
def rotate() -> None:
    """Sign with a new key from now on. Running servers notice; older tokens stay valid until they end."""
    rotate_token_keys(read_settings().data, wall_clock(), lifetime=LIFETIME)
    list_keys()


@command.command()
def schema() -> None:
    """Print the schema's definition."""
    from api.schema.build import schema_definition  # noqa: PLC0415  # It builds the schema, which takes longer than most commands.

    typer.echo(schema_definition(), nl=False)


@command.command()
def explain(
    file: Annotated[str, typer.Argument(help="A file with a GraphQL document; - is standard input.")],
    login: Annotated[
        str | None, typer.Option("--as", help="The login of the account to ask as; anonymous without.")
    ] = None,
    variables: Annotated[str | None, typer.Option(help="The variables, as a JSON object.")] = None,
    variables_file: Annotated[str | None, typer.Option(help="A file with the variables.")] = None,
    operation: Annotated[
        str | None, typer.Option(help="The operation to explain, if the document has several.")
    ] = None,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Execute the statements and print how long they take.")
    ] = False,
) -> None:
    """Print the SQL that answers a GraphQL query, with its values and its query plan."""
    if variables is not None and variables_file is not None:
        raise CommandError("Use either --variables or --variables-file, not both.")
    document = read_text(file)
    variables_json = read_text(variables_file) if variables_file is not None else variables
    settings = read_settings()
    with database(settings) as url:
        from api.explain import ExplainError, ExplainRequest, explain_document  # noqa: PLC0415  # As in `schema`.

        question = ExplainRequest(
            document=document, variables=parse_variables(variables_json or "{}"), operation=operation, login=login
        )
        try:
            sections = asyncio.run(explain_document(url, question, analyze=analyze, pooler=settings.pooler))
        except ExplainError as refused:
            raise CommandError(str(refused)) from None
    typer.echo("\n\n".join(sections) if sections else "The document reads nothing from the database.")


def read_text(file: str) -> str:
    """The content of a file; `-` is standard input."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"Cannot read {file}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"Cannot read {file}: it is not text in UTF-8.") from None


def parse_variables(text: str) -> dict[str, Any]:
    try:
        variables = json.loads(text)
    except ValueError as error:
        raise CommandError(f"The variables are not JSON: {error}.") from None
    if not isinstance(variables, dict):
        raise CommandError("The variables must be a JSON object.")
    return variables


@contextmanager
def bound_socket(settings: Settings) -> Generator[socket.socket]:
    """A listening socket, opened before the database is started, so that a port in use is reported at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            # Because of SO_REUSEADDR a port in use may be refused by `listen` only.
            listener.listen(SOCKET_BACKLOG)
        except OSError as error:
            reason = error.strerror or str(error)
            raise CommandError(f"Cannot listen on {settings.host}:{settings.port}: {reason}. Set SIGAP_PORT.") from None
        yield listener


def transport(settings: Settings, *, is_demo: bool) -> Transport:
    """How messages are delivered: as the settings say, in the demo else on the terminal."""
    return transport_of(settings, otherwise=Terminal(typer.echo) if is_demo else Transport())


def run_server(
    settings: Settings, url: str, listener: socket.socket, transport: Transport, *, logins: Sequence[str]
) -> None:
    """Serves until a signal arrives. Prints the address first, and tokens for the logins."""
    from api.app import application  # noqa: PLC0415  # As in `schema`.
    from api.web.explorer import DemoPerson  # noqa: PLC0415  # As above.

    tokens = asyncio.run(issue_tokens(settings.data, url, logins, pooler=settings.pooler)) if logins else {}
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    typer.echo(f"Sigap answers at http://{host}:{settings.port}/graphql")
    for login, token in tokens.items():
        typer.echo(f"\n{login}, {demo_story.LOGINS[login]}:\nAuthorization: Bearer {token}")
    if tokens and sys.stdout.isatty():
        typer.echo(f"\nThe password of all of them: {demo_password(settings.data)}")
    people = [DemoPerson(login, demo_story.LOGINS[login], token) for login, token in tokens.items()]
    log.configure()
    # A full garbage collection of what lives as long as the process would hold the event loop for 100 ms.
    gc.freeze()
    config = uvicorn.Config(
        application(url, settings.data, pooler=settings.pooler, settings=settings, people=people, transport=transport),
        log_config=None,
        access_log=False,
        server_header=False,
        http=bounded_protocol(settings.limits.max_connections),
        timeout_keep_alive=IDLE_SECONDS,
        # `web.client` reads what proxies say, of those that are trusted.
        proxy_headers=False,
        # Without it an open stream would delay the shutdown for ever.
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


def exit_on_signal(_signal: int, _frame: object) -> NoReturn:
    """Lets `database` stop the embedded server. uvicorn raises the signal again after its own shutdown."""
    sys.exit(0)


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


async def load_demo_story(url: str) -> bool:
    """Loads the demo story if the database is empty. Returns whether it was."""
    async with installation.connected(url) as connection:
        if not await demo_story.is_empty(connection):
            return False
        with Console(stderr=True).status("Loading the demo story"):
            await demo_story.load(connection, today=datetime.now(ZoneInfo("Asia/Jakarta")).date())
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


def main() -> None:
    """Runs the command. An expected error is one line and exit code 1; wrong arguments are exit code 2."""
    try:
        sys.exit(command(standalone_mode=False))
    except USAGE_ERROR as error:
        sys.stderr.write(f"{error.format_message()} Try --help.\n")
        sys.exit(2)
    except (CommandError, SettingsError, embedded.EmbeddedError, *installation.REFUSALS) as error:
        sys.exit(str(error))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        sys.exit(f"The database cannot be used: {next(iter(str(error).splitlines()), type(error).__name__)}")
