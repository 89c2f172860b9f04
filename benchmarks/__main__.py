"""`make bench`: our reads beside the floor, alternating in one run, and candidates alone, on 200,000 volunteers.

The data stays in .bench between runs. Load comes from wrk (Debian's package of that name).
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import psutil

from api import reference
from api.auth import Tokens
from api.database import embedded, migration
from api.settings import read_settings

FOLDER = Path(".bench")
CONNECTIONS = 8

PAGE = """query($kabupaten: Code!, $day: Date!) { volunteers(first: 50, filter: {kabupaten: $kabupaten}) { nodes {
  id name kabupaten { name province { name } } memberships(first: 10) { nodes { organization { name } } }
  trainedFor(on: $day) { code label } certificates(first: 20) { nodes { number expiresOn type { label } } } } } }"""
DEEP = """{ incidents(first: 20) { nodes { id title needs(first: 100) { nodes { id peopleWanted skill { label }
  assignments(first: 100) { nodes { status startsAt volunteer { id name } } } } } } } }"""
CANDIDATES = """query($need: ID!) { node(id: $need) { ... on Need { candidates(first: 20) { nodes {
  tier kilometres volunteer { id name kabupaten { name } } } } } } }"""

# What is wanted: our requests per second as a share of the floor's, milliseconds, megabytes.
BARS = {"page": 0.5, "deep": 0.8}
CANDIDATES_MS = 10.0
RESIDENT_MB = 80.0


@dataclass(frozen=True)
class Target:
    """An address to ask, with the body to send and the token to send it with."""

    url: str
    body: dict[str, object]
    token: str | None = None

    def headers(self) -> dict[str, str]:
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": "application/json", **authorization}


@dataclass(frozen=True)
class Measured:
    requests: float
    p50: float
    p99: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--volunteers", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5, help="of each, alternating")
    parser.add_argument("--seconds", type=int, default=6, help="of each round")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("make bench needs wrk, the load generator: Debian's package wrk.")
    with ExitStack() as stack:
        url = stack.enter_context(database(options.volunteers))
        facts = asyncio.run(looked_up(url))
        ours, ours_process = stack.enter_context(server("api", "serve", url=url))
        floor, _ = stack.enter_context(floor_server(url))
        missed = report(options, facts, f"http://{ours}/graphql", f"http://{floor}", ours_process)
    if missed:
        sys.exit(f"Missed: {', '.join(missed)}.")


@contextmanager
def database(volunteers: int) -> Generator[str]:
    """The address of a database with so many volunteers, made on the first run."""
    settings = read_settings()
    running = None
    url = settings.database_url
    if url is None:
        running = embedded.start(FOLDER.absolute() / str(volunteers), binaries=settings.postgres_bin)
        url = running.url
    try:
        asyncio.run(prepared(url))
        if not asyncio.run(is_filled(url)):
            began = time.perf_counter()
            environment = {**os.environ, "DATABASE_URL": url}
            making = [sys.executable, "-m", "benchmarks.data", "--volunteers", str(volunteers)]
            subprocess.run(making, env=environment, check=True)
            print(f"Made {volunteers:,} volunteers in {time.perf_counter() - began:.0f} s.")
        yield url
    finally:
        if running is not None:
            running.stop()


async def prepared(url: str) -> None:
    await migration.upgrade(url)
    connection = await asyncpg.connect(url)
    await reference.load(connection)
    await connection.close()


async def is_filled(url: str) -> bool:
    connection = await asyncpg.connect(url)
    filled = await connection.fetchval("SELECT EXISTS (SELECT FROM account WHERE login = 'bench-national')")
    await connection.close()
    return bool(filled)


@dataclass(frozen=True)
class Facts:
    """What the queries ask about, and who asks."""

    kabupaten: str
    needs: list[str]
    national: str
    local: str


async def looked_up(url: str) -> Facts:
    connection = await asyncpg.connect(url)
    tokens = Tokens.of(FOLDER)
    now = datetime.now(UTC)
    accounts = await connection.fetch("SELECT login, id FROM account WHERE login LIKE 'bench-%'")
    kabupaten = await connection.fetchval("SELECT kabupaten_code FROM role WHERE kabupaten_code IS NOT NULL")
    needs = await connection.fetch(
        "SELECT n.id FROM need n JOIN incident i ON i.id = n.incident_id "
        "WHERE i.status = 'ACTIVE' AND n.closed_at IS NULL AND n.ends_at > now() ORDER BY 1 LIMIT 40"
    )
    await connection.close()
    issued = {account["login"]: tokens.issue(account["id"], now) for account in accounts}
    return Facts(kabupaten, [f"Need:{row['id']}" for row in needs], issued["bench-national"], issued["bench-kabupaten"])


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def server(*module: str, url: str) -> Generator[tuple[str, psutil.Process]]:
    """A server of ours as a process of its own; its address and the process."""
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": url, "SIGAP_PORT": str(port), "SIGAP_DATA": str(FOLDER.absolute())}
    with running([sys.executable, "-m", *module], environment, port) as process:
        yield f"127.0.0.1:{port}", process


@contextmanager
def floor_server(url: str) -> Generator[tuple[str, psutil.Process]]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "benchmarks.floor:application", "--port", str(port)]
    quiet = ["--log-level", "warning", "--no-access-log", "--no-server-header"]
    with running([*command, *quiet], {**os.environ, "DATABASE_URL": url}, port) as process:
        yield f"127.0.0.1:{port}", process


@contextmanager
def running(command: list[str], environment: dict[str, str], port: int) -> Generator[psutil.Process]:
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and process.poll() is None:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def report(options: argparse.Namespace, facts: Facts, ours: str, floor: str, process: psutil.Process) -> list[str]:
    """Prints what was measured; the bars that were missed."""
    missed: list[str] = []
    day = datetime.now(UTC).date().isoformat()
    place = {"kabupaten": facts.kabupaten, "day": day}
    pairs = {
        "page": (Target(ours, {"query": PAGE, "variables": place}, facts.national), Target(f"{floor}/page", {**place})),
        "deep": (Target(ours, {"query": DEEP}, facts.national), Target(f"{floor}/deep", {})),
    }
    print(
        f"{options.volunteers:,} volunteers, {CONNECTIONS} connections, {options.rounds} rounds of {options.seconds} s"
    )
    print(f"{'':12}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}")
    for name, (own, bare) in pairs.items():
        check_equal(name, own, bare)
        if compare(name, own, bare, options) < BARS[name]:
            missed.append(name)
    scoped = Target(ours, {"query": PAGE, "variables": place}, facts.local)
    show("page scoped", median([load(scoped, options.seconds) for _ in range(options.rounds)]))
    if candidates(ours, facts) >= CANDIDATES_MS:
        missed.append("candidates")
    resident = process.memory_info().rss / 1_000_000
    print(f"resident memory of the server: {resident:.1f} MB, under {RESIDENT_MB:.0f} MB wanted")
    return [*missed, *(["memory"] if resident >= RESIDENT_MB else [])]


def check_equal(name: str, own: Target, bare: Target) -> None:
    answers = [httpx.post(each.url, json=each.body, headers=each.headers(), timeout=60) for each in (own, bare)]
    first, second = (answer.json() for answer in answers)
    if first != second:
        sys.exit(f"The two answers to {name} differ: {answers[0].text[:300]} … {answers[1].text[:300]}")
    print(f"{name}: both answer the same {len(answers[1].content):,} bytes")


def compare(name: str, own: Target, bare: Target, options: argparse.Namespace) -> float:
    """Our share of the floor, the median of the rounds."""
    rounds = [(load(own, options.seconds), load(bare, options.seconds)) for _ in range(options.rounds)]
    show(f"{name} ours", median([pair[0] for pair in rounds]))
    show(f"{name} floor", median([pair[1] for pair in rounds]))
    share = statistics.median(pair[0].requests / pair[1].requests for pair in rounds)
    print(f"{name}: {share:.2f} of the floor, at least {BARS[name]} wanted")
    return share


def median(rounds: list[Measured]) -> Measured:
    return Measured(*(statistics.median(getattr(each, name) for each in rounds) for name in ("requests", "p50", "p99")))


def show(name: str, measured: Measured) -> None:
    print(f"{name:12}{measured.requests:9.1f}{measured.p50:9.2f}{measured.p99:9.2f}", flush=True)


def load(target: Target, seconds: int) -> Measured:
    """One round of wrk: one thread, so that a core is left to the servers."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        headers = "".join(
            f"wrk.headers[{json.dumps(key)}] = {json.dumps(value)}\n" for key, value in target.headers().items()
        )
        script.write(f'wrk.method = "POST"\nwrk.body = {lua(json.dumps(target.body))}\n{headers}')
        script.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", script.name, target.url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        sys.exit(f"Some requests were refused:\n{said}")
    return Measured(float(found(r"Requests/sec:\s+([\d.]+)", said)), percentile("50%", said), percentile("99%", said))


def lua(text: str) -> str:
    return "[==[" + text + "]==]"


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def percentile(name: str, said: str) -> float:
    """Milliseconds."""
    match = re.search(rf"{name}\s+([\d.]+)(us|ms|s)", said)
    assert match is not None, said
    return float(match[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[match[2]]


def candidates(ours: str, facts: Facts) -> float:
    """Candidates of many needs one after another: each need is a different statement for the buffers."""
    target = Target(ours, {}, facts.national)
    times: list[float] = []
    with httpx.Client(headers=target.headers(), timeout=60) as client:
        for number in range(6):
            for need in facts.needs:
                began = time.perf_counter()
                answer = client.post(ours, json={"query": CANDIDATES, "variables": {"need": need}}).json()
                if number:  # The first time round warms the buffers.
                    times.append((time.perf_counter() - began) * 1000)
                assert "errors" not in answer, answer
    times.sort()
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    print(f"candidates of {len(facts.needs)} needs: p50 {p50:.1f} ms, p99 {p99:.1f} ms; p50 under 10 ms wanted")
    return p50


if __name__ == "__main__":
    main()
