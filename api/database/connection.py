"""How connections to the database are opened: settings of the server, limits of time, keepalive."""

import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import asyncpg

from api.database.monitor import Connect
from api.values.database_url import connection_arguments

if TYPE_CHECKING:
    from api.database.engine import Row

WRITE_SECONDS = 30.0
LOCK_SECONDS = 10.0

# The longest wait for a new connection.
CONNECT_SECONDS = 5.0

# TCP keepalive: the kernel probes a connection after 60 idle seconds, and gives it up after three lost probes.
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

# For every connection: times in UTC, no JIT, and statements are cancelled when the client is gone.
SERVER_SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "jit": "off",
    "client_connection_check_interval": "1s",
}
READ_SETTINGS = {
    **SERVER_SETTINGS,
    # Planning for each set of values costs more than better plans gain.
    "plan_cache_mode": "force_generic_plan",
    "default_transaction_read_only": "on",
}
WRITE_SETTINGS = {
    **SERVER_SETTINGS,
    "statement_timeout": f"{WRITE_SECONDS:.0f}s",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": f"{LOCK_SECONDS:.0f}s",
}


def set_local(settings: Mapping[str, str]) -> str:
    """SQL that applies the settings until the end of the transaction."""
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


# Behind a pooler each transaction begins with these.
WRITE_SET_LOCAL = set_local(WRITE_SETTINGS)


def read_timeout(seconds: int) -> Mapping[str, str]:
    return {"statement_timeout": f"{seconds}s"}


def connector(url: str, *, seconds: float, settings: Mapping[str, str] | None = None, **options: Any) -> Connect:
    """Opens connections that wait at most so many seconds for a statement."""
    arguments = connection_arguments(url, settings)

    async def connect() -> "asyncpg.Connection[Row]":
        connection: asyncpg.Connection[Row] = await asyncpg.connect(
            **arguments, timeout=CONNECT_SECONDS, command_timeout=seconds, **options
        )
        await enable_keepalive(connection)
        return connection

    return connect


async def enable_keepalive(connection: "asyncpg.Connection[Row]") -> None:
    """Lets the kernel notice a lost peer. Only for TCP: a Unix socket cannot lose its peer."""
    sock = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]  # noqa: SLF001  # No public way.
    if sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):  # macOS has no TCP_KEEPIDLE.
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
