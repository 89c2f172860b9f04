"""Measures scaling: many different documents, more volunteers, two processes."""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import httpx

from benchmarks.database import Database
from benchmarks.load import Target, WrkRun, load
from benchmarks.peer import OURS, Peer, run_sigap
from benchmarks.process import Server, private_mb
from benchmarks.query import SERIAL, Query

# Every document has its own alias in a nested selection, so it is also a different SQL statement.
DISTINCT_DOCUMENT = (
    f'{{ node(id: "Kabupaten:62.02") {{ ... on Kabupaten {{ name province {{ a{SERIAL}: name }} }} }} }}'
)
# After this number of documents all caches are full.
CACHE_FILL_DOCUMENTS = 1_000
DOCUMENT_CONNECTIONS = 8
REPEATS = 20

# A query that only Python works on, so that almost both cores are left to the two processes.
PYTHON_ONLY = "{ __schema { types { name fields { name args { name type { name } } type { name } } } } }"
PROCESS_CONNECTIONS = 4


@dataclass(frozen=True)
class DistinctDocuments:
    """Memory in MB when all caches are full, and after all documents: resident of the server, private of PostgreSQL."""

    documents: int
    full_mb: float
    after_mb: float
    database_full_mb: float | None
    database_after_mb: float | None


@dataclass(frozen=True)
class ColdStart:
    """Milliseconds of the first request of a new process, and of the same request later."""

    query: str
    first: float
    again: float


@dataclass(frozen=True)
class LargerDatabase:
    """Milliseconds of a request at one connection with the smaller and the larger database, and their median ratio."""

    query: str
    small_ms: float
    large_ms: float
    ratio: float


@dataclass(frozen=True)
class SecondProcess:
    """Requests per second of one process and of two at once, and their median ratio."""

    query: str
    one: float
    both: float
    ratio: float


def measure_distinct_documents(database: Database, *, documents: int) -> DistinctDocuments:
    """Sends documents that all differ to a server of their own, and measures memory."""
    with run_sigap(database) as server:
        target = Target(f"{server.url}/graphql", [{"query": DISTINCT_DOCUMENT}], database.facts.scoped)
        done = 0
        full: tuple[float, float | None] = (0.0, None)
        while done < documents:
            done += load(target, connections=DOCUMENT_CONNECTIONS, seconds=2).done
            if done >= CACHE_FILL_DOCUMENTS and not full[0]:
                full = memory(server, database)
        after = memory(server, database)
        return DistinctDocuments(done, full[0], after[0], full[1], after[1])


def memory(server: Server, database: Database) -> tuple[float, float | None]:
    """Resident MB of the server and private MB of PostgreSQL."""
    return server.resident_mb, private_mb(database.process)


def measure_cold_start(database: Database, query: Query) -> ColdStart:
    """The first request of a new process, over HTTP, with empty caches and connections without statements."""
    with run_sigap(database) as server, httpx.Client() as client:
        target = sigap_peer(server, database, query).target(query)
        times = []
        for _ in range(1 + REPEATS):
            started_at = time.perf_counter()
            response = client.post(target.url, json=target.bodies[0], headers=target.headers())
            times.append((time.perf_counter() - started_at) * 1000)
            assert "errors" not in response.json(), response.text
    return ColdStart(query.name, times[0], statistics.median(times[1:]))


def measure_larger_database(
    small: Database, large: Database, pairs: Sequence[tuple[Query, Query]], *, rounds: int
) -> list[LargerDatabase]:
    """Measures the same queries with both databases in turn. A pair has the variables of either database."""
    with run_sigap(small) as small_server, run_sigap(large) as large_server:
        return [
            compare_targets(
                sigap_peer(small_server, small, small_query).target(small_query),
                sigap_peer(large_server, large, large_query).target(large_query),
                small_query.name,
                rounds,
            )
            for small_query, large_query in pairs
        ]


def sigap_peer(server: Server, database: Database, query: Query) -> Peer:
    return Peer(OURS, server, frozenset({query.name}), token=database.facts.scoped)


def compare_targets(small: Target, large: Target, name: str, rounds: int) -> LargerDatabase:
    for target in (small, large):
        load(target, connections=1, seconds=1)
    pairs = []
    for _ in range(rounds):
        small_ms, large_ms = (1000 / load(target, connections=1, seconds=2).requests for target in (small, large))
        pairs.append((small_ms, large_ms))
    return LargerDatabase(
        name,
        statistics.median(small_ms for small_ms, _ in pairs),
        statistics.median(large_ms for _, large_ms in pairs),
        statistics.median(large_ms / small_ms for small_ms, large_ms in pairs),
    )


def measure_second_process(database: Database, query: Query, *, rounds: int) -> list[SecondProcess]:
    """Compares two processes, each with its own wrk, with one: for work in Python only, and for the query."""
    with ExitStack() as stack:
        servers = [stack.enter_context(run_sigap(database)) for _ in range(2)]
        token = database.facts.scoped
        python = [Target(f"{server.url}/graphql", [{"query": PYTHON_ONLY}], token) for server in servers]
        targets = [sigap_peer(server, database, query).target(query) for server in servers]
        return [
            compare_process_counts("schema", python, rounds),
            compare_process_counts(query.name, targets, rounds),
        ]


def compare_process_counts(name: str, targets: Sequence[Target], rounds: int) -> SecondProcess:
    total_rate(targets)  # A warm-up.
    pairs = [(total_rate(targets[:1]), total_rate(targets)) for _ in range(rounds)]
    return SecondProcess(
        name,
        statistics.median(one for one, _ in pairs),
        statistics.median(both for _, both in pairs),
        statistics.median(both / one for one, both in pairs),
    )


def total_rate(targets: Sequence[Target]) -> float:
    """Requests per second of all targets, loaded at the same time."""
    runs = [WrkRun(target, connections=PROCESS_CONNECTIONS, seconds=2) for target in targets]
    return sum(run.result().requests for run in runs)
