"""`make attack ARGS="--minutes 10"`: people at work and attackers at the same time, on one server of its own.

It holds where people are served without an error and within their bounds, and where memory stays what it was after the first
tenth of the time, within five percent: that of the server, and what the backends of its database have each for itself.
"""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median

import httpx
import psutil

from benchmarks.attack import (
    DOCUMENTS,
    HEAVY,
    JSON,
    MEBIBYTE,
    MOST_STALL,
    PAGE,
    Target,
    attacked_server,
    document_attack,
    guesses,
    large_headers,
    many_tokens,
    sign_in,
)

MOST_GROWTH = 1.05
# A token is valid for ten minutes.
TOKEN_SECONDS = 300.0
PAUSE_SECONDS = 0.02
SAMPLE_SECONDS = 5.0
SILENT = 50
SILENT_SECONDS = 5.0
# Milliseconds that 99 of 100 requests may take, by their kind.
BOUNDS = {"typename": MOST_STALL, "page": 500.0, "search": 500.0, "volunteers": 1_000.0, "write": 1_000.0}

VOLUNTEERS = """{ volunteers(first: 50) { nodes { name kabupaten { name } memberships(first: 5) { nodes { number } }
  trainedFor { code } } pageInfo { hasNextPage } } }"""
SEARCH = '{ search(text: "%s", first: 20) { nodes { kind match text } } }'
TEXTS = itertools.cycle(("siti", "palangka", "banjir", "sutrisna", "0812-3456-7890"))
WRITE = """mutation { declareIncident(input: {hazard: "FLOOD", title: "Beban %d", kabupatens: ["62.02"],
  startedAt: "2026-01-01T00:00:00Z"}) { incident { id } problems { code } } }"""
NUMBERS = itertools.count(1)

ASKED: Mapping[str, Callable[[], str]] = {
    "typename": lambda: "{ __typename }",
    "page": lambda: PAGE,
    "search": lambda: SEARCH % next(TEXTS),
    "volunteers": lambda: VOLUNTEERS,
    "write": lambda: WRITE % next(NUMBERS),
}


@dataclass
class Record:
    """Milliseconds and wrong answers by the kind of request, and samples of memory in MiB."""

    end: float
    token: str
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    server: list[float] = field(default_factory=list)
    backends: list[float] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.end


async def work(target: Target, record: Record, kind: str) -> None:
    """Somebody who asks one kind of question again and again."""
    async with httpx.AsyncClient(base_url=str(target.client.base_url), timeout=60) as client:
        while record.goes_on:
            headers = {**JSON, "X-Forwarded-For": "203.0.113.10", "Authorization": f"Bearer {record.token}"}
            start = time.monotonic()
            try:
                body = (await client.post("/graphql", json={"query": ASKED[kind]()}, headers=headers)).json()
                wrong = body.get("errors") or (body["data"].get("declareIncident") or {}).get("problems")
                error = str(wrong[0].get("extensions", wrong[0])["code"]) if wrong else None
            except httpx.TransportError as failure:
                error = type(failure).__name__
            record.times[kind].append((time.monotonic() - start) * 1000)
            if error:
                record.errors[kind][error] += 1
            await asyncio.sleep(PAUSE_SECONDS)


async def stay_signed_in(target: Target, record: Record) -> None:
    while record.goes_on:
        record.token = await sign_in(target, "nasional") or record.token
        await asyncio.sleep(min(TOKEN_SECONDS, max(0.0, record.end - time.monotonic())))


async def repeat(record: Record, attack: Callable[[], Awaitable[object]], pause: float) -> None:
    """An attacker, who does not care for the answer."""
    while record.goes_on:
        with suppress(httpx.TransportError, OSError, TimeoutError):
            await attack()
        await asyncio.sleep(pause)


async def stay_silent(target: Target) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", target.port) for _ in range(SILENT)]
    await asyncio.sleep(SILENT_SECONDS)
    for _, writer in silent:
        writer.close()


async def guess(target: Target) -> None:
    headers = {**JSON, "X-Forwarded-For": "198.51.100.1"}
    await target.client.post("/graphql", json={"query": guesses(20, "kotim", "rahasia")}, headers=headers)


def attackers(target: Target, record: Record) -> list[Awaitable[None]]:
    shapes = [document_attack(document, expected) for document, expected in DOCUMENTS.values()]
    in_turn = itertools.cycle([*shapes, many_tokens, large_headers])
    return [
        repeat(record, lambda: next(in_turn)(target), 0.5),
        repeat(record, lambda: target.ask(HEAVY), 0.1),
        repeat(record, lambda: stay_silent(target), 1.0),
        repeat(record, lambda: guess(target), 1.0),
    ]


async def sample_memory(target: Target, record: Record) -> None:
    while record.goes_on:
        server, *others = [target.process, *target.process.children(recursive=True)]
        record.server.append(own_memory(server))
        record.backends.append(sum(map(own_memory, others)))
        await asyncio.sleep(SAMPLE_SECONDS)


def own_memory(process: psutil.Process) -> float:
    """MiB that no other process shares: PostgreSQL's buffers, which fill, are those of all backends."""
    try:
        return float(process.memory_full_info().uss) / MEBIBYTE
    except psutil.NoSuchProcess:
        return 0.0


def growth(samples: list[float]) -> tuple[float, float]:
    """MiB in the second tenth of the time, and in the last."""
    tenth = max(1, len(samples) // 10)
    return median(samples[tenth : 2 * tenth]), median(samples[-tenth:])


def report(record: Record) -> bool:
    print("| kind | requests | errors | p50, ms | p99, ms | |\n|---|---|---|---|---|---|")
    holds = []
    for kind, times in record.times.items():
        ordered, errors = sorted(times), dict(record.errors[kind])
        p99 = ordered[int(len(ordered) * 0.99)]
        holds.append(not errors and p99 <= BOUNDS[kind])
        verdict = "held" if holds[-1] else "NOT HELD"
        print(f"| {kind} | {len(times)} | {errors or 'none'} | {median(times):.0f} | {p99:.0f} | {verdict} |")
    print("| memory | first, MiB | last, MiB | |\n|---|---|---|---|")
    for name, samples in (("server", record.server), ("backends", record.backends)):
        first, last = growth(samples)
        holds.append(last <= first * MOST_GROWTH)
        print(f"| {name} | {first:.0f} | {last:.0f} | {'held' if holds[-1] else 'NOT HELD'} |", flush=True)
    return all(holds)


async def run(minutes: float) -> bool:
    async with attacked_server() as target:
        target.client.headers["X-Forwarded-For"] = "192.0.2.1"
        token = await sign_in(target, "nasional")
        assert token is not None
        record = Record(time.monotonic() + minutes * 60, token)
        people = [work(target, record, kind) for kind in ASKED]
        others = [stay_signed_in(target, record), sample_memory(target, record), *attackers(target, record)]
        await asyncio.gather(*people, *others)
        return report(record)
