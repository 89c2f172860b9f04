from collections.abc import Mapping

import pytest

from benchmarks.__main__ import is_full_run, parser
from benchmarks.bar import Bar
from benchmarks.comparison import Measured, Results, RoundPlan, normalized
from benchmarks.in_process import distinct_document
from benchmarks.load import Load
from benchmarks.mixed import growth
from benchmarks.peer import CONNECTIONS, MERCURIUS, OURS
from benchmarks.query import CANDIDATES, PAGE, Query
from benchmarks.report import faster_peers

KEY = "018bcfe5-854c-7818-b675-120fd81bf1c9"


def rounds(peer: str, figures: Mapping[int, float], *, connections: int = CONNECTIONS) -> list[Measured]:
    """Rounds with these requests per second, by the number of the round."""
    return [
        Measured("point", peer, connections, Load(100, requests, 1.0, 2.0), 0.5, None, number)
        for number, requests in figures.items()
    ]


@pytest.mark.parametrize(
    ("measured", "at_most", "is_reached", "verdict"),
    [
        (2.0, False, True, "reached"),
        (3.0, False, True, "reached"),
        (1.5, False, False, "**missed by 25 %**"),
        (2.0, True, True, "reached"),
        (1.5, True, True, "reached"),
        (2.5, True, False, "**missed by 25 %**"),
        (None, False, False, "**not measured**"),
        (None, True, False, "**not measured**"),
    ],
)
def test_a_bar_is_reached_or_missed_by_a_percentage(
    *, measured: float | None, at_most: bool, is_reached: bool, verdict: str
) -> None:
    bar = Bar("page", 2.0, measured, at_most=at_most)

    assert bar.is_reached is is_reached
    assert bar.verdict == verdict


def test_a_limit_has_a_direction_and_a_unit() -> None:
    assert Bar("page", 3.0, None).limit == "at least 3.00 times"
    assert Bar("memory", 70.0, None, "MB", at_most=True).limit == "at most 70.00 MB"


def test_a_ratio_is_the_median_of_the_ratios_within_rounds() -> None:
    """In the second round both servers are ten times slower."""
    results = Results([*rounds(OURS, {2: 400, 0: 300, 1: 20}), *rounds(MERCURIUS, {0: 100, 1: 10, 2: 100})])

    assert results.ratio("point", OURS, MERCURIUS, connections=CONNECTIONS) == 3.0


def test_rounds_of_one_server_only_do_not_count() -> None:
    results = Results([*rounds(OURS, {0: 300, 1: 900, 2: 900}), *rounds(MERCURIUS, {0: 100, 3: 1})])

    assert results.ratio("point", OURS, MERCURIUS, connections=CONNECTIONS) == 3.0


def test_there_is_no_ratio_without_rounds_at_the_same_connections_or_without_the_figure() -> None:
    results = Results([*rounds(OURS, {0: 300}), *rounds(MERCURIUS, {0: 100}, connections=1)])

    assert results.ratio("point", OURS, MERCURIUS, connections=CONNECTIONS) is None
    assert results.ratio("point", OURS, OURS, connections=CONNECTIONS, name="database_ms") is None


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"id": f"Volunteer:{KEY}"}, {"id": KEY}),
        ({"startedAt": "2026-01-02T03:04:05Z"}, {"startedAt": "2026-01-02T10:04:05+07:00"}),
        ({"nodes": [{"at": "2026-01-02T03:04:05.5Z"}]}, {"nodes": [{"at": "2026-01-02T03:04:05.500000+00:00"}]}),
        ({"incident": None, "problems": []}, {"incident": None}),
    ],
)
def test_answers_with_different_formats_are_equal(ours: object, theirs: object) -> None:
    assert normalized(ours) == normalized(theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"nodes": [1, 2]}, {"nodes": [2, 1]}),
        ({"name": None}, {}),
        ({"nodes": []}, {}),
        ({"problems": [{"code": "TAKEN"}]}, {}),
        ({"id": f"Volunteer:{KEY}"}, {"id": KEY.replace("1", "2")}),
        ({"name": "Volunteer:1"}, {"name": "1"}),
        ({"startedAt": "2026-01-02T03:04:05Z"}, {"startedAt": "2026-01-02T03:04:06Z"}),
        ({"total": 1}, {"total": "1"}),
    ],
)
def test_answers_with_different_values_differ(ours: object, theirs: object) -> None:
    assert normalized(ours) != normalized(theirs)


def test_a_faster_peer_is_named() -> None:
    results = Results([*rounds(OURS, {0: 100}), *rounds(MERCURIUS, {0: 125})])

    assert "Mercurius in point (1.25 times ours)" in faster_peers(results)


def test_a_slower_peer_is_not_named() -> None:
    results = Results([*rounds(OURS, {0: 100}), *rounds(MERCURIUS, {0: 99})])

    assert faster_peers(results).startswith("No peer has more")
    assert not faster_peers(Results(rounds(OURS, {0: 100})))


@pytest.mark.parametrize(
    "arguments", [["--quick"], ["--only", "page"], ["--volunteers", "1000"], ["--more", "2000"], ["--documents", "30"]]
)
def test_only_a_run_with_default_options_is_a_full_run(arguments: list[str]) -> None:
    assert is_full_run(parser().parse_args([]))
    assert not is_full_run(parser().parse_args(arguments))


def test_a_slow_server_has_longer_rounds_and_a_very_slow_one_none_at_many_connections() -> None:
    plan = RoundPlan({1: 3, 8: 3}, seconds={1: 1, 8: 2})

    assert plan.seconds_for(0.001, 8) == 2
    assert plan.seconds_for(0.1, 8) == 4
    assert plan.seconds_for(2.0, 1) == 6
    assert plan.seconds_for(2.0, 8) is None


@pytest.mark.parametrize("document", [PAGE, CANDIDATES])
def test_documents_for_first_requests_differ(document: str) -> None:
    query = Query("page", document, [{}])

    assert len({document, *(distinct_document(query, number) for number in range(3))}) == 4


def test_the_growth_of_memory_is_measured_once_the_caches_are_filled() -> None:
    samples = [100.0, 150.0, *(200.0, 210.0), *(205.0 for _ in range(14)), *(220.0, 230.0)]

    assert growth(samples) == (205.0, 225.0)
