"""The contest: the answers compared, then all who take part asked in turn, round after round."""

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
from benchmarks.process import Meter, settle
from benchmarks.query import SERIAL, Query

# A server that would need longer is not asked by so many at once.
LONGEST_SECONDS = 6
BATCHES = 5

# How many of a query's bodies are compared; all are of one kind.
COMPARED = 20

WARM_CONNECTIONS = 16

ID = re.compile(r"[A-Z][A-Za-z]+:([0-9a-f-]{36})")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\S+")


@dataclass(frozen=True)
class Pace:
    """Rounds and seconds of one, by connections, and more rounds for what is judged."""

    rounds: Mapping[int, int]
    seconds: Mapping[int, int]
    more: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def rounds_of(self, query: str, connections: int) -> int:
        return self.more.get((query, connections), self.rounds[connections])

    def seconds_of(self, alone: float, connections: int) -> int | None:
        """So long that what is not done at the end hardly counts, even where all requests are worked on together."""
        together = alone * connections
        if together > LONGEST_SECONDS:
            return None
        return min(LONGEST_SECONDS, max(self.seconds[connections], math.ceil(BATCHES * together)))


@dataclass(frozen=True)
class Measured:
    """One round: what wrk saw, and CPU milliseconds of a request in the server and in the database."""

    query: str
    peer: str
    connections: int
    load: Load
    server_ms: float
    database_ms: float | None
    number: int = 0


class Results:
    """Every round of the contest."""

    def __init__(self, rounds: Sequence[Measured] = ()) -> None:
        self.rounds = list(rounds)

    def of(self, query: str, peer: str, connections: int) -> list[Measured]:
        wanted = (query, peer, connections)
        return [each for each in self.rounds if (each.query, each.peer, each.connections) == wanted]

    def median(self, query: str, peer: str, connections: int, name: str) -> float | None:
        """Of a figure of the load or of the CPU; nothing where it was not measured."""
        found = (figure(each, name) for each in self.of(query, peer, connections))
        values = [value for value in found if value is not None]
        return statistics.median(values) if values else None

    def ratio(self, query: str, one: str, other: str, *, connections: int, name: str = "requests") -> float | None:
        """The median, over the rounds, of one's figure by the other's in the same round."""
        others = {each.number: figure(each, name) for each in self.of(query, other, connections)}
        pairs = [(figure(each, name), others.get(each.number)) for each in self.of(query, one, connections)]
        ratios = [first / second for first, second in pairs if first is not None and second]
        return statistics.median(ratios) if ratios else None


def figure(measured: Measured, name: str) -> float | None:
    value: float | None = getattr(measured if name.endswith("_ms") else measured.load, name)
    return value


def hold(queries: Sequence[Query], peers: Sequence[Peer], database: psutil.Process | None, pace: Pace) -> Results:
    """Queries one after another; within one, everybody in turn."""
    results = Results()
    for query in queries:
        asked = [peer for peer in peers if query.name in peer.answers]
        check_equal(query, asked)
        alone = {peer.name: warmed(query, peer, database) for peer in asked}
        for connections in pace.rounds:
            for number in range(pace.rounds_of(query.name, connections)):
                for peer in asked if number % 2 else reversed(asked):  # Nobody always comes after the same.
                    if peer.crowds is not None and connections not in peer.crowds:
                        continue
                    seconds = pace.seconds_of(alone[peer.name], connections)
                    if seconds is None:
                        continue
                    measured = measure(query, peer, database, connections=connections, seconds=seconds)
                    if measured.load.done >= connections:  # Else it tells how a round ends, not how fast a server is.
                        results.rounds.append(replace(measured, number=number))
        show(query, asked, results, pace)
    return results


def warmed(query: Query, peer: Peer, database: psutil.Process | None) -> float:
    """Seconds of one request after another, once every connection of the server's pool has its statements."""
    target = peer.target(query)
    load(target, connections=WARM_CONNECTIONS, seconds=1)
    settle(peer.server.process, database)
    done = load(target, connections=1, seconds=1)
    return done.p50 / 1000 if done.done else LONGEST_SECONDS


def measure(query: Query, peer: Peer, database: psutil.Process | None, *, connections: int, seconds: int) -> Measured:
    server_meter, database_meter = Meter(peer.server.process), Meter(database)
    done = load(peer.target(query), connections=connections, seconds=seconds)
    server, behind = server_meter.seconds() or 0.0, database_meter.seconds()
    settle(peer.server.process, database)
    of_one = 1000 / max(1, done.done)
    database_ms = None if behind is None else behind * of_one
    return Measured(query.name, peer.name, connections, done, server * of_one, database_ms)


def show(query: Query, asked: Sequence[Peer], results: Results, pace: Pace) -> None:
    for connections in pace.rounds:
        medians = [(peer.name, results.median(query.name, peer.name, connections, "requests")) for peer in asked]
        said = ", ".join(f"{name} {'-' if median is None else f'{median:.1f}'}" for name, median in medians)
        print(f"{query.name}, requests/s at {connections} connections: {said}", flush=True)


def check_equal(query: Query, peers: Sequence[Peer]) -> None:
    """Ends the run where a peer's answer says something else than ours."""
    first, *others = ((peer, answers(peer, query)) for peer in peers)
    assert first[0].name == OURS
    for peer, theirs in others:
        for ours, other in zip(first[1], theirs, strict=True):
            if plain(ours) != plain(other):
                sys.exit(f"{peer.name} answers {query.name} differently:\n{str(ours)[:2000]}\n{str(other)[:2000]}")
    sizes = sum(len(str(answer)) for answer in first[1]) // len(first[1])
    print(f"{query.name}: {len(first[1])} answers of about {sizes:,} characters, alike of all {len(peers)}", flush=True)


def answers(peer: Peer, query: Query) -> list[Any]:
    target = peer.target(query)
    return [replied(target.url, body, target.headers()) for body in islice(target.bodies, COMPARED)]


def replied(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    content = json.dumps(body).replace(SERIAL, "0" * 12)
    answer = httpx.post(url, content=content, headers=dict(headers), timeout=60)
    if answer.status_code != 200 or answer.json().get("errors"):
        sys.exit(f"{url} cannot answer: {answer.text[:2000]}")
    return answer.json()["data"]


def plain(value: Any) -> Any:
    """What is said, whatever its form: keys without their type, instants as such, no empty list of problems."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if (name, each) != ("problems", [])}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str) and (match := ID.fullmatch(value)):
        return match[1]
    if isinstance(value, str) and INSTANT.fullmatch(value):
        return datetime.fromisoformat(value)
    return value
