"""Instants, written in RFC 3339 and nothing else."""

import re
from datetime import UTC, datetime, timedelta

from api.values.day import FIRST_YEAR, LAST_YEAR
from api.values.problem import Unreadable

RFC_3339 = re.compile(
    r"""
    (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}) [Tt]
    (?P<hour>[01][0-9]|2[0-3]) : (?P<minute>[0-5][0-9]) : (?P<second>[0-5][0-9]|60) (?:\.(?P<fraction>[0-9]+))?
    (?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])
    """,
    re.VERBOSE,
)


def parse_instant(text: str) -> datetime:
    """The instant in UTC. Raises `Unreadable`.

    Digits of a second after the sixth are dropped, as the database stores microseconds. A leap second (23:59:60 in UTC at the end of June
    or December) is read as the following second, as PostgreSQL does.
    """
    parts = RFC_3339.fullmatch(text)
    if parts is None:
        raise Unreadable(
            "Waktu ditulis menurut RFC 3339 dengan selisih UTC-nya, misalnya 2026-11-21T08:00:00+07:00.",
            "A time is written in RFC 3339 with its UTC offset, for instance 2026-11-21T08:00:00+07:00.",
        )
    is_leap_second = parts["second"] == "60"
    second = "59" if is_leap_second else parts["second"]
    fraction = (parts["fraction"] or "")[:6].ljust(6, "0")
    try:
        written = datetime.fromisoformat(
            f"{parts['day']}T{parts['hour']}:{parts['minute']}:{second}.{fraction}{parts['offset'].upper()}"
        )
    except ValueError:
        raise Unreadable("Hari ini tidak ada di kalender.", "This day is not in the calendar.") from None
    if not FIRST_YEAR <= written.year <= LAST_YEAR:
        raise Unreadable(
            f"Tahunnya antara {FIRST_YEAR} dan {LAST_YEAR}.", f"The year lies between {FIRST_YEAR} and {LAST_YEAR}."
        )
    instant = written.astimezone(UTC)
    return _after_leap_second(instant) if is_leap_second else instant


def _after_leap_second(last_second: datetime) -> datetime:
    following = last_second + timedelta(seconds=1)
    if (following.month, following.day, following.hour, following.minute, following.second) not in (
        (1, 1, 0, 0, 0),
        (7, 1, 0, 0, 0),
    ):
        raise Unreadable(
            "Detik 60 hanya ada pada detik kabisat; detik ditulis 00 sampai 59.",
            "There is a second 60 in leap seconds only; seconds are 00 to 59.",
        )
    return following
