"""`make bench`: our server beside its peers and the floor, on 200,000 volunteers, in one run.

The first run makes the data (one minute for 200,000 volunteers, five for 1,000,000) and installs the peers that run on Node.js; both
stay in .bench. Load comes from wrk (Debian's package of that name). `make bench ARGS="--only page,point --quick"` measures a part; its
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
from benchmarks import bar, contest, growth, inside, load, node, plot, report
from benchmarks.contest import Pace
from benchmarks.database import FOLDER, Database, database, declared
from benchmarks.peer import UNSCOPED, all_peers
from benchmarks.query import TITLE, Query, queries
from benchmarks.report import Report

REPORT = Path("docs/benchmark")
TRIED = REPORT / "tried.md"

CONTEST = ("page", "deep", "point", "count", "mutation", "candidates")
PARTS = (*CONTEST, "documents", "million", "processes", "profile")
GROWING = ("page", "point", "candidates")
SEEN = ("page", "candidates")

FULL = Pace(
    {8: 3, 1: 3, 32: 3},
    seconds={8: 2, 1: 1, 32: 1},
    more={("page", 8): 5, ("point", 8): 5, ("candidates", 8): 5, ("page", 32): 4},
)
QUICK = Pace({8: 3, 1: 1}, seconds={8: 1, 1: 1})
ROUNDS = 3
FIRST_SEEN = 40
PROFILED = 1_000


def main() -> None:
    options = parser().parse_args()
    if not load.is_there():
        sys.exit("make bench needs wrk, the load generator: Debian's package wrk.")
    if "million" in options.only and read_settings().database_url is not None:
        sys.exit("Two databases are compared in the part million, and DATABASE_URL names one: leave either out.")
    # Whoever ends this run ends the servers that it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The benchmark was ended."))
    FOLDER.mkdir(exist_ok=True)
    node.installed()
    with ExitStack() as stack:
        small = stack.enter_context(database(options.volunteers))
        large = stack.enter_context(database(options.more)) if "million" in options.only else None
        began = time.perf_counter()
        result = Report(options.volunteers, options.more, small.version, QUICK if options.quick else FULL)
        measure(result, small, large, options)
        result.seconds = time.perf_counter() - began
    whole = is_whole(options)
    if whole:
        result.bars.append(bar.of_run(result.seconds))
    folder = REPORT if whole else FOLDER
    report.write(result, folder, tried=TRIED)
    plot.draw(result.results, folder / "report.png")
    told(result, folder)


def told(result: Report, folder: Path) -> None:
    for each in result.bars:
        print(f"{each.what}: {report.number(each.measured, 2)}, {each.limit}: {each.verdict.strip('*')}")
    print(f"{result.seconds / 60:.1f} minutes; the report is {folder / 'report.md'}.")
    if missed := [each.what for each in result.bars if not each.reached]:
        sys.exit(f"Missed: {'; '.join(missed)}.")


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--volunteers", type=int, default=200_000)
    options.add_argument("--more", type=int, default=1_000_000, help="volunteers of the larger database")
    options.add_argument("--documents", type=int, default=10_000, help="different ones, for the memory they cost")
    options.add_argument("--only", type=parts, default=PARTS, help=f"some of {','.join(PARTS)}")
    options.add_argument("--quick", action="store_true", help="fewer and shorter rounds, none at 32 connections")
    return options


def parts(text: str) -> tuple[str, ...]:
    named = tuple(text.split(","))
    if unknown := set(named) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(PARTS)}")
    return named


def is_whole(options: argparse.Namespace) -> bool:
    """Whether the report may stand for the program as it is."""
    return options == parser().parse_args([])


def measure(result: Report, small: Database, large: Database | None, options: argparse.Namespace) -> None:
    asked = queries(small.facts)
    if wanted := [asked[name] for name in CONTEST if name in options.only]:
        compete(result, small, wanted)
    if "documents" in options.only:
        seen = [asked[name] for name in SEEN]
        result.first_seen = [uvloop.run(inside.first_seen(small, query, documents=FIRST_SEEN)) for query in seen]
        result.cold = [growth.cold(small, query) for query in seen]
        result.storm = growth.storm(small, documents=options.documents)
        result.bars += bar.of_documents(result.first_seen, result.storm)
    if large is not None:
        twins = queries(large.facts)
        result.larger = growth.larger(small, large, [(asked[name], twins[name]) for name in GROWING], rounds=ROUNDS)
        result.bars += bar.of_larger(result.larger)
    if "processes" in options.only:
        result.second = growth.second(small, asked["point"], rounds=ROUNDS)
        result.bars += bar.of_second(result.second)
    if "profile" in options.only:
        result.profiles = [
            uvloop.run(inside.profiled(small, asked[name], requests=PROFILED)) for name in ("page", "point")
        ]


def compete(result: Report, database: Database, asked: Sequence[Query]) -> None:
    asyncio.run(declared(database.url, TITLE))  # What a run that was broken off has left.
    with all_peers(database) as peers:
        try:
            result.results = contest.hold(asked, peers, database.process, result.pace)
            result.resident = {peer.name: peer.server.resident_mb for peer in peers if peer.name != UNSCOPED}
        finally:
            written = asyncio.run(declared(database.url, TITLE))
    said = sum(each.load.done for each in result.results.rounds if each.query == "mutation")
    if written < said:
        sys.exit(f"Of {said} incidents declared, only {written} were found.")
    result.bars += bar.of_contest(result.results)


if __name__ == "__main__":
    main()
