"""What uvicorn does not bound: unfinished requests, headers, connections. Times are set to fractions of a second."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import StreamingResponse
from structlog.testing import capture_logs

from api import app as app_module
from api.app import application
from api.auth import Tokens
from api.server import protocol
from api.server.protocol import MAX_HEADER_BYTES, MAX_REQUEST_BYTES, Phase, bounded_protocol, connection_limit
from api.web.middleware import DEFAULT_HEADERS, SECURITY_HEADERS
from tests.builders import Build
from tests.conftest import NOW
from tests.waiting import LOCK_WAITS, wait_until

PATIENCE = 30  # Seconds, for what should take a fraction of one.
HEAD = b"POST /graphql HTTP/1.1\r\nHost: sigap\r\nContent-Type: application/json\r\n"
BODY = b'{"query": "{ __typename }"}'
REQUEST = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


@asynccontextmanager
async def bounded_server(
    url: str, keys: Path, *, connections: int = 100, shutdown_seconds: int = 5
) -> AsyncGenerator[tuple[int, uvicorn.Server]]:
    """The port of a server like that of `sigap serve`."""
    config = uvicorn.Config(
        application(url, keys, clock=lambda: NOW),
        log_config=None,
        access_log=False,
        http=bounded_protocol(connections),
        timeout_keep_alive=1,
        timeout_graceful_shutdown=shutdown_seconds,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1], server
        finally:
            server.should_exit = True
            await task


async def sent(port: int, *parts: bytes) -> bytes:
    """All that the server answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(protocol.SECONDS, Phase.HEADERS, 0.2)
    monkeypatch.setitem(protocol.SECONDS, Phase.BODY, 0.2)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(
    ("parts", "status", "message"),
    [
        ([], 408, "The headers of the request did not arrive in time."),
        ([HEAD], 408, "The headers of the request did not arrive in time."),
        ([b"\r\n"], 408, "The headers of the request did not arrive in time."),
        ([HEAD + b"Content-Length: 100\r\n\r\n", b'{"qu'], 408, "The body of the request did not arrive in time."),
        (
            [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b'4\r\n{"qu\r\n'],
            408,
            "The body of the request did not arrive in time.",
        ),
        ([HEAD + b"X: " + b"x" * MAX_HEADER_BYTES + b"\r\n\r\n"], 431, "The headers of a request may have"),
        ([HEAD + b"X: ", b"x" * MAX_HEADER_BYTES, b"x"], 431, "The headers of a request may have"),
        (
            [HEAD + b"".join(b"X%d: x\r\n" % n for n in range(3_000)) + b"\r\n"],
            431,
            "The headers of a request may have",
        ),
        ([b"GET /" + b"x" * MAX_HEADER_BYTES + b" HTTP/1.1\r\nHost: sigap\r\n\r\n"], 431, "The headers of a request"),
        ([b"nonsense\r\n\r\n"], 400, "Invalid HTTP request received."),
    ],
    ids=[
        "nothing",
        "headers",
        "empty lines",
        "body",
        "chunked body",
        "large header",
        "endless header",
        "many headers",
        "long address",
        "no HTTP",
    ],
)
async def test_an_unfinished_or_oversized_request_ends_with_an_answer_in_json(
    database_url: str, keys: Path, parts: list[bytes], status: int, message: str
) -> None:
    async with bounded_server(database_url, keys) as (port, _):
        answer = await sent(port, *parts)
        other = await sent(port, REQUEST.replace(b"Host", b"Connection: close\r\nHost"))

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    headers = dict(line.split(b": ", 1) for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:])
    assert headers.pop(b"content-length").isdigit()
    assert headers == {
        **dict((*SECURITY_HEADERS, *DEFAULT_HEADERS)),
        b"content-type": b"application/json",
        b"connection": b"close",
    }
    assert message.encode() in answer
    assert other.endswith(b'{"data":{"__typename":"Query"}}')


async def test_headers_after_the_body_and_endless_bodies_are_not_stored(database_url: str, keys: Path) -> None:
    start = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n"
    trailer = b"X: " + b"x" * (MAX_REQUEST_BYTES // 4)

    async with bounded_server(database_url, keys) as (port, server):
        await sent(port, start, *[trailer] * 8)

        assert server.server_state.connections == set()


async def test_an_idle_connection_is_closed(database_url: str, keys: Path) -> None:
    async with bounded_server(database_url, keys) as (port, _):
        answer = await sent(port, REQUEST)

    assert answer.count(b"HTTP/1.1 200") == 1


async def test_requests_sent_at_once_are_answered_in_order(database_url: str, keys: Path) -> None:
    last = REQUEST.replace(b"Host", b"Connection: close\r\nHost")

    async with bounded_server(database_url, keys) as (port, _):
        answer = await sent(port, REQUEST + REQUEST + last)

    assert answer.count(b"HTTP/1.1 200") == 3


async def test_silent_connections_make_room_for_others(database_url: str, keys: Path) -> None:
    async with bounded_server(database_url, keys, connections=10) as (port, server):
        with capture_logs() as lines:
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
            answers = [await sent(port, REQUEST.replace(b"Host", b"Connection: close\r\nHost")) for _ in range(5)]
            open_connections = len(server.server_state.connections)
        for _, writer in silent:
            writer.close()

    assert [answer.endswith(b'{"data":{"__typename":"Query"}}') for answer in answers] == [True] * 5
    assert open_connections <= 10
    assert [line["limit"] for line in lines if line["event"] == "too many connections"] == [10]


async def test_what_is_unfinished_when_the_server_stops_is_answered_in_json(
    database_url: str, keys: Path, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    body = b'{"query": "{ hazards(first: 1) { totalCount } }"}'
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    async with connection.transaction():
        await connection.execute("LOCK TABLE hazard IN ACCESS EXCLUSIVE MODE")
        async with bounded_server(database_url, keys, shutdown_seconds=1) as (port, server):
            answer = asyncio.create_task(sent(port, request))
            await wait_until(connection, LOCK_WAITS, 1)
            server.should_exit = True
            text = await answer

    assert text.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in text.lower()
    assert text.endswith(b'{"errors":[{"message":"The server stops; try again.","extensions":{"code":"UNAVAILABLE"}}]}')


def test_connections_are_fewer_than_the_files_that_the_process_may_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (64, 1_000))
    changed: list[tuple[int, int]] = []
    monkeypatch.setattr("resource.setrlimit", lambda _, limits: changed.append(limits))

    assert (connection_limit(50), connection_limit(2_000)) == (50, 900)
    assert changed == [(150, 1_000), (1_000, 1_000)]


@pytest.fixture
def _short_uploads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "UPLOAD_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "UPLOAD_RATE", 100)
    monkeypatch.setitem(protocol.SECONDS, Phase.BODY, 0.1)


UPLOAD = b"POST /uploads HTTP/1.1\r\nHost: sigap\r\nConnection: close\r\n"


@pytest.mark.usefixtures("_short_uploads")
async def test_a_file_may_take_long_but_must_go_on_arriving(database_url: str, keys: Path, build: Build) -> None:
    manager = await build.manager(await build.organization())
    token = Tokens.load(keys).issue(manager, NOW)
    head = UPLOAD + b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n" % (token.encode(), 12 * 500)
    async with bounded_server(database_url, keys) as (port, _):
        slow = await sent(port, head, b"Nama;HP")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        for _ in range(12):
            writer.write(b"x" * 500)
            await writer.drain()
            await asyncio.sleep(0.1)
        steady = await reader.read()
        writer.close()

    assert slow.startswith(b"HTTP/1.1 408 ")
    assert steady.startswith(b"HTTP/1.1 201 ")
    assert b'"bytes":6000' in steady


async def test_a_file_that_is_too_large_is_refused_while_it_arrives(database_url: str, keys: Path) -> None:
    async with bounded_server(database_url, keys) as (port, _):
        answer = await sent(port, UPLOAD + b"Content-Length: 99999999\r\n\r\n", *[bytes(1024 * 1024)] * 22)

    # Nobody is signed in, so the answer may come before all has arrived.
    assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 413 ")) or not answer


async def test_an_answer_that_nobody_reads_does_not_hold_its_connection(
    database_url: str, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "ANSWER_SECONDS", 0.2)
    pieces, ended = 0, asyncio.Event()

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal pieces
        try:
            while True:
                pieces += 1
                await asyncio.sleep(0)
                yield bytes(64 * 1024)
        finally:
            ended.set()

    async def stream(_request: Request) -> StreamingResponse:
        return StreamingResponse(endless())

    monkeypatch.setattr(app_module, "health", stream)
    async with bounded_server(database_url, keys) as (port, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: sigap\r\n\r\n")
        await reader.readexactly(100)
        async with asyncio.timeout(PATIENCE):
            await ended.wait()
        left = len(server.server_state.connections)
        writer.close()

    assert pieces > 1
    assert left == 0
