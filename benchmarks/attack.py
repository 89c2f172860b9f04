"""`make attack`: sends a server of its own, on 127.0.0.1, what has once stopped or filled one, and prints how it held.

Beside each attack another client asks for `{ __typename }` all the time. An attack holds where that client is served within
200 ms (the 99th percentile), where the answer is the expected one, and where the server's memory grows by less than its bound.
"""

import argparse
import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

START_SECONDS = 120
MEBIBYTE = 1024 * 1024
MOST_STALL = 200.0  # Milliseconds.
MOST_GROWTH = 60.0  # MiB.
NEIGHBOUR_SECONDS = 10.0
SILENT_CONNECTIONS = 1_100
JSON = {"Content-Type": "application/json"}
# Whose password is guessed, and the longest that its owner may have to wait because of that.
GUESSED = "kotim"
LONGEST_WAIT = 65.0
# Who asks for pages beside heavy neighbours, and who registers a person that the guesser of identity numbers does not see.
SIGNED_IN = "nasional"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attack was answered: the codes of errors or what else happened."""

    answer: str
    is_expected: bool


@dataclass(frozen=True, slots=True)
class Target:
    """The server that is attacked."""

    port: int
    process: psutil.Process
    client: httpx.AsyncClient
    # The password of the demo story's people.
    password: str

    def memory(self) -> float:
        """MiB of the server and of the backends of its database."""
        each = [self.process, *self.process.children(recursive=True)]
        total = 0.0
        for process in each:
            with suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss / MEBIBYTE
        return total

    async def ask(self, document: str, headers: Mapping[str, str] = JSON) -> str:
        """The codes of the errors, or `data`."""
        response = await self.client.post("/graphql", json={"query": document}, headers=headers)
        body = response.json()
        codes = sorted({error["extensions"]["code"] for error in body.get("errors", [])})
        return ", ".join(codes) or "data"


Attack = Callable[[Target], Awaitable[Outcome]]


def aliases(number: int, selection: str = "__typename") -> str:
    return " ".join(f"a{index}: {selection}" for index in range(number))


def chain(width: int, depth: int) -> str:
    if depth == 0:
        return "name"
    return " ".join([f"kabupatens(first: 1) {{ nodes {{ province {{ {chain(width, depth - 1)} }} }} }}"] * width)


def spread_side_by_side(number: int) -> str:
    spreads = " ".join(f"...f{index}" for index in range(number))
    parts = " ".join(f"fragment f{index} on Province {{ name }}" for index in range(number))
    return f"{{ provinces(first: 1) {{ nodes {{ {spreads} }} }} }} {parts}"


def nested_fragments(number: int) -> str:
    parts = " ".join(f"fragment f{index} on Province {{ name ...f{index + 1} }}" for index in range(number))
    return f"{{ provinces(first: 1) {{ nodes {{ ...f0 }} }} }} {parts} fragment f{number} on Province {{ name }}"


OPERATIONS = " ".join(f"query q{index} {{ ...f }}" for index in range(650))
MANY = f"kabupatens(first: 100) {{ nodes {{ {aliases(100, 'name')} }} }}"
LARGE = f"nodes {{ {aliases(350, 'name')} }}"

# Documents by their shape, with the codes that may answer them; `data` is an answer within its bounds.
DOCUMENTS: Mapping[str, tuple[str, set[str]]] = {
    "10,000 tokens": (f"{{ {'a ' * 10_000} }}", {"BAD_USER_INPUT"}),
    "650 operations, one fragment of 1,900 aliases": (
        f"{OPERATIONS} fragment f on Query {{ {aliases(1_900)} }}",
        {"BAD_USER_INPUT", "DOCUMENT_TOO_LARGE"},
    ),
    "introspection with 590 aliases": (
        f"{{ __schema {{ types {{ fields {{ {aliases(590)} }} }} }} }}",
        {"DOCUMENT_TOO_LARGE"},
    ),
    "introspection, deep ofType": (
        f"{{ __schema {{ types {{ fields {{ type {{ ofType {{ {aliases(600, 'name')} }} }} }} }} }} }}",
        {"DOCUMENT_TOO_LARGE"},
    ),
    "the same fields 3 wide and 5 deep": (
        f"{{ provinces(first: 1) {{ nodes {{ {chain(3, 5)} }} }} }}",
        {"BAD_USER_INPUT", "DOCUMENT_TOO_LARGE"},
    ),
    "the same fields 3 wide and 4 deep": (
        f"{{ provinces(first: 1) {{ nodes {{ {chain(3, 4)} }} }} }}",
        {"DOCUMENT_TOO_LARGE"},
    ),
    "300 fragments side by side": (spread_side_by_side(300), {"DOCUMENT_TOO_LARGE"}),
    "1,000 fragments side by side": (spread_side_by_side(1_000), {"BAD_USER_INPUT", "DOCUMENT_TOO_LARGE"}),
    "280 nested fragments": (nested_fragments(280), {"BAD_USER_INPUT", "DOCUMENT_TOO_LARGE"}),
    "4,301 digits": (f"{{ provinces(first: {'9' * 4_301}) {{ totalCount }} }}", {"BAD_USER_INPUT"}),
    "large answer: nested lists, 350 aliases": (
        f"{{ provinces(first: 40) {{ nodes {{ kabupatens(first: 100) {{ {LARGE} }} }} }} }}",
        {"DOCUMENT_TOO_LARGE", "data"},
    ),
    "large answer: lists in lists": (
        f"{{ provinces(first: 40) {{ nodes {{ kabupatens(first: 100) {{ nodes {{ province {{ {MANY} }} }} }} }} }} }}",
        {"DOCUMENT_TOO_LARGE"},
    ),
    "250 roots": (f"{{ {aliases(250, 'ranks(first: 1) { totalCount }')} }}", {"data"}),
}


def document_attack(document: str, expected: set[str]) -> Attack:
    """The document, in variants that no cache knows."""

    async def attack(target: Target) -> Outcome:
        answers = {await target.ask(f"# {number}\n{document}") for number in range(5)}
        return Outcome(" or ".join(sorted(answers)), answers <= expected)

    return attack


async def many_tokens(target: Target) -> Outcome:
    """One token with more and more spaces before it, once a new key of a cache each time."""
    statuses = set()
    for number in range(100):
        headers = {**JSON, "Authorization": f"Bearer {' ' * (10_000 + number)}wrong"}
        response = await target.client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
        statuses.add(response.status_code)
    return Outcome(f"status {statuses}", statuses <= {401, 429, 200})


async def many_documents(target: Target) -> Outcome:
    """Documents as large as those that are remembered."""
    answers = {await target.ask(f"{{ b{number}: __typename {aliases(379)} }}") for number in range(300)}
    return Outcome(" or ".join(sorted(answers)), answers == {"data"})


async def raw(target: Target, content: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        writer.write(content)
        async with asyncio.timeout(30):
            return await reader.readline()
    finally:
        writer.close()


async def large_headers(target: Target) -> Outcome:
    status = await raw(target, b"POST /graphql HTTP/1.1\r\nX: " + b"x" * MEBIBYTE)
    return Outcome(status.decode().strip(), b" 431 " in status)


async def slow_request(target: Target, content: bytes) -> Outcome:
    start = time.monotonic()
    status = await raw(target, content)
    return Outcome(f"{status.decode().strip()} after {time.monotonic() - start:.0f} s", b" 408 " in status)


async def slow_headers(target: Target) -> Outcome:
    return await slow_request(target, b"POST /graphql HTTP/1.1\r\nHost: sigap\r\n")


async def slow_body(target: Target) -> Outcome:
    head = b"POST /graphql HTTP/1.1\r\nHost: sigap\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    return await slow_request(target, head + b"{")


async def silent_connections(target: Target) -> Outcome:
    silent = [await asyncio.open_connection("127.0.0.1", target.port) for _ in range(SILENT_CONNECTIONS)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{target.port}", timeout=10) as other:
        served = [(await other.post("/graphql", json={"query": "{ __typename }"})).status_code for _ in range(5)]
    for _, writer in silent:
        writer.close()
    return Outcome(f"{served.count(200)} of 5 others served", served == [200] * 5)


HEAVY = """{ kabupatens(first: 100) { nodes { province { kabupatens(first: 100) { nodes {
  distanceTo(place: {kabupaten: "62.02"}) organizations(first: 10) { totalCount } needs(first: 10) { totalCount } } } } } } }"""
PAGE = "{ kabupatens(first: 50) { nodes { id name province { name } } } }"


async def heavy_neighbours(target: Target) -> Outcome:
    """Three anonymous connections repeat a heavy document; a signed-in client asks for pages meanwhile."""
    headers = {**JSON, "Authorization": f"Bearer {await sign_in(target, SIGNED_IN)}", "X-Forwarded-For": "192.0.2.1"}
    end = time.monotonic() + NEIGHBOUR_SECONDS
    codes: set[str] = set()

    async def repeat() -> None:
        while time.monotonic() < end:
            codes.add(await target.ask(HEAVY))

    neighbours = [asyncio.create_task(repeat()) for _ in range(3)]
    times, failed = [], 0
    while time.monotonic() < end:
        start = time.monotonic()
        failed += await target.ask(PAGE, headers) != "data"
        times.append((time.monotonic() - start) * 1000)
    await asyncio.gather(*neighbours)
    p95 = sorted(times)[int(len(times) * 0.95)]
    answer = f"page p95 {p95:.0f} ms, {failed} of {len(times)} failed; neighbours: {', '.join(sorted(codes))}"
    return Outcome(answer, p95 < 250 and not failed)


def guesses(count: int, login: str, password: str) -> str:
    """A document that tries so many passwords at once; the last is this one."""
    tried = [*(f"{password}{number}" for number in range(count - 1)), password]
    return " ".join(
        ["mutation {"]
        + [
            f'g{number}: signIn(input: {{login: "{login}", password: "{each}"}}) {{ report {{ accessToken }} '
            "problems { code ... on RetryProblem { retryAt } } }"
            for number, each in enumerate(tried)
        ]
        + ["}"]
    )


async def many_guesses(target: Target) -> Outcome:
    """10,000 passwords of one account, from ten addresses; then its owner signs in from another one, and waits a minute at most."""
    codes: set[str] = set()

    async def guess(number: int) -> None:
        headers = {**JSON, "X-Forwarded-For": f"198.51.100.{number}"}
        for _ in range(50):
            codes.update(await codes_of(target, guesses(20, GUESSED, "rahasia"), headers))

    await asyncio.gather(*(guess(number) for number in range(10)))
    start = time.monotonic()
    while True:
        if await sign_in(target, GUESSED) or time.monotonic() - start > 2 * LONGEST_WAIT:
            break
        await asyncio.sleep(1)
    waited = time.monotonic() - start
    answer = f"{', '.join(sorted(codes))}; the owner waits {waited:.0f} s"
    return Outcome(answer, codes <= {"WRONG_CREDENTIALS", "TOO_MANY_ATTEMPTS", "THROTTLED"} and waited <= LONGEST_WAIT)


async def sign_in(target: Target, login: str) -> str | None:
    """An access token, if the right password is accepted."""
    headers = {**JSON, "X-Forwarded-For": "203.0.113.1"}
    body = {"query": guesses(1, login, target.password)}
    answer = (await target.client.post("/graphql", json=body, headers=headers)).json()
    report = ((answer.get("data") or {}).get("g0") or {}).get("report")
    return report["accessToken"] if report else None


async def nik_guesser(target: Target) -> Outcome:
    """1,000 identity numbers, each with a rank that does not exist: nothing tells which one is registered.

    It is that of a person in another province, whom the guesser does not see.
    """
    others = {**JSON, "Authorization": f"Bearer {await sign_in(target, SIGNED_IN)}"}
    made = await registered(target, others, [7], kabupaten="18.03")
    assert made == {"data"}, made
    headers = {**JSON, "Authorization": f"Bearer {await sign_in(target, 'tagana-kalteng')}"}
    whose = await target.client.post("/graphql", json={"query": MANAGED}, headers=headers)
    organization = whose.json()["data"]["me"]["roles"][0]["organization"]["id"]
    rest = f'organization: "{organization}", rank: "TIDAK_ADA"'
    one, other = [await registered(target, headers, [number], kabupaten="62.02", rest=rest) for number in (7, 8)]
    codes = one | other
    for first in range(1, 1_001, 20):
        numbers = range(first, first + 20)
        codes |= await registered(target, headers, numbers, kabupaten="62.02", rest=rest)
    return Outcome(", ".join(sorted(codes)), one == other and codes <= {"NOT_FOUND", "THROTTLED"})


MANAGED = "{ me { roles { organization { id } } } }"


async def registered(
    target: Target, headers: Mapping[str, str], numbers: Iterable[int], *, kabupaten: str, rest: str = ""
) -> set[str]:
    """The codes that registering people with these numbers is answered with."""
    fields = " ".join(
        f'g{number}: registerVolunteer(input: {{name: "Orang {number}", kabupaten: "{kabupaten}", '
        f'nik: "6202010101{number % 50 + 50}{number:04}", reach: KABUPATEN, '
        f'phone: "08125{number:07}", consentPurpose: "Penugasan", {rest} }}) {{ problems {{ code }} }}'
        for number in numbers
    )
    return await codes_of(target, f"mutation {{ {fields} }}", headers)


async def codes_of(target: Target, document: str, headers: Mapping[str, str]) -> set[str]:
    """The codes of problems and errors; `data` where there is none."""
    body = (await target.client.post("/graphql", json={"query": document}, headers=headers)).json()
    found = [
        problem["code"] for payload in (body.get("data") or {}).values() if payload for problem in payload["problems"]
    ]
    return {*found, *(error["extensions"]["code"] for error in body.get("errors", []))} or {"data"}


ATTACKS: Mapping[str, Attack] = {
    **{name: document_attack(document, expected) for name, (document, expected) in DOCUMENTS.items()},
    "100 spellings of one token": many_tokens,
    "300 documents of 380 fields": many_documents,
    "headers of 1 MiB": large_headers,
    "headers that never end": slow_headers,
    "a body that never ends": slow_body,
    f"{SILENT_CONNECTIONS} silent connections": silent_connections,
    "three heavy neighbours": heavy_neighbours,
    "10,000 guesses of a password": many_guesses,
    "1,000 guesses of identity numbers": nik_guesser,
}


class Witness:
    """Another client, which asks all the time, and how many milliseconds it waits."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.times: list[float] = []

    async def run(self) -> None:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=60) as client:
            while True:
                start = time.monotonic()
                # From an address of its own, so that it does not pay for the attacker.
                headers = {"X-Forwarded-For": "192.0.2.2"}
                await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
                self.times.append((time.monotonic() - start) * 1000)
                await asyncio.sleep(0.005)

    def p99(self) -> float:
        return sorted(self.times)[int(len(self.times) * 0.99)] if self.times else 0.0


async def measure(name: str, attack: Attack, target: Target) -> bool:
    """Prints the row of an attack; whether the server held."""
    witness, before, start = Witness(target.port), target.memory(), time.monotonic()
    watching = asyncio.create_task(witness.run())
    outcome = await attack(target)
    seconds = time.monotonic() - start
    await asyncio.sleep(0.3)
    watching.cancel()
    growth = target.memory() - before
    holds = outcome.is_expected and witness.p99() <= MOST_STALL and growth <= MOST_GROWTH
    verdict = "held" if holds else "NOT HELD"
    print(
        f"| {name} | {outcome.answer} | {seconds:.2f} | {witness.p99():.0f} | {growth:+.0f} | {verdict} |", flush=True
    )
    return holds


@asynccontextmanager
async def attacked_server() -> AsyncGenerator[Target]:
    with TemporaryDirectory(prefix="sigap-attack-") as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIGAP_", "DATABASE_"))}
        settings = {"SIGAP_DATA": folder, "SIGAP_PORT": str(port), "SIGAP_TRUSTED_PROXIES": "127.0.0.1"}
        command = [sys.executable, "-m", "api", "serve", "--demo"]
        with (Path(folder) / "server.log").open("w") as log:
            process = subprocess.Popen(  # noqa: ASYNC220  # It starts before anything is awaited.
                command, env={**kept, **settings}, stdout=log, stderr=log
            )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                await until_ready(client)
                password = (Path(folder) / "demo-password").read_text()
                yield Target(port, psutil.Process(process.pid), client, password)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


async def until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            with suppress(httpx.TransportError):
                if (await client.get("/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)


async def attack_all(only: str) -> bool:
    async with attacked_server() as target:
        await target.ask(PAGE)
        print("| shape | answer | seconds | others' p99, ms | memory, MiB | |\n|---|---|---|---|---|---|")
        results = []
        for number, (name, attack) in enumerate(ATTACKS.items(), 10):
            if only in name:
                # From an address of its own, so that it does not pay for another attack.
                target.client.headers["X-Forwarded-For"] = f"192.0.2.{number}"
                results.append(await measure(name, attack, target))
    return all(results)


def main() -> None:
    from benchmarks import mixed  # noqa: PLC0415  # It repeats these attacks.

    options = argparse.ArgumentParser(prog="python -m benchmarks.attack", description=__doc__)
    options.add_argument("only", nargs="*", help="a part of the names of the attacks")
    options.add_argument(
        "--minutes", type=float, help="instead of the attacks one by one: people at work and attackers"
    )
    given = options.parse_args()
    running = mixed.run(given.minutes) if given.minutes else attack_all(" ".join(given.only))
    if not asyncio.run(running):
        sys.exit("The server did not hold.")


if __name__ == "__main__":
    main()
