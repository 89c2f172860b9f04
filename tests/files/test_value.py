from collections.abc import Callable
from datetime import date

import pytest

from api.files.cell import Cell, Fault
from api.files.value import code_of, day_of, is_ambiguous_day, is_month_first, place_code_of, text_of
from api.values.problem import Unreadable

REFUSED = "refused"


def outcome(read: Callable[[Cell], object], cell: Cell) -> object:
    try:
        return read(cell)
    except Unreadable:
        return REFUSED


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Budi", "Budi"),
        ("'Budi", "Budi"),
        ("-", None),
        (None, None),
        ("N/A", None),
        (7, "7"),
        (1.5, REFUSED),
        (True, REFUSED),
        (date(2020, 1, 1), REFUSED),
        (Fault.FORMULA, REFUSED),
    ],
)
def test_texts(cell: Cell, expected: object) -> None:
    assert outcome(text_of, cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("6202014507900001", "6202014507900001"),
        ("'6202014507900001", "6202014507900001"),
        (6202014507900001, "6202014507900001"),
        (6202014507900000, REFUSED),
        # The last whole number that is exact, and one that may have been the next.
        (9007199254740991, "9007199254740991"),
        (9171011501900004, REFUSED),
        ("9171011501900003", "9171011501900003"),
        ("6,20201E+15", REFUSED),
        ("6.20201450790000E+15", REFUSED),
        (81234567890, "81234567890"),
        ("81234567890.0", "81234567890"),
        ("'0812", "0812"),
        (120, "120"),
    ],
    ids=repr,
)
def test_codes_of_digits(cell: Cell, expected: object) -> None:
    assert outcome(code_of, cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("62.02", "62.02"),
        (62.02, "62.02"),
        (62.1, "62.10"),
        ("62.1", "62.10"),
        ("62,71", "62.71"),
        (6202, "62.02"),
        ("6202", "62.02"),
        (62, "62"),
        ("Kapuas", "Kapuas"),
        (1.5, REFUSED),
    ],
    ids=repr,
)
def test_codes_of_places(cell: Cell, expected: object) -> None:
    assert outcome(place_code_of, cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (date(1995, 8, 17), date(1995, 8, 17)),
        (34928, date(1995, 8, 17)),
        ("34928", date(1995, 8, 17)),
        ("17/08/1995", date(1995, 8, 17)),
        ("17-8-1995", date(1995, 8, 17)),
        ("17.08.1995", date(1995, 8, 17)),
        ("1995-08-17", date(1995, 8, 17)),
        ("1995-08-17 00:00:00", date(1995, 8, 17)),
        ("17 Agustus 1995", date(1995, 8, 17)),
        ("17-Agt-1995", date(1995, 8, 17)),
        ("17 Aug 1995", date(1995, 8, 17)),
        ("1 Mei 1995", date(1995, 5, 1)),
        ("08/17/1995", REFUSED),
        ("17/08/95", REFUSED),
        ("31/02/1995", REFUSED),
        ("1995", REFUSED),
        (1995, REFUSED),
        (99999, REFUSED),
        (34928.5, REFUSED),
        ("17 Agung 1995", REFUSED),
        (date(1899, 1, 1), REFUSED),
        (Fault.TIME, REFUSED),
        (None, None),
        ("-", None),
    ],
    ids=repr,
)
def test_days(cell: Cell, expected: object) -> None:
    assert outcome(day_of, cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("08/17/1995", (True, False)),
        ("17/08/1995", (False, False)),
        ("02/03/1995", (False, True)),
        ("03/03/1995", (False, False)),
        ("45/99/1995", (False, False)),
        (date(1995, 3, 2), (False, False)),
    ],
)
def test_days_that_may_have_their_month_first(cell: Cell, expected: tuple[bool, bool]) -> None:
    assert (is_month_first(cell), is_ambiguous_day(cell)) == expected
