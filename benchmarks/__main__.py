"""`make bench` measures Sigap, its peers and the floor on 200,000 volunteers in one run.

The first run makes the data (one minute for 200,000 volunteers, five for 1,000,000) and installs the peers that run on Node.js; both
stay in .bench. The load generator is wrk (Debian package `wrk`). `make bench ARGS="--only page,point --quick"` measures a part; its
report goes to .bench instead of docs/benchmark.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import uvloop

from api.settings import read_settings
from benchmarks import bar, camp, comparison, importing, in_process, load, node, offer, plot, report, scaling
from benchmarks.bar import Bar
from benchmarks.comparison import RoundPlan
from benchmarks.database import FOLDER, Database, database, delete_declared
from benchmarks.peer import UNSCOPED, all_peers
from benchmarks.query import TITLE, Query, all_queries
from benchmarks.report import Report

REPORT = Path("docs/benchmark")
TRIED = REPORT / "tried.md"

COMPARED_QUERIES = (
    "page",
    "deep",
    "point",
    "count",
    "candidates",
    "readiness",
    "person",
    "incident",
    "search",
    # Last: the tens of thousands of incidents that it declares would be searched, too.
    "mutation",
)
PARTS = (*COMPARED_QUERIES, "documents", "million", "processes", "profile", "imports", "camp", "offers")
# Queries that are measured with the larger database, and those whose first requests are measured.
LARGER_DATABASE_QUERIES = ("page", "point", "candidates")
FIRST_REQUEST_QUERIES = ("page", "candidates")

FULL_PLAN = RoundPlan(
    {8: 3, 1: 3, 32: 3},
    seconds={8: 2, 1: 1, 32: 1},
    extra_rounds={("page", 8): 5, ("point", 8): 5, ("candidates", 8): 5, ("page", 32): 4},
)
QUICK_PLAN = RoundPlan({8: 3, 1: 1}, seconds={8: 1, 1: 1})
ROUNDS = 3
FIRST_REQUEST_DOCUMENTS = 40
PROFILE_REQUESTS = 1_000


def main() -> None:
    options = parser().parse_args()
    if not load.is_wrk_installed():
        sys.exit("make bench needs the load generator wrk (Debian package wrk).")
    if "million" in options.only and read_settings().database_url is not None:
        sys.exit("The part million needs two databases, but DATABASE_URL names one: leave out either of them.")
    # sys.exit() runs the context managers, which stop the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The benchmark was ended."))
    FOLDER.mkdir(exist_ok=True)
    node.install_peers()
    with ExitStack() as stack:
        small = stack.enter_context(database(options.volunteers))
        large = stack.enter_context(database(options.more)) if "million" in options.only else None
        started_at = time.perf_counter()
        result = Report(options.volunteers, options.more, small.version, QUICK_PLAN if options.quick else FULL_PLAN)
        measure(result, small, large, options)
        result.seconds = time.perf_counter() - started_at
    is_full = is_full_run(options)
    if is_full:
        result.bars.append(bar.run_time_bar(result.seconds))
    folder = REPORT if is_full else FOLDER
    report.write(result, folder, tried=TRIED)
    plot.draw(result.results, folder / "report.png")
    print_summary(result, folder)


def print_summary(result: Report, folder: Path) -> None:
    """Prints the bars; exits with an error if one is missed."""
    for each in result.bars:
        print(f"{each.name}: {report.number(each.measured, 2)}, {each.limit}: {each.verdict.strip('*')}")
    print(f"{result.seconds / 60:.1f} minutes; the report is {folder / 'report.md'}.")
    if missed := [each.name for each in result.bars if not each.is_reached]:
        sys.exit(f"Missed: {'; '.join(missed)}.")


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--volunteers", type=int, default=200_000)
    options.add_argument("--more", type=int, default=1_000_000, help="volunteers of the larger database")
    options.add_argument(
        "--documents", type=int, default=10_000, help="different documents for the measurement of memory"
    )
    options.add_argument("--only", type=parts, default=PARTS, help=f"parts to measure, of {','.join(PARTS)}")
    options.add_argument("--quick", action="store_true", help="fewer and shorter rounds, and none at 32 connections")
    return options


def parts(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(PARTS)}")
    return names


def is_full_run(options: argparse.Namespace) -> bool:
    """Whether all options have their defaults, so that the report goes to docs/benchmark."""
    return options == parser().parse_args([])


def measure(result: Report, small: Database, large: Database | None, options: argparse.Namespace) -> None:
    """Measures the chosen parts, and adds their results and bars to the report."""
    queries = all_queries(small.facts)
    if compared := [queries[name] for name in COMPARED_QUERIES if name in options.only]:
        compare_peers(result, small, compared)
    if "documents" in options.only:
        first_requests = [queries[name] for name in FIRST_REQUEST_QUERIES]
        result.first_requests = [
            uvloop.run(in_process.measure_first_requests(small, query, documents=FIRST_REQUEST_DOCUMENTS))
            for query in first_requests
        ]
        result.cold_starts = [scaling.measure_cold_start(small, query) for query in first_requests]
        result.distinct_documents = scaling.measure_distinct_documents(small, documents=options.documents)
        result.bars += bar.document_bars(result.first_requests, result.distinct_documents)
    if large is not None:
        large_queries = all_queries(large.facts)
        pairs = [(queries[name], large_queries[name]) for name in LARGER_DATABASE_QUERIES]
        result.larger_database = scaling.measure_larger_database(small, large, pairs, rounds=ROUNDS)
        result.bars += bar.larger_database_bars(result.larger_database)
    if "processes" in options.only:
        result.second_process = scaling.measure_second_process(small, queries["point"], rounds=ROUNDS)
        result.bars += bar.second_process_bars(result.second_process)
    result.bars += measure_work(small, options.only)
    if "profile" in options.only:
        result.profiles = [
            uvloop.run(in_process.measure_profile(small, queries[name], requests=PROFILE_REQUESTS))
            for name in ("page", "point")
        ]


def measure_work(small: Database, only: Sequence[str]) -> list[Bar]:
    """The bars of long pieces of work."""
    bars: list[Bar] = []
    if "offers" in only:
        bars += uvloop.run(offer.measure_offers(small))
    if "camp" in only:
        bars += camp.measure_camp().bars
    if "imports" in only:
        bars += importing.measure_import().bars
    return bars


def compare_peers(result: Report, database: Database, queries: Sequence[Query]) -> None:
    """Compares all servers, and checks that the database has every incident that they confirmed."""
    asyncio.run(delete_declared(database.url, TITLE))  # Incidents of an interrupted run.
    with all_peers(database) as peers:
        try:
            result.results = comparison.run_comparison(queries, peers, database.process, result.plan)
            result.resident = {peer.name: peer.server.resident_mb for peer in peers if peer.name != UNSCOPED}
        finally:
            written = asyncio.run(delete_declared(database.url, TITLE))
    confirmed = sum(each.load.done for each in result.results.rounds if each.query == "mutation")
    if written < confirmed:
        sys.exit(f"The servers confirmed {confirmed} incidents, but the database has {written} only.")
    result.bars += bar.comparison_bars(result.results)


if __name__ == "__main__":
    main()
