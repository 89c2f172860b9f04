"""The report: what was measured as Markdown and CSV, with the bars on top."""

import csv
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import psutil

from api.database.engine import READ_POOL_SIZE, WRITE_POOL_SIZE
from benchmarks import node
from benchmarks.bar import Bar
from benchmarks.contest import COMPARED, LONGEST_SECONDS, Pace, Results
from benchmarks.growth import FULL, Cold, Larger, Second, Storm
from benchmarks.inside import FirstSeen, Profile
from benchmarks.peer import CONNECTIONS, FLOOR, MERCURIUS, ORDINARY, OURS, POSTGRAPHILE, UNSCOPED

PEERS = (OURS, UNSCOPED, POSTGRAPHILE, MERCURIUS, ORDINARY, FLOOR)
QUERIES = {
    "page": "50 volunteers of a kabupaten with five relations",
    "deep": "20 incidents, up to 100 needs of each, up to 100 assignments of each, the volunteer, the latest organization",
    "point": "`node(id)`: one of 500 volunteers with kabupaten and province",
    "count": "`totalCount` of the volunteers of a province by reach and status",
    "mutation": "an incident declared, with its payload",
    "candidates": "the nearest 20 who may be sent to one of 40 needs",
}
FIGURES = {"requests": 1, "p50": 2, "p99": 2, "server_ms": 3, "database_ms": 3}

# What the numbers do not say.
FAIRNESS = """\
- All servers are single processes on one machine, beside PostgreSQL and wrk, and read the same database. Before a query is timed,
  everybody's answers to up to {compared} of its bodies are compared with ours, value for value; a difference ends the run. A ratio is the median of the ratios of the
  rounds, in each of which everybody has had a turn.
- **ours** checks tokens, limits and permissions on every request, and is asked by a coordinator with a role for each province: a scoped
  actor, whose scope is looked at in every row and happens to hold them all. **ours, unscoped** is the same server asked by a national
  coordinator, at {connections} connections only. No peer checks anything.
- **PostGraphile** 5: Amber preset, production mode, prepared statements, cached plans, text passed on as it is (`outputDataAsString`),
  no transaction around a read. `trainedFor(on:)` is a function of the database, as its manual advises.
- **Mercurius**: JIT from the first request on, one loader with one named statement for each relation, a page of each parent by
  LATERAL and LIMIT.
- Every server of a peer has our settings of a connection: no JIT of PostgreSQL's, generic plans, which were as fast for them or faster.
- **Strawberry**: the ordinary way, a resolver for each field and DataLoaders over asyncpg, documents parsed and validated once.
- **floor**: a bare Starlette route with one hand-written statement that makes the JSON text.
- The **mutation** is not the same work: ours locks, asks who may, writes incident, kabupaten and event in one transaction, commits, and
  then reads the payload; the floor writes these rows in one statement; the peers insert the incident alone.
- **Candidates** has no peer: a list that comes from rules over other tables cannot be asked of them without writing the rules anew.
- A dash stands where a server is too slow to be asked by so many: all of them together would have waited for more than {longest} seconds,
  or fewer requests than connections were done in a round."""


@dataclass
class Report:
    """What there is to tell; a part that was not run is left out."""

    volunteers: int
    more: int
    postgres: str
    pace: Pace
    seconds: float = 0.0
    results: Results = field(default_factory=Results)
    resident: dict[str, float] = field(default_factory=dict)
    bars: list[Bar] = field(default_factory=list)
    first_seen: list[FirstSeen] = field(default_factory=list)
    cold: list[Cold] = field(default_factory=list)
    storm: Storm | None = None
    larger: list[Larger] = field(default_factory=list)
    second: list[Second] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)


def write(report: Report, folder: Path, *, tried: Path) -> None:
    """`report.md` and `report.csv`; what was tried is told by hand, in a file that the report takes in."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        heading(report),
        bars(report.bars),
        faster(report.results),
        *(contest(report.results, query) for query in QUERIES),
        resident(report.resident),
        documents(report),
        growth(report),
        *(profile(each) for each in report.profiles),
        tried.read_text().strip() if tried.exists() else "",
        "## How it is measured\n\n"
        + FAIRNESS.format(longest=LONGEST_SECONDS, compared=COMPARED, connections=CONNECTIONS),
    ]
    (folder / "report.md").write_text("\n\n".join(part for part in parts if part) + "\n")
    with (folder / "report.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["query", "peer", "connections", "round", "done", *FIGURES])
        writer.writerows(csv_rows(report.results))


def csv_rows(results: Results) -> Iterator[list[object]]:
    for each in results.rounds:
        load = each.load
        figures = (load.requests, load.p50, load.p99, each.server_ms, each.database_ms)
        written = ["" if value is None else f"{value:.3f}" for value in figures]
        yield [each.query, each.peer, each.connections, each.number, load.done, *written]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    aligned = ["---", *("--:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, aligned, *rows))


def number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def heading(report: Report) -> str:
    pace = report.pace
    rounds = [
        f"{rounds} of {pace.seconds[connections]} s at {connections}" for connections, rounds in pace.rounds.items()
    ]
    rounds += [f"{rounds} of {query} at {connections}" for (query, connections), rounds in pace.more.items()]
    versions = (
        f"Python {platform.python_version()}, Strawberry {version('strawberry-graphql')}, PostgreSQL {report.postgres}, "
        f"Node.js {node.version()}, PostGraphile {node.package('postgraphile')}, Mercurius {node.package('mercurius')}"
    )
    return f"""# Benchmark

Written by `make bench`; what is in it was measured in one run of {report.seconds / 60:.0f} minutes, on {psutil.cpu_count()} cores
that servers, PostgreSQL and wrk share. {report.volunteers:,} volunteers. Rounds, by connections: {", ".join(rounds)};
longer ones of who is slow.
{versions}. Pools of 10 connections, ours as shipped: {READ_POOL_SIZE} that read and {WRITE_POOL_SIZE} that write.
Every round is in [report.csv](report.csv).

![Requests per second of everybody](report.png)"""


def bars(reached: Sequence[Bar]) -> str:
    rows = [(bar.what, bar.limit, number(bar.measured, 2), bar.verdict) for bar in reached]
    return f"## The bars\n\n{table(('what', 'wanted', 'measured', ''), rows)}"


def faster(results: Results) -> str:
    """Says so where a peer does more than ours."""
    asked = {each.query for each in results.rounds}
    ratios = [
        (query, peer, results.ratio(query, peer, OURS, connections=CONNECTIONS))
        for query in QUERIES
        if query in asked
        for peer in (POSTGRAPHILE, MERCURIUS, ORDINARY)
    ]
    if not any(ratio for *_, ratio in ratios):
        return ""
    found = [f"{peer} in {query} ({ratio:.2f} times ours)" for query, peer, ratio in ratios if ratio and ratio > 1]
    if not found:
        return f"No peer does more requests/s than ours at {CONNECTIONS} connections."
    return f"Faster than ours at {CONNECTIONS} connections, by requests/s: {', '.join(found)}."


def contest(results: Results, query: str) -> str:
    """Requests per second, p50 and p99 at each number of connections, and the CPU of a request."""
    crowds = sorted({each.connections for each in results.rounds if each.query == query})
    if not crowds:
        return ""
    head = ["", *(f"{name} at {crowd}" for crowd in crowds for name in ("req/s", "p50 ms", "p99 ms"))]
    head += ["server CPU ms", "database CPU ms"]
    rows = []
    for peer in PEERS:
        busiest = [crowd for crowd in crowds if results.of(query, peer, crowd)]
        if not busiest:
            continue
        spent = CONNECTIONS if CONNECTIONS in busiest else busiest[0]
        cells = [
            number(results.median(query, peer, crowd, name), FIGURES[name])
            for crowd in crowds
            for name in ("requests", "p50", "p99")
        ]
        cpu = [number(results.median(query, peer, spent, name), 2) for name in ("server_ms", "database_ms")]
        rows.append([peer, *cells, *cpu])
    return f"## {query.capitalize()}\n\n{QUERIES[query]}; CPU of one request at {CONNECTIONS} connections.\n\n{table(head, rows)}"


def resident(megabytes: dict[str, float]) -> str:
    if not megabytes:
        return ""
    rows = [(name, number(value)) for name, value in megabytes.items()]
    return f"## Resident memory after the load\n\n{table(('', 'MB'), rows)}"


def documents(report: Report) -> str:
    said = []
    if report.first_seen:
        head = ("ms", "first", "again", "PostgreSQL's prepare", "added", "of it in Python")
        rows = [
            (
                each.query,
                *(number(value, 2) for value in (each.first, each.again, each.of_postgres, each.added, each.of_python)),
            )
            for each in report.first_seen
        ]
        said.append(
            f"""Medians of {report.first_seen[0].documents} documents that differ in an alias, in one process, without the network. A document is seen
for the first time by a process that has answered others of its kind: the templates of the statements' parts are warm, while the document
and its statement are new. PostgreSQL's prepare is the same statement prepared and planned on another connection; what is
added is the rest of what the first time takes beyond the second, in part in Python outside of the driver.

{table(head, rows)}"""
        )
    if report.cold:
        found = ", ".join(f"{each.query} {each.first:.1f} ms, then {each.again:.1f} ms" for each in report.cold)
        said.append(
            f"As the very first document of a fresh process, over the network, with templates and connections cold, once: {found}."
        )
    if report.storm is not None:
        storm = report.storm
        said.append(
            f"""Documents that differ inside, so that each is another statement, and the memory in MB: the resident one of the server, and
the private one of all of PostgreSQL's processes.

{table(("after documents", "server", "PostgreSQL"), storm_rows(storm))}"""
        )
    return "## Documents never seen before\n\n" + "\n\n".join(said) if said else ""


def storm_rows(storm: Storm) -> list[tuple[str, str, str]]:
    return [
        (f"{FULL:,}, all caches full", number(storm.full_mb), number(storm.database_full_mb)),
        (f"{storm.documents:,}", number(storm.after_mb), number(storm.database_after_mb)),
    ]


def growth(report: Report) -> str:
    said = []
    if report.larger:
        head = ("ms of a request at 1 connection", f"{report.volunteers:,} volunteers", f"{report.more:,}", "times")
        rows = [
            (each.query, number(each.small_ms, 2), number(each.large_ms, 2), f"{each.ratio:.2f}")
            for each in report.larger
        ]
        said.append(f"## More volunteers\n\n{table(head, rows)}")
    if report.second:
        rows = [(each.query, number(each.one), number(each.both), f"{each.ratio:.2f}") for each in report.second]
        said.append(
            f"""## A second process

Each process has its own port and its own wrk of 4 connections. `schema` is introspection, work for Python alone: there is nearly a
core for each process, less what both wrks take. `point` shares the {psutil.cpu_count()} cores with PostgreSQL too, so no core is
free for the second.

{table(("requests/s", "one process", "two", "times"), rows)}"""
        )
    return "\n\n".join(said)


def profile(found: Profile) -> str:
    rows = [(f"`{name}`", number(milliseconds, 3), number(calls)) for name, milliseconds, calls in found.rows]
    return f"""## Where the time of a {found.query} goes

Milliseconds by itself and calls of a request, from a profile of {found.requests:,} requests one after another in one process, without
the network. Most of what stands beside `_do_execute` is the waiting for PostgreSQL. A coroutine counts anew each time it goes on; the
profiler makes small functions look dearer than they are.

{table(("function", "ms", "calls"), rows)}"""
