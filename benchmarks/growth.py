"""What happens with more: more documents, more volunteers, more processes."""

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.database import Database
from benchmarks.load import Round, Target, load
from benchmarks.peer import OURS, Peer, ours
from benchmarks.process import Server
from benchmarks.query import SERIAL, Query

STORM = f'{{ a{SERIAL}: node(id: "Kabupaten:62.02") {{ ... on Kabupaten {{ name province {{ name }} }} }} }}'
# After so many documents all caches are full.
FULL = 1_000
STORM_CONNECTIONS = 8

# Work for Python alone, so that the database and wrk leave both cores to our processes.
PYTHON_ONLY = "{ __schema { types { name fields { name args { name type { name } } type { name } } } } }"
BOTH_CONNECTIONS = 4


@dataclass(frozen=True)
class Storm:
    """Resident megabytes once all caches are full, and after all documents."""

    documents: int
    full_mb: float
    after_mb: float


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
        target = Target(f"{server.url}/graphql", [{"query": STORM}], database.facts.national)
        done, full_mb = 0, 0.0
        while done < documents:
            done += load(target, connections=STORM_CONNECTIONS, seconds=2).done
            if done >= FULL and not full_mb:
                full_mb = server.resident_mb
        return Storm(done, full_mb, server.resident_mb)


def larger(small: Database, large: Database, pairs: Sequence[tuple[Query, Query]], *, rounds: int) -> list[Larger]:
    """The same queries, each about its own database, asked by turns."""
    with ours(small) as one, ours(large) as other:
        return [
            compared(own(one, small, query).target(query), own(other, large, twin).target(twin), query.name, rounds)
            for query, twin in pairs
        ]


def own(server: Server, database: Database, query: Query) -> Peer:
    return Peer(OURS, server, frozenset({query.name}), token=database.facts.national)


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
        token = database.facts.national
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
