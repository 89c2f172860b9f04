"""Calendar days in inputs."""

import re
from datetime import date

from api.values.problem import Unreadable

FIRST_YEAR, LAST_YEAR = 1900, 2200

# Nothing that is registered happened before the republic.
EARLIEST = date(1945, 1, 1)
YOUNGEST_AGE = 15

FULL_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_day(text: str) -> date:
    """A full-date of RFC 3339. Raises `Unreadable`."""
    if not FULL_DATE.fullmatch(text):
        raise Unreadable(
            "Tanggal ditulis tahun-bulan-hari, misalnya 2026-11-21.",
            "A date is written as year, month and day, for instance 2026-11-21.",
        )
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Unreadable("Hari ini tidak ada di kalender.", "This day is not in the calendar.") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Unreadable(
            f"Tahunnya antara {FIRST_YEAR} dan {LAST_YEAR}.", f"The year lies between {FIRST_YEAR} and {LAST_YEAR}."
        )
    return day


def check_earliest(day: date, *, birth_date: date | None = None) -> None:
    """Raises `Unreadable` for a day before 1945, or before the fifteenth birthday of the person."""
    if day < EARLIEST:
        raise Unreadable("Tanggalnya tidak boleh sebelum tahun 1945.", "The day must not be before 1945.")
    if birth_date is not None and day < birthday(birth_date, YOUNGEST_AGE):
        raise Unreadable(
            f"Pada tanggal itu orangnya belum berumur {YOUNGEST_AGE} tahun; periksa tanggal ini dan tanggal lahirnya.",
            f"On that day the person was not {YOUNGEST_AGE} years old; check the day and the day of birth.",
        )


def birthday(birth_date: date, age: int) -> date:
    """The day on which a person reaches an age. Who was born on 29 February reaches it on 28 February of other years."""
    year = birth_date.year + age
    try:
        return birth_date.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
