"""Times relative to the day for which the demo data are made; nothing here reads a clock."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Kalimantan Tengah and Lampung are both in the zone of Western Indonesian Time.
WIB = ZoneInfo("Asia/Jakarta")
# When the day of the story begins: the last duty that is over ended then, and nobody has worked ahead of the clock.
BEGINNING = time(6, 30)


def day_of_story(now: datetime) -> date:
    """The day of which the story tells at an instant; before its beginning the one before."""
    local = now.astimezone(WIB)
    return local.date() if local.time() >= BEGINNING else local.date() - timedelta(days=1)


def at_hour(day: date, hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    """The local time `hour:minute`, `days` days after `day`."""
    return datetime.combine(day + timedelta(days=days), time(hour, minute), tzinfo=WIB)


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, but never after the 28th."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))
