from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.values.instant import parse_instant
from api.values.problem import Unreadable

READ = {
    "2027-03-01T08:00:00Z": datetime(2027, 3, 1, 8, tzinfo=UTC),
    "2027-03-01t08:00:00z": datetime(2027, 3, 1, 8, tzinfo=UTC),
    "2027-03-01T08:00:00+07:00": datetime(2027, 3, 1, 1, tzinfo=UTC),
    "2027-03-01T00:00:00+09:00": datetime(2027, 2, 28, 15, tzinfo=UTC),
    "2027-03-01T08:00:00-23:59": datetime(2027, 3, 2, 7, 59, tzinfo=UTC),
    "2027-03-01T08:00:00-00:00": datetime(2027, 3, 1, 8, tzinfo=UTC),
    "2027-03-01T08:00:00.5Z": datetime(2027, 3, 1, 8, 0, 0, 500_000, tzinfo=UTC),
    "2027-03-01T08:00:00.123456Z": datetime(2027, 3, 1, 8, 0, 0, 123_456, tzinfo=UTC),
    "2027-03-01T08:00:00.1234569Z": datetime(2027, 3, 1, 8, 0, 0, 123_456, tzinfo=UTC),
    "2027-03-01T23:59:59.999999999+07:00": datetime(2027, 3, 1, 16, 59, 59, 999_999, tzinfo=UTC),
    "2028-02-29T00:00:00Z": datetime(2028, 2, 29, tzinfo=UTC),
    "1900-01-01T00:00:00+07:00": datetime(1899, 12, 31, 17, tzinfo=UTC),
    "2200-12-31T23:59:59Z": datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC),
    "2016-12-31T23:59:60Z": datetime(2017, 1, 1, tzinfo=UTC),
    "2015-07-01T06:59:60.5+07:00": datetime(2015, 7, 1, 0, 0, 0, 500_000, tzinfo=UTC),
}

REFUSED = [
    "2027-W09-1T08:00:00Z",
    "2027-060T08:00:00Z",
    "2027-03-01X08:00:00Z",
    "2027-03-01 08:00:00Z",
    "2027-03-01_08:00:00Z",
    "2027-03-01T08:00:00,5Z",
    "20270301T080000Z",
    "2027-03-01T0800:00Z",
    "2027-03-01T08:00:00+07:00:15",
    "2027-03-01T08:00:00+0700",
    "2027-03-01T08:00:00+07",
    "2027-03-01T08:00:00",
    "2027-03-01T08:00Z",
    "2027-03-01",
    "2027-03-01T08:00:00.Z",
    "2027-03-01T24:00:00Z",
    "2027-03-01T08:60:00Z",
    "2027-03-01T08:00:61Z",
    "2027-03-01T08:00:60Z",
    "2027-03-01T23:59:60Z",
    "2016-12-31T23:59:60+07:00",
    "2027-02-29T08:00:00Z",
    "2027-13-01T08:00:00Z",
    "2027-00-01T08:00:00Z",
    "2027-03-01T08:00:00+24:00",
    "2027-03-01T08:00:00+07:60",
    "2027-03-01T08:00:00\u221207:00",
    "\u0662027-03-01T08:00:00Z",
    " 2027-03-01T08:00:00Z",
    "2027-03-01T08:00:00Z\n",
    "1899-12-31T23:59:59Z",
    "2201-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "12027-03-01T08:00:00Z",
    "",
]


@pytest.mark.parametrize("written", READ)
def test_an_instant_is_read(written: str) -> None:
    instant = parse_instant(written)

    assert instant == READ[written]
    assert instant.tzinfo is UTC


@pytest.mark.parametrize("written", REFUSED)
def test_what_is_not_rfc_3339_is_refused(written: str) -> None:
    with pytest.raises(Unreadable):
        parse_instant(written)


OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(deadline=None)
@given(st.builds(datetime.combine, st.dates(date(1900, 1, 1), date(2200, 12, 31)), st.times(), OFFSETS))
def test_every_instant_with_an_offset_is_read(instant: datetime) -> None:
    assert parse_instant(instant.isoformat()) == instant


@settings(deadline=None)
@given(st.text("0123456789-:TtZz+.W ", max_size=30))
def test_an_instant_that_is_read_is_written_again(text: str) -> None:
    try:
        instant = parse_instant(text)
    except Unreadable:
        return

    assert parse_instant(instant.isoformat()) == instant
