"""The bars: targets for measured figures, and by how much a figure misses its target."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.comparison import Results
from benchmarks.in_process import FirstRequest
from benchmarks.peer import CONNECTIONS, FLOOR, OURS, POSTGRAPHILE, SCOPED_QUERIES, UNSCOPED
from benchmarks.scaling import CACHE_FILL_DOCUMENTS, DistinctDocuments, LargerDatabase, SecondProcess

HIGH_CONNECTIONS = 32

# Query, other server, and the wanted ratio of Sigap's requests per second to that server's, at CONNECTIONS.
RATIOS = (
    ("page", POSTGRAPHILE, 3.0),
    ("page", FLOOR, 0.80),
    ("deep", POSTGRAPHILE, 5.0),
    ("deep", FLOOR, 0.95),
    ("point", POSTGRAPHILE, 2.0),
    ("point", FLOOR, 0.60),
    # A count takes at most a fifth longer than the database's own.
    ("count", POSTGRAPHILE, 1.0),
    ("count", FLOOR, 1 / 1.2),
    ("mutation", FLOOR, 0.5),
)
P99_SHARE = 0.25
SCOPED_SHARE = 1 / 1.1
FIRST_REQUEST_MS = 5.0
# Milliseconds of a request at one connection, half of the requests at most.
P50_MS = {"candidates": 10.0, "incident": 10.0, "search": 10.0, "person": 10.0, "readiness": 20.0}
GROWTH = 1.3
MEMORY_GROWTH = 1.05
SECOND_PROCESS = 1.7
MINUTES = 15.0


@dataclass(frozen=True)
class Bar:
    """A target for a figure, as a minimum or a maximum."""

    name: str
    target: float
    measured: float | None
    unit: str = "times"
    at_most: bool = False

    @property
    def is_reached(self) -> bool:
        if self.measured is None:
            return False
        return self.measured <= self.target if self.at_most else self.measured >= self.target

    @property
    def limit(self) -> str:
        return f"{'at most' if self.at_most else 'at least'} {self.target:.2f} {self.unit}"

    @property
    def verdict(self) -> str:
        """Whether the target is reached, or by how many percent of the target it is missed."""
        if self.measured is None:
            return "**not measured**"
        share = abs(self.measured / self.target - 1) * 100
        return "reached" if self.is_reached else f"**missed by {share:.0f} %**"


def comparison_bars(results: Results) -> list[Bar]:
    """The bars of the queries that were measured. A ratio is the median of the ratios within the rounds."""
    measured = {each.query for each in results.rounds}
    bars = [
        Bar(
            f"{query}: requests/s, ratio to {other}", target, results.ratio(query, OURS, other, connections=CONNECTIONS)
        )
        for query, other, target in RATIOS
        if query in measured
    ]
    if "page" in measured and results.select("page", OURS, HIGH_CONNECTIONS):
        p99 = results.ratio("page", OURS, POSTGRAPHILE, connections=HIGH_CONNECTIONS, name="p99")
        bars.append(
            Bar(f"page: p99 at {HIGH_CONNECTIONS} connections, ratio to {POSTGRAPHILE}", P99_SHARE, p99, at_most=True)
        )
    for query in sorted(SCOPED_QUERIES & measured):
        scoped = results.ratio(query, OURS, UNSCOPED, connections=CONNECTIONS)
        bars.append(Bar(f"{query}: requests/s of a scoped actor, ratio to an unscoped one", SCOPED_SHARE, scoped))
    for query, most in P50_MS.items():
        if query in measured:
            p50 = results.median(query, OURS, 1, "p50")
            bars.append(Bar(f"{query}: p50 at 1 connection", most, p50, "ms", at_most=True))
    return bars


def document_bars(first: Sequence[FirstRequest], distinct: DistinctDocuments) -> list[Bar]:
    growth = distinct.after_mb / distinct.full_mb
    memory = f"memory after {distinct.documents:,} documents, ratio to that after {CACHE_FILL_DOCUMENTS:,}"
    return [
        *(
            Bar(
                f"{each.query}: first request, without PostgreSQL's prepare",
                FIRST_REQUEST_MS,
                each.added,
                "ms",
                at_most=True,
            )
            for each in first
        ),
        Bar(memory, MEMORY_GROWTH, growth, at_most=True),
    ]


def larger_database_bars(results: Sequence[LargerDatabase]) -> list[Bar]:
    name = "time with the larger database, ratio to the smaller one"
    return [Bar(f"{each.query}: {name}", GROWTH, each.ratio, at_most=True) for each in results]


def second_process_bars(results: Sequence[SecondProcess]) -> list[Bar]:
    """The bar for work in Python only, because there is no free core for work in the database."""
    return [Bar("requests/s of two processes, ratio to one", SECOND_PROCESS, results[0].ratio)]


def run_time_bar(seconds: float) -> Bar:
    return Bar("duration of the run, without making its data", MINUTES, seconds / 60, "minutes", at_most=True)
