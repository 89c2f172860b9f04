"""The process that serves: `sigap serve` becomes it while the database is being prepared.

It is a new program in the same process. So what only the command line and the start of the database take is out of
memory, and yet this is the one whom signals reach, and the starter of the database.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NoReturn

import asyncpg

from api.settings import Settings, SettingsError, read_settings

if TYPE_CHECKING:
    from api.database.postmaster import Handed

ENDINGS = {signal.SIGTERM, signal.SIGINT}
GRACE_SECONDS = 10

DEMO_PEOPLE = {
    "nasional": "national coordinator",
    "kotim": "coordinator of Kotawaringin Timur",
    "tagana-kalteng": "manager of Tagana Kalteng",
    "relawan": "a volunteer",
}


class Failed(Exception):
    """What stops a command, in one line for people."""


@dataclass(frozen=True)
class Estate:
    """What `sigap serve` leaves: a descriptor, a process, the embedded database if there is one, and a wish."""

    listener: int
    preparation: int
    database: "Handed | None"
    demo: bool


def become(estate: Estate, url: str) -> NoReturn:
    """Goes on as the program below, on the database at the address."""
    os.set_inheritable(estate.listener, True)  # noqa: FBT003  # It has no name.
    # A signal waits until the program below can handle it; else the database would be left behind.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    command = [sys.executable, "-m", "api.server", json.dumps(asdict(estate))]
    os.execve(sys.executable, command, {**os.environ, "DATABASE_URL": url})  # noqa: S606  # No shell is wanted.


def main() -> None:
    """Serves until a signal ends it, or the database."""
    for ending in ENDINGS:
        # uvicorn passes on the signal that has ended it; the database still has to be stopped then.
        signal.signal(ending, end)
    estate = Estate(**json.loads(sys.argv[1]))
    with told(), socket.socket(fileno=estate.listener) as listener, held(estate.database):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)
        run(read_settings(), listener, estate.preparation, demo=estate.demo)


@contextmanager
def told() -> Generator[None]:
    """What goes wrong in a way that was foreseen is one line, and exit code 1."""
    try:
        yield
    except (Failed, SettingsError) as failure:
        fail(str(failure))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        fail(f"The database cannot be used: {str(failure).splitlines()[0] if str(failure) else type(failure).__name__}")


def fail(message: str, status: int = 1) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(status)


def end(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)


def held(handed: "Handed | None") -> AbstractContextManager[object]:
    if handed is None:
        return nullcontext()
    from api.database import postmaster  # noqa: PLC0415  # With a database elsewhere there is nothing to watch.

    return postmaster.held(postmaster.take_over(handed))


@contextmanager
def preparing(process: int) -> Generator[None]:
    """Waits for the preparation of the database, beside what is done inside; it does not outlive this."""
    try:
        yield
        _, status = os.waitpid(process, 0)
    except BaseException:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
        raise
    if status:
        sys.exit(1)


def run(settings: Settings, listener: socket.socket, preparation: int, *, demo: bool) -> None:
    """Serves on the socket; says first where, and with which tokens."""
    with preparing(preparation):
        # These take most of the start.
        import asyncio  # noqa: PLC0415
        import gc  # noqa: PLC0415

        import uvicorn  # noqa: PLC0415

        from api.app import application  # noqa: PLC0415
        from api.auth import issue_tokens  # noqa: PLC0415

    assert settings.database_url is not None  # `become` has set it.
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    logins = list(DEMO_PEOPLE) if demo else []
    tokens = (
        asyncio.run(issue_tokens(settings.data, settings.database_url, logins, pooler=settings.pooler)) if demo else {}
    )
    say(f"http://{host}:{settings.port}/graphql", tokens)
    config = uvicorn.Config(
        application(settings.database_url, settings.data, pooler=settings.pooler),
        log_level="warning",
        access_log=False,
        server_header=False,
        # Nobody asks where a request came from, so what proxies say of it need not be read.
        proxy_headers=False,
        # Without it an open stream would keep the server from ever ending.
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # What has been made by now stays: looking through it again and again would hold up requests.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(sockets=[listener])


def say(address: str, tokens: Mapping[str, str]) -> None:
    """Where the API answers; each token whole on a line of its own, so that it can be copied."""
    lines = [f"Sigap answers at {address}"]
    lines += [f"\n{login}, {DEMO_PEOPLE[login]}:\nAuthorization: Bearer {token}" for login, token in tokens.items()]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
