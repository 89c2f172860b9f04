"""Connections of the application that one test after another uses: a new one takes longer than most of the requests of a test."""

import asyncio
from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from api.database.connection import connector
from api.database.engine import Row
from api.database.monitor import Connect
from api.database.pool import ConnectionPool

# Of each worker, so that the server has some to spare for tests that open many.
MOST_KEPT = 15

# The settings of the session, and the options of the connection.
Key = tuple[Hashable, Hashable]


@dataclass(slots=True)
class Kept:
    """Idle connections to one database, by their settings, with what the server has prepared on them."""

    idle: defaultdict[Key, list["asyncpg.Connection[Row]"]] = field(default_factory=lambda: defaultdict(list))
    keys: dict["asyncpg.Connection[Row]", Key] = field(default_factory=dict)

    def use(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        """Pools that are opened from now on take their connections from here, and leave them here when they are closed."""

        def keeping_connector(address: str, *, settings: Mapping[str, str] | None = None, **options: Any) -> Connect:
            connect = connector(address, settings=settings, **options)
            key = tuple((settings or {}).items()), tuple(options.items())
            return connect if address != url else lambda: self._take(key, connect)

        async def close(pool: ConnectionPool) -> None:
            pool._is_closed = True
            await asyncio.gather(*(self._leave(pool, connection) for connection, _ in pool._idle), *pool._closing)

        monkeypatch.setattr("api.database.engine.connector", keeping_connector)
        monkeypatch.setattr(ConnectionPool, "close", close)

    async def _take(self, key: Key, connect: Connect) -> "asyncpg.Connection[Row]":
        while self.idle[key]:
            connection = self.idle[key].pop()
            if not connection.is_closed():
                return connection
        connection = await connect()
        self.keys[connection] = key
        return connection

    async def _leave(self, pool: ConnectionPool, connection: "asyncpg.Connection[Row]") -> None:
        if connection not in self.keys or sum(map(len, self.idle.values())) >= MOST_KEPT:
            self.keys.pop(connection, None)
            await pool._close(connection)
            return
        connection._query_loggers.clear()  # type: ignore[attr-defined]  # Those of the test that ends.
        self.idle[self.keys[connection]].append(connection)

    @property
    def sessions(self) -> list[int]:
        """The process ids of their servers."""
        kept = (connection for connections in self.idle.values() for connection in connections)
        return [connection.get_server_pid() for connection in kept if not connection.is_closed()]

    async def close(self) -> None:
        for connections in self.idle.values():
            for connection in connections:
                await connection.close()
        self.idle.clear()
        self.keys.clear()
