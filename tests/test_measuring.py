import sys
import threading

import pytest


@pytest.fixture
def traces_of_a_fixture() -> list[object]:
    return [sys.gettrace(), threading.gettrace()]


@pytest.mark.parametrize(
    "marked", [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("fuzz", "unmeasured")]
)
def test_no_coverage_is_measured_in_a_slow_proof_and_its_fixtures(
    marked: str, traces_of_a_fixture: list[object]
) -> None:
    assert [*traces_of_a_fixture, sys.gettrace(), threading.gettrace()] == [None] * 4
