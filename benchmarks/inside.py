"""Our application within this process, where its parts can be timed: what a first-seen document costs, and a profile."""

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
from benchmarks.database import FOLDER, Database
from benchmarks.query import Query

REPEATS = 5
TOP = 14
MILLISECONDS = 1000

Message = MutableMapping[str, Any]


@dataclass
class Reading:
    """What a request read of the database, and how long that took."""

    statements: list[tuple[str, list[object]]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class FirstSeen:
    """Medians, in milliseconds, of documents seen for the first time that differ from each other in an alias."""

    query: str
    documents: int
    first: float
    again: float
    of_postgres: float
    of_python: float
    added: float


@dataclass(frozen=True)
class Profile:
    """Of one query: milliseconds and calls of a request within the costliest functions, by themselves."""

    query: str
    requests: int
    rows: list[tuple[str, float, float]]


@asynccontextmanager
async def started(database: Database) -> AsyncGenerator[Starlette]:
    app = application(database.url, FOLDER.absolute())
    async with app.router.lifespan_context(app):
        yield app


async def ask(app: Starlette, body: bytes, token: str) -> bytes:
    """As a server does, without the network."""
    sent = bytearray()
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

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.extend(message.get("body", b""))

    await app(scope, receive, send)
    return bytes(sent)


async def first_seen(database: Database, query: Query, *, documents: int) -> FirstSeen:
    """Many documents that differ in their aliases, each asked for the first time and then again.

    What PostgreSQL's own prepare takes is measured on a connection of ours, with the settings of the application's: the
    same statements prepared and executed (its plan is made then), less its execution afterwards.
    """
    reading = Reading()
    plain = engine.Database.read

    async def timed(self: engine.Database, sql: str, parameters: Any, *rest: Any, **named: Any) -> Any:
        began = time.perf_counter()
        answer = await plain(self, sql, parameters, *rest, **named)
        reading.seconds += time.perf_counter() - began
        reading.statements.append((sql, list(parameters)))
        return answer

    rows: list[tuple[float, ...]] = []
    connection = await asyncpg.connect(database.url, server_settings=engine.READ_SETTINGS)
    with patch.object(engine.Database, "read", timed):
        async with started(database) as app:
            for number in range(-3, documents):  # The first three warm what all documents share.
                body = json.dumps({"query": variant(query, number + 3), "variables": query.variables[0]}).encode()
                first, of_read = await timed_ask(app, body, database.facts.scoped, reading)
                again = [await timed_ask(app, body, database.facts.scoped, reading) for _ in range(REPEATS)]
                later, later_read = (statistics.median(each) for each in zip(*again, strict=True))
                own = sum([await prepare_seconds(connection, *each) for each in reading.statements])
                if number >= 0:
                    python = (first - of_read) - (later - later_read)
                    rows.append((first, later, own, python, first - later - own))
    await connection.close()
    return FirstSeen(
        query.name, documents, *(statistics.median(each) * MILLISECONDS for each in zip(*rows, strict=True))
    )


def variant(query: Query, number: int) -> str:
    return query.document.replace("id name", f"id n{number}: name", 1)


async def timed_ask(app: Starlette, body: bytes, token: str, reading: Reading) -> tuple[float, float]:
    """Seconds of the request, and those that the database took of them."""
    reading.statements, reading.seconds = [], 0.0
    began = time.perf_counter()
    answer = await ask(app, body, token)
    seconds = time.perf_counter() - began
    assert b'"errors"' not in answer, answer
    return seconds, reading.seconds


async def prepare_seconds(connection: asyncpg.Connection, sql: str, parameters: Sequence[object]) -> float:
    began = time.perf_counter()
    statement = await connection.prepare(sql)
    await statement.fetchval(*parameters)
    first = time.perf_counter() - began
    again = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        await statement.fetchval(*parameters)
        again.append(time.perf_counter() - began)
    return first - statistics.median(again)


async def profiled(database: Database, query: Query, *, requests: int) -> Profile:
    """Where the time of a request goes in our process; the profiler itself makes small functions look dearer."""
    bodies = [json.dumps({"query": query.document, "variables": each}).encode() for each in query.variables]
    profiler = cProfile.Profile()
    async with started(database) as app:
        for number in range(-50, requests):
            if number == 0:
                profiler.enable()
            await ask(app, bodies[number % len(bodies)], database.facts.scoped)
        profiler.disable()
    costly = sorted(profiler.getstats(), key=lambda entry: -entry.inlinetime)[:TOP]
    rows = [
        (place(entry.code), entry.inlinetime / requests * MILLISECONDS, entry.callcount / requests) for entry in costly
    ]
    return Profile(query.name, requests, rows)


def place(code: str | CodeType) -> str:
    """The function and its module, from the package on; what is built in has none."""
    if isinstance(code, str):
        return code
    file = Path(code.co_filename)
    inside = re.search(r"python3\.\d+/(?:site-packages/)?(.+)$", str(file))
    module = inside[1] if inside else file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file.name
    return f"{module}: {code.co_qualname}"
