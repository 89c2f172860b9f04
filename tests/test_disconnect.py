import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import orjson
import pytest

from api.app import application
from api.auth import Tokens
from api.execution import document as documents
from api.web import cancellation
from tests.asking import Json
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.serving import listening, running_server
from tests.waiting import LOCK_WAITS, wait_until

HAZARDS = "{ hazards(first: 1) { totalCount } }"
MIXED = "{ hazards(first: 1) { totalCount } ranks(first: 1) { totalCount } __schema { queryType { name } } }"
DECLARE = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) { problems { code } } }"""
INCIDENT = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": NOW.isoformat()}


@asynccontextmanager
async def request_and_disconnect(port: int, body: Json, token: str | None = None) -> AsyncGenerator[None]:
    """Sends a request, and closes the connection at the end of the block without reading the response."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    content = orjson.dumps(body)
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST /graphql HTTP/1.1\r\nHost: sigap\r\nContent-Type: application/json\r\n{authorization}"
    writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    yield
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "document", [HAZARDS, MIXED, f"query @consistent {HAZARDS}"], ids=["root", "mixed", "consistent"]
)
async def test_a_query_is_cancelled_when_its_client_disconnects(
    database_url: str,
    keys: Path,
    connection: "asyncpg.Connection[asyncpg.Record]",
    caplog: pytest.LogCaptureFixture,
    document: str,
) -> None:
    async with running_server(database_url, keys) as port, connection.transaction():
        await connection.execute("LOCK TABLE hazard, rank IN ACCESS EXCLUSIVE MODE")

        async with request_and_disconnect(port, {"query": document}):
            await wait_until(connection, f"SELECT ({LOCK_WAITS}) > 0", expected=True)
        await wait_until(connection, LOCK_WAITS, 0)

    assert [record for record in caplog.records if record.levelname != "INFO"] == []


async def test_a_mutation_is_completed_though_its_client_disconnects(
    database_url: str, keys: Path, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    token = Tokens.load(keys).issue(await Build(connection, NOW).coordinator(), NOW)
    async with running_server(database_url, keys) as port:
        lock = connection.transaction()
        await lock.start()
        await connection.execute("LOCK TABLE hazard, event IN ACCESS EXCLUSIVE MODE")
        async with request_and_disconnect(port, {"query": DECLARE, "variables": {"input": INCIDENT}}, token):
            await wait_until(connection, LOCK_WAITS, 1)
        # Once this later query has been cancelled, the mutation would have been too.
        async with request_and_disconnect(port, {"query": HAZARDS}):
            await wait_until(connection, LOCK_WAITS, 2)
        await wait_until(connection, LOCK_WAITS, 1)
        await lock.rollback()

        await wait_until(connection, "SELECT count(*) FROM incident", 1)


async def test_a_long_document_that_waits_is_not_parsed_a_second_time(
    database_url: str, keys: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cancellation, "DISCONNECT_CHECK_SECONDS", 0.0)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(*_: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(documents._THREAD, "run", wait)
    async with running_server(database_url, keys) as port, asyncio.timeout(60):
        async with request_and_disconnect(port, {"query": "{" + "a " * 50_000}):
            await begun.wait()
        await ended.wait()

    assert [record for record in caplog.records if record.levelname != "INFO"] == []


async def test_what_is_left_when_the_server_stops_is_answered_unavailable(
    database_url: str, keys: Path, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    app = application(database_url, keys, clock=lambda: NOW)
    async with connection.transaction():
        await connection.execute("LOCK TABLE hazard IN ACCESS EXCLUSIVE MODE")
        async with httpx.AsyncClient(timeout=30) as client:
            async with listening(app, shutdown_seconds=1) as port:
                url = f"http://127.0.0.1:{port}/graphql"
                asked = asyncio.create_task(client.post(url, json={"query": HAZARDS}))
                await wait_until(connection, f"SELECT ({LOCK_WAITS}) > 0", expected=True)
            answer = await asked

    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/json")
    assert answer.json() == {
        "errors": [{"message": "The server stops; try again.", "extensions": {"code": "UNAVAILABLE"}}]
    }
