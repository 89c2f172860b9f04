"""Serving the API, and the worker alone."""

import gc
import signal
import socket
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
import uvicorn

from api import demo as demo_story
from api import installation, log
from api.auth import issue_tokens
from api.cli.command import (
    SIGNALS,
    CommandError,
    command,
    database,
    exit_if_signalled,
    exit_on_signal,
    migrate_database,
    run,
)
from api.cli.demo import demo_password, ensure_demo_story
from api.keys import exposed
from api.server.protocol import IDLE_SECONDS, bounded_protocol
from api.settings import Settings, read_settings
from api.transport import Terminal, Transport, transport_of

SOCKET_BACKLOG = 2048
SHUTDOWN_SECONDS = 10

# The accounts of the demo story for which `serve --demo` prints tokens.
DEMO_LOGINS = ("nasional", "kotim", "tagana-kalteng", "relawan")


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
    for number in SIGNALS:
        signal.signal(number, exit_on_signal)
    with bound_socket(settings) as listener, database(settings) as url:
        run(installation.check(url) if no_migrate else migrate_database(url))
        run(installation.prepare(url, settings.data, pooler=settings.pooler))
        for path in exposed(settings.data):
            typer.echo(f"Everybody on this machine may read {path}: chmod 600 {path}", err=True)
        has_story = demo and run(ensure_demo_story(url, settings.data))
        shows_tokens = has_story and (print_tokens or sys.stdout.isatty())
        logins = DEMO_LOGINS if shows_tokens else ()
        run_server(settings, url, listener, transport(settings, is_demo=demo), logins=logins)


@command.command()
def work() -> None:
    """Run the worker alone, as `serve` does beside the API: deliver messages, and clean up."""
    settings = read_settings()
    for number in SIGNALS:
        signal.signal(number, exit_on_signal)
    log.configure()
    with database(settings) as url:
        run(migrate_database(url))
        way = transport(settings, is_demo=False)
        run(installation.work(url, settings.data, way, pooler=settings.pooler))


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

    tokens = run(issue_tokens(settings.data, url, logins, pooler=settings.pooler)) if logins else {}
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
    exit_if_signalled()
    uvicorn.Server(config).run(sockets=[listener])
