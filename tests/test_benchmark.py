from collections.abc import Mapping

import pytest

from benchmarks.__main__ import is_whole, parser
from benchmarks.bar import Bar
from benchmarks.contest import Measured, Pace, Results, plain
from benchmarks.inside import variant
from benchmarks.load import Load
from benchmarks.peer import CONNECTIONS, MERCURIUS, OURS
from benchmarks.query import CANDIDATES, PAGE, Query
from benchmarks.report import faster

KEY = "018bcfe5-854c-7818-b675-120fd81bf1c9"


def rounds(peer: str, figures: Mapping[int, float], *, connections: int = CONNECTIONS) -> list[Measured]:
    """Requests per second by the number of the round."""
    return [
        Measured("point", peer, connections, Load(100, requests, 1.0, 2.0), 0.5, None, number)
        for number, requests in figures.items()
    ]


@pytest.mark.parametrize(
    ("measured", "at_most", "reached", "verdict"),
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
def test_a_bar_tells_whether_and_by_how_much_it_is_missed(
    *, measured: float | None, at_most: bool, reached: bool, verdict: str
) -> None:
    bar = Bar("page", 2.0, measured, at_most=at_most)

    assert bar.reached is reached
    assert bar.verdict == verdict


def test_a_limit_is_said_with_its_direction_and_unit() -> None:
    assert Bar("page", 3.0, None).limit == "at least 3.00 times"
    assert Bar("memory", 70.0, None, "MB", at_most=True).limit == "at most 70.00 MB"


def test_a_ratio_is_the_median_of_those_within_a_round() -> None:
    """The machine was ten times slower in the second round, for both."""
    results = Results([*rounds(OURS, {2: 400, 0: 300, 1: 20}), *rounds(MERCURIUS, {0: 100, 1: 10, 2: 100})])

    assert results.ratio("point", OURS, MERCURIUS, connections=CONNECTIONS) == 3.0


def test_a_round_without_its_counterpart_does_not_count() -> None:
    results = Results([*rounds(OURS, {0: 300, 1: 900, 2: 900}), *rounds(MERCURIUS, {0: 100, 3: 1})])

    assert results.ratio("point", OURS, MERCURIUS, connections=CONNECTIONS) == 3.0


def test_rounds_of_other_connections_or_figures_that_are_missing_make_no_ratio() -> None:
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
def test_answers_are_alike_whatever_their_form(ours: object, theirs: object) -> None:
    assert plain(ours) == plain(theirs)


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
def test_answers_that_say_something_else_differ(ours: object, theirs: object) -> None:
    assert plain(ours) != plain(theirs)


def test_a_faster_peer_is_named() -> None:
    results = Results([*rounds(OURS, {0: 100}), *rounds(MERCURIUS, {0: 125})])

    assert "Mercurius in point (1.25 times ours)" in faster(results)


def test_no_peer_is_named_that_is_not_faster() -> None:
    results = Results([*rounds(OURS, {0: 100}), *rounds(MERCURIUS, {0: 99})])

    assert faster(results).startswith("No peer does more")
    assert not faster(Results(rounds(OURS, {0: 100})))


@pytest.mark.parametrize(
    "chosen", [["--quick"], ["--only", "page"], ["--volunteers", "1000"], ["--more", "2000"], ["--documents", "30"]]
)
def test_only_a_run_as_it_comes_stands_for_the_program(chosen: list[str]) -> None:
    assert is_whole(parser().parse_args([]))
    assert not is_whole(parser().parse_args(chosen))


def test_a_slow_server_is_asked_for_longer_and_a_very_slow_one_not_by_many() -> None:
    pace = Pace({1: 3, 8: 3}, seconds={1: 1, 8: 2})

    assert pace.seconds_of(0.001, 8) == 2
    assert pace.seconds_of(0.1, 8) == 4
    assert pace.seconds_of(2.0, 1) == 6
    assert pace.seconds_of(2.0, 8) is None


@pytest.mark.parametrize("document", [PAGE, CANDIDATES])
def test_documents_seen_for_the_first_time_differ(document: str) -> None:
    query = Query("page", document, [{}])

    assert len({document, *(variant(query, number) for number in range(3))}) == 4
