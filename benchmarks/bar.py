"""The bars: what is wanted of the figures, and by how much it is missed."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.contest import Results
from benchmarks.growth import FULL, Larger, Second, Storm
from benchmarks.inside import FirstSeen
from benchmarks.peer import CONNECTIONS, FLOOR, OF_SCOPE, OURS, POSTGRAPHILE, UNSCOPED

CROWD = 32

# How often our requests per second must be the other's, at CONNECTIONS.
RATIOS = (
    ("page", POSTGRAPHILE, 3.0),
    ("page", FLOOR, 0.80),
    ("deep", POSTGRAPHILE, 5.0),
    ("deep", FLOOR, 0.95),
    ("point", POSTGRAPHILE, 2.0),
    ("point", FLOOR, 0.60),
)
P99_SHARE = 0.25
SCOPED_SHARE = 1 / 1.1
FIRST_SEEN_MS = 5.0
CANDIDATES_MS = 10.0
GROWTH = 1.3
MEMORY_GROWTH = 1.05
SECOND_PROCESS = 1.7
MINUTES = 15.0


@dataclass(frozen=True)
class Bar:
    """At least, or at most, so much of something."""

    what: str
    wanted: float
    measured: float | None
    unit: str = "times"
    at_most: bool = False

    @property
    def reached(self) -> bool:
        if self.measured is None:
            return False
        return self.measured <= self.wanted if self.at_most else self.measured >= self.wanted

    @property
    def limit(self) -> str:
        return f"{'at most' if self.at_most else 'at least'} {self.wanted:.2f} {self.unit}"

    @property
    def verdict(self) -> str:
        """By how much it is missed, as a share of what is wanted."""
        if self.measured is None:
            return "**not measured**"
        share = abs(self.measured / self.wanted - 1) * 100
        return "reached" if self.reached else f"**missed by {share:.0f} %**"


def of_contest(results: Results) -> list[Bar]:
    """Those of the queries that were asked; each ratio is the median of the rounds' own ratios."""
    asked = {each.query for each in results.rounds}
    bars = [
        Bar(f"{query}, requests/s, of {other}'s", wanted, results.ratio(query, OURS, other, connections=CONNECTIONS))
        for query, other, wanted in RATIOS
        if query in asked
    ]
    if "page" in asked and results.of("page", OURS, CROWD):
        p99 = results.ratio("page", OURS, POSTGRAPHILE, connections=CROWD, name="p99")
        bars.append(Bar(f"page, p99 at {CROWD} connections, of {POSTGRAPHILE}'s", P99_SHARE, p99, at_most=True))
    for query in sorted(OF_SCOPE & asked):
        scoped = results.ratio(query, OURS, UNSCOPED, connections=CONNECTIONS)
        bars.append(Bar(f"{query}, requests/s of a scoped actor, of an unscoped one's", SCOPED_SHARE, scoped))
    if "candidates" in asked:
        p50 = results.median("candidates", OURS, 1, "p50")
        bars.append(Bar("candidates, p50 at 1 connection", CANDIDATES_MS, p50, "ms", at_most=True))
    return bars


def of_documents(first: Sequence[FirstSeen], storm: Storm) -> list[Bar]:
    grown = storm.after_mb / storm.full_mb
    beyond = "seen for the first time, beyond PostgreSQL's own prepare"
    return [
        *(Bar(f"{each.query} {beyond}", FIRST_SEEN_MS, each.added, "ms", at_most=True) for each in first),
        Bar(f"memory after {storm.documents:,} documents, of that after {FULL:,}", MEMORY_GROWTH, grown, at_most=True),
    ]


def of_larger(larger: Sequence[Larger]) -> list[Bar]:
    return [Bar(f"{each.query}, time with the larger database", GROWTH, each.ratio, at_most=True) for each in larger]


def of_second(second: Sequence[Second]) -> list[Bar]:
    """Only of work for Python alone: for the other there is no free core."""
    return [Bar("a second process, requests/s of one", SECOND_PROCESS, second[0].ratio)]


def of_run(seconds: float) -> Bar:
    return Bar("the whole run, without the making of its data", MINUTES, seconds / 60, "minutes", at_most=True)
