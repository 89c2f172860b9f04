"""Runs the application inside this process, to time the first request of a document and to profile requests."""

import asyncio
import cProfile
import json
import re
import statistics
import time
from collections.abc import AsyncGenerator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any
from unittest.mock import patch

import asyncpg
from starlette.applications import Starlette

from api.app import application
from api.database import engine
from api.database.connection import READ_SETTINGS
from benchmarks.database import FOLDER, Database
from benchmarks.query import Query

REPEATS = 5
# Number of functions in a profile.
PROFILE_ROWS = 14
MILLISECONDS = 1000

Message = MutableMapping[str, Any]


@dataclass
class ReadLog:
    """The statements that a request executed, and the seconds they took."""

    statements: list[tuple[str, list[object]]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class FirstRequest:
    """Median milliseconds of the first request of documents that differ in an alias.

    `again`: the same request later. `postgres`: PostgreSQL's prepare and plan. `python`: the part of the difference that is
    outside of the driver. `added`: `first` without `again` and `postgres`.
    """

    query: str
    documents: int
    first: float
    again: float
    postgres: float
    python: float
    added: float


@dataclass(frozen=True)
class Profile:
    """The functions with the most own time: own milliseconds and calls, per request."""

    query: str
    requests: int
    rows: list[tuple[str, float, float]]


@asynccontextmanager
async def running_application(database: Database) -> AsyncGenerator[Starlette]:
    app = application(database.url, FOLDER.absolute())
    async with app.router.lifespan_context(app):
        yield app


async def post(app: Starlette, body: bytes, token: str) -> bytes:
    """Sends a request to the ASGI application, without the network, and returns the response body."""
    response = bytearray()
    headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {token}".encode())]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "query_string": b"",
        "headers": headers,
        "state": {},
    }

    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        # The client stays connected.
        return messages.pop() if messages else await asyncio.Future()

    async def send(message: Message) -> None:
        response.extend(message.get("body", b""))

    await app(scope, receive, send)
    return bytes(response)


async def measure_first_requests(database: Database, query: Query, *, documents: int) -> FirstRequest:
    """Sends documents that differ in an alias, each once and then again.

    PostgreSQL's prepare is measured on another connection with the same settings: the same statements are prepared and
    executed once (which makes the plan), and the time of later executions is subtracted.
    """
    log = ReadLog()
    read = engine.Database.read

    async def timed(self: engine.Database, sql: str, parameters: Any, *rest: Any, **named: Any) -> Any:
        started_at = time.perf_counter()
        result = await read(self, sql, parameters, *rest, **named)
        log.seconds += time.perf_counter() - started_at
        log.statements.append((sql, list(parameters)))
        return result

    rows: list[tuple[float, ...]] = []
    connection = await asyncpg.connect(database.url, server_settings=READ_SETTINGS)
    with patch.object(engine.Database, "read", timed):
        async with running_application(database) as app:
            for number in range(-3, documents):  # The first three fill the caches that all documents share.
                body = json.dumps(
                    {"query": distinct_document(query, number + 3), "variables": query.variables[0]}
                ).encode()
                first, first_read = await timed_post(app, body, database.facts.scoped, log)
                again = [await timed_post(app, body, database.facts.scoped, log) for _ in range(REPEATS)]
                later, later_read = (statistics.median(each) for each in zip(*again, strict=True))
                prepare = sum([await prepare_seconds(connection, *each) for each in log.statements])
                if number >= 0:
                    python = (first - first_read) - (later - later_read)
                    rows.append((first, later, prepare, python, first - later - prepare))
    await connection.close()
    return FirstRequest(
        query.name, documents, *(statistics.median(each) * MILLISECONDS for each in zip(*rows, strict=True))
    )


def distinct_document(query: Query, number: int) -> str:
    """The document of the query with an alias that contains the number."""
    return query.document.replace("id name", f"id n{number}: name", 1)


async def timed_post(app: Starlette, body: bytes, token: str, log: ReadLog) -> tuple[float, float]:
    """Seconds of the request, and seconds of its statements. Refills the log."""
    log.statements, log.seconds = [], 0.0
    started_at = time.perf_counter()
    response = await post(app, body, token)
    seconds = time.perf_counter() - started_at
    assert b'"errors"' not in response, response
    return seconds, log.seconds


async def prepare_seconds(connection: asyncpg.Connection, sql: str, parameters: Sequence[object]) -> float:
    """Seconds that PostgreSQL takes to parse and plan the statement."""
    started_at = time.perf_counter()
    statement = await connection.prepare(sql)
    await statement.fetchval(*parameters)
    first = time.perf_counter() - started_at
    again = []
    for _ in range(REPEATS):
        started_at = time.perf_counter()
        await statement.fetchval(*parameters)
        again.append(time.perf_counter() - started_at)
    return first - statistics.median(again)


async def measure_profile(database: Database, query: Query, *, requests: int) -> Profile:
    """Profiles requests. The profiler adds a constant time to each call, so it overstates small functions."""
    bodies = [json.dumps({"query": query.document, "variables": each}).encode() for each in query.variables]
    profiler = cProfile.Profile()
    async with running_application(database) as app:
        for number in range(-50, requests):
            if number == 0:
                profiler.enable()
            await post(app, bodies[number % len(bodies)], database.facts.scoped)
        profiler.disable()
    entries = sorted(profiler.getstats(), key=lambda entry: -entry.inlinetime)[:PROFILE_ROWS]
    rows = [
        (function_name(entry.code), entry.inlinetime / requests * MILLISECONDS, entry.callcount / requests)
        for entry in entries
    ]
    return Profile(query.name, requests, rows)


def function_name(code: str | CodeType) -> str:
    """The function with the path of its module; only the function if it is built in."""
    if isinstance(code, str):
        return code
    file = Path(code.co_filename)
    library = re.search(r"python3\.\d+/(?:site-packages/)?(.+)$", str(file))
    module = library[1] if library else file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file.name
    return f"{module}: {code.co_qualname}"
