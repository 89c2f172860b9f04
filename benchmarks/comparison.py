"""The comparison of servers: checks that their answers are equal, then measures them in alternating rounds."""

import json
import math
import re
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

import httpx
import psutil

from benchmarks.load import Load, load
from benchmarks.peer import OURS, Peer
from benchmarks.process import CpuMeter, wait_until_idle
from benchmarks.query import SERIAL, Query

# Longest duration of a round. A server is skipped at a number of connections if one request each would take longer.
LONGEST_SECONDS = 6
# A round should be long enough for this many requests per connection.
REQUESTS_PER_CONNECTION = 5

# How many request bodies of a query are compared.
COMPARED = 20

WARM_CONNECTIONS = 16

ID = re.compile(r"[A-Z][A-Za-z]+:([0-9a-f-]{36})")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\S+")


@dataclass(frozen=True)
class RoundPlan:
    """Number of rounds and their shortest duration, by connections; `extra_rounds` replaces the number for some queries."""

    rounds: Mapping[int, int]
    seconds: Mapping[int, int]
    extra_rounds: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def rounds_for(self, query: str, connections: int) -> int:
        return self.extra_rounds.get((query, connections), self.rounds[connections])

    def seconds_for(self, request_seconds: float, connections: int) -> int | None:
        """The duration of a round, for a server that takes `request_seconds` per request; None if it is too slow.

        Rounds of slow servers are longer, so that requests which are unfinished at the end hardly distort the result.
        """
        batch_seconds = request_seconds * connections
        if batch_seconds > LONGEST_SECONDS:
            return None
        return min(LONGEST_SECONDS, max(self.seconds[connections], math.ceil(REQUESTS_PER_CONNECTION * batch_seconds)))


@dataclass(frozen=True)
class Measured:
    """The result of a round: the load, and the CPU time per request of server and database in milliseconds."""

    query: str
    peer: str
    connections: int
    load: Load
    server_ms: float
    database_ms: float | None
    number: int = 0


class Results:
    """All measured rounds."""

    def __init__(self, rounds: Sequence[Measured] = ()) -> None:
        self.rounds = list(rounds)

    def select(self, query: str, peer: str, connections: int) -> list[Measured]:
        key = (query, peer, connections)
        return [each for each in self.rounds if (each.query, each.peer, each.connections) == key]

    def median(self, query: str, peer: str, connections: int, name: str) -> float | None:
        """The median of a figure of `Load` or `Measured`; None if it was not measured."""
        figures = (figure(each, name) for each in self.select(query, peer, connections))
        values = [value for value in figures if value is not None]
        return statistics.median(values) if values else None

    def ratio(self, query: str, one: str, other: str, *, connections: int, name: str = "requests") -> float | None:
        """The median over all rounds of a figure of `one`, divided by that of `other` in the same round."""
        others = {each.number: figure(each, name) for each in self.select(query, other, connections)}
        pairs = [(figure(each, name), others.get(each.number)) for each in self.select(query, one, connections)]
        ratios = [first / second for first, second in pairs if first is not None and second]
        return statistics.median(ratios) if ratios else None


def figure(measured: Measured, name: str) -> float | None:
    """The figure with this name, of the CPU (`..._ms`) or of the load."""
    value: float | None = getattr(measured if name.endswith("_ms") else measured.load, name)
    return value


def run_comparison(
    queries: Sequence[Query], peers: Sequence[Peer], database: psutil.Process | None, plan: RoundPlan
) -> Results:
    """Measures one query after another. Within a query the servers take turns."""
    results = Results()
    for query in queries:
        participants = [peer for peer in peers if query.name in peer.queries]
        check_equal_answers(query, participants)
        request_seconds = {peer.name: warm_up(query, peer, database) for peer in participants}
        for connections in plan.rounds:
            for number in range(plan.rounds_for(query.name, connections)):
                # The order alternates, so that no server always runs after the same one.
                for peer in participants if number % 2 else reversed(participants):
                    if peer.only_connections is not None and connections not in peer.only_connections:
                        continue
                    seconds = plan.seconds_for(request_seconds[peer.name], connections)
                    if seconds is None:
                        continue
                    measured = measure(query, peer, database, connections=connections, seconds=seconds)
                    # With fewer requests, the result would depend mostly on where the round ends.
                    if measured.load.done >= connections:
                        results.rounds.append(replace(measured, number=number))
        print_medians(query, participants, results, plan)
    return results


def warm_up(query: Query, peer: Peer, database: psutil.Process | None) -> float:
    """Lets every connection of the server's pool prepare its statements; returns the seconds of a request thereafter."""
    target = peer.target(query)
    load(target, connections=WARM_CONNECTIONS, seconds=1)
    wait_until_idle(peer.server.process, database)
    result = load(target, connections=1, seconds=1)
    return result.p50 / 1000 if result.done else LONGEST_SECONDS


def measure(query: Query, peer: Peer, database: psutil.Process | None, *, connections: int, seconds: int) -> Measured:
    server_meter, database_meter = CpuMeter(peer.server.process), CpuMeter(database)
    result = load(peer.target(query), connections=connections, seconds=seconds)
    server_seconds, database_seconds = server_meter.seconds() or 0.0, database_meter.seconds()
    wait_until_idle(peer.server.process, database)
    ms_per_request = 1000 / max(1, result.done)
    database_ms = None if database_seconds is None else database_seconds * ms_per_request
    return Measured(query.name, peer.name, connections, result, server_seconds * ms_per_request, database_ms)


def print_medians(query: Query, participants: Sequence[Peer], results: Results, plan: RoundPlan) -> None:
    for connections in plan.rounds:
        medians = [(peer.name, results.median(query.name, peer.name, connections, "requests")) for peer in participants]
        text = ", ".join(f"{name} {'-' if median is None else f'{median:.1f}'}" for name, median in medians)
        print(f"{query.name}, requests/s at {connections} connections: {text}", flush=True)


def check_equal_answers(query: Query, peers: Sequence[Peer]) -> None:
    """Exits if an answer of a peer differs from Sigap's."""
    first, *others = ((peer, fetch_answers(peer, query)) for peer in peers)
    assert first[0].name == OURS
    for peer, answers in others:
        for expected, actual in zip(first[1], answers, strict=True):
            if normalized(expected) != normalized(actual):
                sys.exit(f"{peer.name} answers {query.name} differently:\n{str(expected)[:2000]}\n{str(actual)[:2000]}")
    size = sum(len(str(answer)) for answer in first[1]) // len(first[1])
    print(
        f"{query.name}: {len(first[1])} answers of about {size:,} characters, equal in all {len(peers)} servers",
        flush=True,
    )


def fetch_answers(peer: Peer, query: Query) -> list[Any]:
    target = peer.target(query)
    return [post(target.url, body, target.headers()) for body in islice(target.bodies, COMPARED)]


def post(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    content = json.dumps(body).replace(SERIAL, "0" * 12)
    response = httpx.post(url, content=content, headers=dict(headers), timeout=60)
    if response.status_code != 200 or response.json().get("errors"):
        sys.exit(f"{url} cannot answer: {response.text[:2000]}")
    return response.json()["data"]


def normalized(value: Any) -> Any:
    """The value without differences of format: ids without their type, times as `datetime`, no empty `problems`."""
    if isinstance(value, dict):
        return {name: normalized(each) for name, each in value.items() if (name, each) != ("problems", [])}
    if isinstance(value, list):
        return [normalized(each) for each in value]
    if isinstance(value, str) and (match := ID.fullmatch(value)):
        return match[1]
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return datetime.fromisoformat(value)
    return value
