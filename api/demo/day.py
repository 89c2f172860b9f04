"""Instants of the story, from the day on which it is told; nothing here reads a clock."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Kalimantan Tengah and Lampung both keep Western Indonesian Time.
WIB = ZoneInfo("Asia/Jakarta")


def at(day: date, hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    """That hour in the field, so many days after `day`."""
    return datetime.combine(day + timedelta(days=days), time(hour, minute), tzinfo=WIB)


def months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, 28))
