"""Writes the results as Markdown and CSV, with the bars first."""

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
from benchmarks.comparison import COMPARED, LONGEST_SECONDS, Results, RoundPlan
from benchmarks.in_process import FirstRequest, Profile
from benchmarks.peer import CONNECTIONS, FLOOR, MERCURIUS, OURS, POSTGRAPHILE, STRAWBERRY, UNSCOPED
from benchmarks.scaling import CACHE_FILL_DOCUMENTS, ColdStart, DistinctDocuments, LargerDatabase, SecondProcess

PEERS = (OURS, UNSCOPED, POSTGRAPHILE, MERCURIUS, STRAWBERRY, FLOOR)
QUERIES = {
    "page": "50 volunteers of a kabupaten with five relations",
    "deep": "20 incidents with up to 100 needs each, up to 100 assignments of each need, their volunteers and latest organizations",
    "point": "`node(id)`: one of 500 volunteers with kabupaten and province",
    "count": "`totalCount` of the volunteers of a province by reach and status",
    "mutation": "`declareIncident` with its payload",
    "candidates": "the nearest 20 candidates of one of 40 needs",
    "readiness": "who is ready in the largest province, some 36,000 of 200,000 people, for one of three skills",
    "person": "whether one of 60 volunteers is ready for one of three skills, every reason why not, and warnings",
    "search": "the best 20 hits for one of 20 texts: names, parts of names, names with a slip, places, numbers",
    "incident": "one of 40 incidents with needs, coverage, pledges, goods, sites, newest figures and activity",
}
FIGURES = {"requests": 1, "p50": 2, "p99": 2, "server_ms": 3, "database_ms": 3}

# How to read the numbers.
FAIRNESS = """\
- All servers are single processes on one machine, together with PostgreSQL and wrk, and read the same database. Before a query is
  measured, the answers of all servers to up to {compared} request bodies are compared with Sigap's; a different value ends the run.
  A ratio is the median of the ratios of the rounds; in each round all servers take a turn.
- **ours** is Sigap. It checks tokens, limits and permissions on every request. Its actor is a coordinator with a role for each province,
  so the scope is checked for every row, and happens to include all rows. **ours, unscoped** is the same server with a national
  coordinator, at {connections} connections only. No peer checks permissions.
- **PostGraphile** 5: Amber preset, production mode, prepared statements, cached plans, JSON text passed on without parsing
  (`outputDataAsString`), no transaction around reads. `trainedFor(on:)` is a function of the database, as its manual recommends.
- **Mercurius**: JIT from the first request on, one loader with one named statement for each relation, and nested pages by LATERAL
  and LIMIT.
- All peers use Sigap's connection settings: PostgreSQL's JIT off and generic plans. They were as fast or faster with them.
- **Strawberry**: a resolver for each field and DataLoaders over asyncpg, with caches for parsed and validated documents.
- **floor**: a Starlette route with a hand-written statement that returns the JSON text.
- The **mutation** is not the same work in all servers. Sigap locks, checks permissions, writes incident, kabupaten and event in one
  transaction, and then reads the payload. The floor does the same by hand: one statement reads the roles, one checks, one writes and
  reads the payload, in a transaction. The peers insert the incident only.
- **Candidates** has no peer, because peers would need their own implementation of the rules.
- A dash means that a server was not measured: one request per connection would take it more than {longest} seconds, or it finished
  fewer requests than connections in a round."""


@dataclass
class Report:
    """All results of a run. Parts that were not run are empty."""

    volunteers: int
    more: int
    postgres: str
    plan: RoundPlan
    seconds: float = 0.0
    results: Results = field(default_factory=Results)
    resident: dict[str, float] = field(default_factory=dict)
    bars: list[Bar] = field(default_factory=list)
    first_requests: list[FirstRequest] = field(default_factory=list)
    cold_starts: list[ColdStart] = field(default_factory=list)
    distinct_documents: DistinctDocuments | None = None
    larger_database: list[LargerDatabase] = field(default_factory=list)
    second_process: list[SecondProcess] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)


def write(report: Report, folder: Path, *, tried: Path) -> None:
    """Writes `report.md` and `report.csv`. The file `tried`, which is written by hand, becomes a section of the report."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        heading(report),
        bars_section(report.bars),
        faster_peers(report.results),
        *(query_section(report.results, query) for query in QUERIES),
        memory_section(report.resident),
        documents_section(report),
        scaling_section(report),
        *(profile_section(each) for each in report.profiles),
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
        cells = ["" if value is None else f"{value:.3f}" for value in figures]
        yield [each.query, each.peer, each.connections, each.number, load.done, *cells]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    aligned = ["---", *("--:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, aligned, *rows))


def number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def heading(report: Report) -> str:
    plan = report.plan
    rounds = [
        f"{rounds} of {plan.seconds[connections]} s at {connections}" for connections, rounds in plan.rounds.items()
    ]
    rounds += [f"{rounds} for {query} at {connections}" for (query, connections), rounds in plan.extra_rounds.items()]
    versions = (
        f"Python {platform.python_version()}, Strawberry {version('strawberry-graphql')}, PostgreSQL {report.postgres}, "
        f"Node.js {node.node_version()}, PostGraphile {node.package_version('postgraphile')}, Mercurius {node.package_version('mercurius')}"
    )
    return f"""# Benchmark

Written by `make bench`. All numbers are from one run of {report.seconds / 60:.0f} minutes on {psutil.cpu_count()} cores, which servers,
PostgreSQL and wrk share. {report.volunteers:,} volunteers. Rounds by connections: {", ".join(rounds)}; longer for slow servers.
{versions}. The peers have pools of 10 connections; Sigap has {READ_POOL_SIZE} to read and {WRITE_POOL_SIZE} to write, its defaults.
All rounds are in [report.csv](report.csv).

![Requests per second of each server](report.png)"""


def bars_section(bars: Sequence[Bar]) -> str:
    rows = [(bar.name, bar.limit, number(bar.measured, 2), bar.verdict) for bar in bars]
    return f"## Bars\n\n{table(('figure', 'target', 'measured', 'result'), rows)}"


def faster_peers(results: Results) -> str:
    """A sentence that names the peers with more requests per second than Sigap; empty if no peer was measured."""
    measured = {each.query for each in results.rounds}
    ratios = [
        (query, peer, results.ratio(query, peer, OURS, connections=CONNECTIONS))
        for query in QUERIES
        if query in measured
        for peer in (POSTGRAPHILE, MERCURIUS, STRAWBERRY)
    ]
    if not any(ratio for *_, ratio in ratios):
        return ""
    faster = [f"{peer} in {query} ({ratio:.2f} times ours)" for query, peer, ratio in ratios if ratio and ratio > 1]
    if not faster:
        return f"No peer has more requests/s than ours at {CONNECTIONS} connections."
    return f"Faster than ours at {CONNECTIONS} connections, by requests/s: {', '.join(faster)}."


def query_section(results: Results, query: str) -> str:
    """A table of requests per second, p50 and p99 at each number of connections, and of CPU time per request."""
    concurrencies = sorted({each.connections for each in results.rounds if each.query == query})
    if not concurrencies:
        return ""
    head = [
        "",
        *(f"{name} at {connections}" for connections in concurrencies for name in ("req/s", "p50 ms", "p99 ms")),
    ]
    head += ["server CPU ms", "database CPU ms"]
    rows = []
    for peer in PEERS:
        measured = [connections for connections in concurrencies if results.select(query, peer, connections)]
        if not measured:
            continue
        cpu_connections = CONNECTIONS if CONNECTIONS in measured else measured[0]
        cells = [
            number(results.median(query, peer, connections, name), FIGURES[name])
            for connections in concurrencies
            for name in ("requests", "p50", "p99")
        ]
        cpu = [number(results.median(query, peer, cpu_connections, name), 2) for name in ("server_ms", "database_ms")]
        rows.append([peer, *cells, *cpu])
    return f"## {query.capitalize()}\n\n{QUERIES[query]}; CPU time per request at {CONNECTIONS} connections.\n\n{table(head, rows)}"


def memory_section(megabytes: dict[str, float]) -> str:
    if not megabytes:
        return ""
    rows = [(name, number(value)) for name, value in megabytes.items()]
    return f"## Resident memory after the load\n\n{table(('', 'MB'), rows)}"


def documents_section(report: Report) -> str:
    paragraphs = []
    if report.first_requests:
        head = ("ms", "first", "again", "PostgreSQL's prepare", "added", "in Python")
        rows = [
            (
                each.query,
                *(number(value, 2) for value in (each.first, each.again, each.postgres, each.added, each.python)),
            )
            for each in report.first_requests
        ]
        paragraphs.append(
            f"""Medians of {report.first_requests[0].documents} documents that differ in an alias, in one process, without the network. Each document and its
statement are new to the process, but the templates of the parts of statements are cached, because similar documents came before.
"PostgreSQL's prepare" is the time to prepare and plan the same statement on another connection. "Added" is the rest of the difference
between the first and a later request; "in Python" is the difference outside of the driver.

{table(head, rows)}"""
        )
    if report.cold_starts:
        times = ", ".join(f"{each.query} {each.first:.1f} ms, then {each.again:.1f} ms" for each in report.cold_starts)
        paragraphs.append(
            f"First request of a new process over the network, with empty caches and new connections, measured once: {times}."
        )
    if report.distinct_documents is not None:
        paragraphs.append(
            f"""Memory in MB after documents that all need different statements: resident memory of the server, and private memory of all
processes of PostgreSQL.

{table(("after documents", "server", "PostgreSQL"), distinct_documents_rows(report.distinct_documents))}"""
        )
    return "## New documents\n\n" + "\n\n".join(paragraphs) if paragraphs else ""


def distinct_documents_rows(results: DistinctDocuments) -> list[tuple[str, str, str]]:
    return [
        (f"{CACHE_FILL_DOCUMENTS:,}, all caches full", number(results.full_mb), number(results.database_full_mb)),
        (f"{results.documents:,}", number(results.after_mb), number(results.database_after_mb)),
    ]


def scaling_section(report: Report) -> str:
    paragraphs = []
    if report.larger_database:
        head = ("ms per request at 1 connection", f"{report.volunteers:,} volunteers", f"{report.more:,}", "ratio")
        rows = [
            (each.query, number(each.small_ms, 2), number(each.large_ms, 2), f"{each.ratio:.2f}")
            for each in report.larger_database
        ]
        paragraphs.append(f"## More volunteers\n\n{table(head, rows)}")
    if report.second_process:
        rows = [
            (each.query, number(each.one), number(each.both), f"{each.ratio:.2f}") for each in report.second_process
        ]
        paragraphs.append(
            f"""## A second process

Each process has its own port and its own wrk with 4 connections. `schema` is introspection, which only Python works on, so each
process has almost a core of its own. `point` also needs PostgreSQL on the same {psutil.cpu_count()} cores, so there is no free core for
the second process.

{table(("requests/s", "one process", "two", "ratio"), rows)}"""
        )
    return "\n\n".join(paragraphs)


def profile_section(profile: Profile) -> str:
    rows = [(f"`{name}`", number(milliseconds, 3), number(calls)) for name, milliseconds, calls in profile.rows]
    return f"""## Profile of {profile.query}

Own time in milliseconds and calls per request, from {profile.requests:,} consecutive requests in one process, without the network.
Most of the time of `_do_execute` is waiting for PostgreSQL. Each resumption of a coroutine counts as a call. The profiler overstates
small functions.

{table(("function", "ms", "calls"), rows)}"""
