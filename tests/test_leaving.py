import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import orjson
import pytest
import uvicorn

from api.app import application
from api.auth import Tokens
from tests.asking import Json
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.waiting import WAITING, until

HAZARDS = "{ hazards(first: 1) { totalCount } }"
MIXED = "{ hazards(first: 1) { totalCount } ranks(first: 1) { totalCount } __schema { queryType { name } } }"
DECLARE = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) { problems { code } } }"""
INCIDENT = {"hazard": "FLOOD", "title": "Banjir", "kabupaten": [HOME], "startedAt": NOW.isoformat()}


@asynccontextmanager
async def listening(url: str, keys: Path) -> AsyncGenerator[int]:
    """The port of a server with the application."""
    config = uvicorn.Config(application(url, keys, clock=lambda: NOW), log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


@asynccontextmanager
async def asking(port: int, body: Json, token: str | None = None) -> AsyncGenerator[None]:
    """A client that asks, and leaves without waiting for the answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    content = orjson.dumps(body)
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST /graphql HTTP/1.1\r\nHost: sigap\r\nContent-Type: application/json\r\n{authorization}"
    writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    yield
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("document", [HAZARDS, MIXED, f"query @consistent {HAZARDS}"], ids=["root", "mixed", "at once"])
async def test_what_nobody_waits_for_is_no_longer_read(
    database_url: str,
    keys: Path,
    connection: "asyncpg.Connection[asyncpg.Record]",
    caplog: pytest.LogCaptureFixture,
    document: str,
) -> None:
    async with listening(database_url, keys) as port, connection.transaction():
        await connection.execute("LOCK TABLE hazard, rank IN ACCESS EXCLUSIVE MODE")

        async with asking(port, {"query": document}):
            await until(connection, f"SELECT ({WAITING}) > 0", answer=True)
        await until(connection, WAITING, 0)

    assert [record for record in caplog.records if record.levelname != "INFO"] == []


async def test_a_change_is_made_though_nobody_waits_for_it(
    database_url: str, keys: Path, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    token = Tokens.of(keys).issue(await Build(connection, NOW).coordinator(), NOW)
    async with listening(database_url, keys) as port:
        locked = connection.transaction()
        await locked.start()
        await connection.execute("LOCK TABLE hazard, event IN ACCESS EXCLUSIVE MODE")
        async with asking(port, {"query": DECLARE, "variables": {"input": INCIDENT}}, token):
            await until(connection, WAITING, 1)
        # A read that came later is ended by now, and so would the change be.
        async with asking(port, {"query": HAZARDS}):
            await until(connection, WAITING, 2)
        await until(connection, WAITING, 1)
        await locked.rollback()

        await until(connection, "SELECT count(*) FROM incident", 1)
