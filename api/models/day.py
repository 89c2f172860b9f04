"""Days in SQL: the day that an instant falls on in a kabupaten, and periods of whole days."""

from typing import Any

import sqlalchemy as sa

from api.models.base import INSTANT
from api.models.place import Province

Sql = sa.ColumnElement[Any]


def time_zone(kabupaten_code: Sql) -> Sql:
    """The IANA time zone of a kabupaten, which is that of its province."""
    place = Province.alias()
    zone = sa.select(place.c.time_zone).where(place.c.code == sa.func.left(kabupaten_code, 2))
    return zone.correlate_except(place).scalar_subquery()


def local_day(kabupaten_code: Sql, instant: Sql) -> Sql:
    """The day that an instant falls on in a kabupaten."""
    return sa.cast(sa.func.timezone(time_zone(kabupaten_code), instant), sa.Date)


def day_bounds(kabupaten_code: Sql, day: Sql) -> tuple[Sql, Sql]:
    """The instants at which a day begins and ends in a kabupaten."""
    zone = time_zone(kabupaten_code)
    begin, end = (sa.func.timezone(zone, sa.cast(each, sa.DateTime), type_=INSTANT) for each in (day, day + 1))
    return begin, end


def days_of_provinces(instant: Sql) -> sa.Subquery:
    """The day that an instant falls on in each province, computed once for each and not for each row that joins it."""
    day = sa.cast(sa.func.timezone(Province.c.time_zone, instant), sa.Date)
    return sa.select(Province.c.code, day.label("day")).offset(0).subquery()


def days_between(since: Any, until: Any) -> Sql:
    """A range of whole days, both ends included; unbounded when `until` is null."""
    return sa.func.daterange(since, until, "[]")
