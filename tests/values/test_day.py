from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.values.day import birthday, check_earliest, parse_day
from api.values.problem import Unreadable

READ = {
    "2026-11-21": date(2026, 11, 21),
    "2028-02-29": date(2028, 2, 29),
    "2000-02-29": date(2000, 2, 29),
    "1900-01-01": date(1900, 1, 1),
    "2200-12-31": date(2200, 12, 31),
    "1945-08-17": date(1945, 8, 17),
    "2026-01-31": date(2026, 1, 31),
    "2026-12-01": date(2026, 12, 1),
    "1999-04-30": date(1999, 4, 30),
    "2026-03-01": date(2026, 3, 1),
}

REFUSED = [
    "2027-02-29",
    "1900-02-29",
    "2026-04-31",
    "2026-13-01",
    "2026-00-10",
    "2026-01-00",
    "2026-1-1",
    "20261121",
    "2026-W47-6",
    "2026-325",
    "21-11-2026",
    "21/11/2026",
    "2026/11/21",
    "2026-11-21T00:00:00Z",
    " 2026-11-21",
    "2026-11-21\n",
    "\u0662026-11-21",
    "1899-12-31",
    "2201-01-01",
    "0000-01-01",
    "",
]


@pytest.mark.parametrize("written", READ)
def test_a_day_is_read(written: str) -> None:
    assert parse_day(written) == READ[written]


@pytest.mark.parametrize("written", REFUSED)
def test_another_day_is_refused(written: str) -> None:
    with pytest.raises(Unreadable):
        parse_day(written)


@settings(deadline=None)
@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_every_day_is_read(day: date) -> None:
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize(
    ("day", "birth_date"),
    [
        (date(1945, 1, 1), None),
        (date(2026, 3, 1), None),
        (date(2005, 6, 15), date(1990, 6, 15)),
        (date(2019, 2, 28), date(2004, 2, 29)),
    ],
)
def test_a_day_of_a_life_is_accepted(day: date, birth_date: date | None) -> None:
    check_earliest(day, birth_date=birth_date)


@pytest.mark.parametrize(
    ("day", "birth_date", "message"),
    [
        (date(1900, 1, 1), None, "before 1945"),
        (date(1944, 12, 31), None, "before 1945"),
        (date(1944, 12, 31), date(1920, 1, 1), "before 1945"),
        (date(2005, 6, 14), date(1990, 6, 15), "was not 15 years old"),
        (date(2019, 2, 27), date(2004, 2, 29), "was not 15 years old"),
        (date(1980, 1, 1), date(1990, 6, 15), "was not 15 years old"),
    ],
)
def test_a_day_too_early_is_refused(day: date, birth_date: date | None, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        check_earliest(day, birth_date=birth_date)


def test_a_birthday_on_29_february_is_in_every_year() -> None:
    assert [birthday(date(2004, 2, 29), age) for age in (15, 16)] == [date(2019, 2, 28), date(2020, 2, 29)]
