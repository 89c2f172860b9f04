"""Serving: the application under uvicorn, and the tokens of those who may ask it."""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import uvicorn

from api.app import application
from api.auth import Tokens
from api.database.engine import Database
from api.services import account
from api.settings import Settings

GRACE_SECONDS = 10


async def issued(settings: Settings, url: str, logins: Sequence[str]) -> dict[str, str]:
    """A token for each of the logins that stand for an active account."""
    tokens, now = Tokens.of(settings.data), datetime.now(UTC)
    database = await Database.open(url, pooler=settings.pooler)
    try:
        async with database.reading() as session:
            found = {login: await account.id_of(session, login) for login in logins}
    finally:
        await database.close()
    return {login: tokens.issue(id_, now) for login, id_ in found.items() if id_ is not None}


def run(
    settings: Settings,
    url: str,
    listener: socket.socket,
    logins: Sequence[str],
    started: Callable[[str, Mapping[str, str]], None],
) -> None:
    """Serves on the socket until a signal ends it; says first where, and with which tokens."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    tokens = asyncio.run(issued(settings, url, logins)) if logins else {}
    started(f"http://{host}:{settings.port}/graphql", tokens)
    config = uvicorn.Config(
        application(url, settings.data, pooler=settings.pooler),
        log_level="warning",
        access_log=False,
        server_header=False,
        # Nobody asks where a request came from, so what proxies say of it need not be read.
        proxy_headers=False,
        # Without it an open stream would keep the server from ever ending.
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])
