"""What happens with more: more documents, more volunteers, more processes."""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import httpx

from benchmarks.database import Database
from benchmarks.load import Round, Target, load
from benchmarks.peer import OURS, Peer, ours
from benchmarks.process import Server, private_mb
from benchmarks.query import SERIAL, Query

# The name of a field inside is part of the statement, so that each document is another one to PostgreSQL too.
STORM = f'{{ node(id: "Kabupaten:62.02") {{ ... on Kabupaten {{ name province {{ a{SERIAL}: name }} }} }} }}'
# After so many documents all caches are full.
FULL = 1_000
STORM_CONNECTIONS = 8
AGAIN = 20

# Work for Python alone, so that the database and wrk leave both cores to our processes.
PYTHON_ONLY = "{ __schema { types { name fields { name args { name type { name } } type { name } } } } }"
BOTH_CONNECTIONS = 4


@dataclass(frozen=True)
class Storm:
    """Megabytes once all caches are full, and after all documents: resident ones of the server, private ones of PostgreSQL's."""

    documents: int
    full_mb: float
    after_mb: float
    database_full_mb: float | None
    database_after_mb: float | None


@dataclass(frozen=True)
class Cold:
    """Milliseconds of the first document of a fresh process, and of the same one later."""

    query: str
    first: float
    again: float


@dataclass(frozen=True)
class Larger:
    """Milliseconds of a request at one connection, at either number of volunteers, and the median of the ratios."""

    query: str
    small_ms: float
    large_ms: float
    ratio: float


@dataclass(frozen=True)
class Second:
    """Requests per second of one process and of two at once, and the median of the ratios."""

    query: str
    one: float
    both: float
    ratio: float


def storm(database: Database, *, documents: int) -> Storm:
    """Documents of which no two are alike, on a server of their own."""
    with ours(database) as server:
        target = Target(f"{server.url}/graphql", [{"query": STORM}], database.facts.scoped)
        done = 0
        full: tuple[float, float | None] = (0.0, None)
        while done < documents:
            done += load(target, connections=STORM_CONNECTIONS, seconds=2).done
            if done >= FULL and not full[0]:
                full = memory(server, database)
        after = memory(server, database)
        return Storm(done, full[0], after[0], full[1], after[1])


def memory(server: Server, database: Database) -> tuple[float, float | None]:
    return server.resident_mb, private_mb(database.process)


def cold(database: Database, query: Query) -> Cold:
    """Over the network, once: nothing is warm in the process, nor in its connections."""
    with ours(database) as server, httpx.Client() as client:
        target = own(server, database, query).target(query)
        times = []
        for _ in range(1 + AGAIN):
            began = time.perf_counter()
            answer = client.post(target.url, json=target.bodies[0], headers=target.headers())
            times.append((time.perf_counter() - began) * 1000)
            assert "errors" not in answer.json(), answer.text
    return Cold(query.name, times[0], statistics.median(times[1:]))


def larger(small: Database, large: Database, pairs: Sequence[tuple[Query, Query]], *, rounds: int) -> list[Larger]:
    """The same queries, each about its own database, asked by turns."""
    with ours(small) as one, ours(large) as other:
        return [
            compared(own(one, small, query).target(query), own(other, large, twin).target(twin), query.name, rounds)
            for query, twin in pairs
        ]


def own(server: Server, database: Database, query: Query) -> Peer:
    return Peer(OURS, server, frozenset({query.name}), token=database.facts.scoped)


def compared(small: Target, large: Target, name: str, rounds: int) -> Larger:
    for target in (small, large):
        load(target, connections=1, seconds=1)
    pairs = []
    for _ in range(rounds):
        one, other = (1000 / load(target, connections=1, seconds=2).requests for target in (small, large))
        pairs.append((one, other))
    return Larger(
        name,
        statistics.median(one for one, _ in pairs),
        statistics.median(other for _, other in pairs),
        statistics.median(other / one for one, other in pairs),
    )


def second(database: Database, query: Query, *, rounds: int) -> list[Second]:
    """Two processes, each with a wrk of its own, beside one."""
    with ExitStack() as stack:
        servers = [stack.enter_context(ours(database)) for _ in range(2)]
        token = database.facts.scoped
        python = [Target(f"{server.url}/graphql", [{"query": PYTHON_ONLY}], token) for server in servers]
        points = [own(server, database, query).target(query) for server in servers]
        return [beside("schema", python, rounds), beside(query.name, points, rounds)]


def beside(name: str, targets: Sequence[Target], rounds: int) -> Second:
    together(targets)
    pairs = [(together(targets[:1]), together(targets)) for _ in range(rounds)]
    return Second(
        name,
        statistics.median(one for one, _ in pairs),
        statistics.median(both for _, both in pairs),
        statistics.median(both / one for one, both in pairs),
    )


def together(targets: Sequence[Target]) -> float:
    """Requests per second of all at once."""
    rounds = [Round(target, connections=BOTH_CONNECTIONS, seconds=2) for target in targets]
    return sum(each.ended().requests for each in rounds)
