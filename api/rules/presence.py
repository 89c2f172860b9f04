"""Who is inside a place now, and what was had already, by the scan log: the same in whatever order the scans came."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from api.models import Scan
from api.models.day import local_day
from api.models.scan import ScanFinding, ScanPoint
from api.rules.rule import Condition, Sql

GATE = (ScanPoint.ENTRY, ScanPoint.EXIT)


_ORDER = ("at", "device", "nonce")


def is_inside(place_id: Sql, person_id: Sql) -> Condition:
    """Whether the last of the person's gate scans is an entry; of two at the same instant, the exit is the last."""
    scan = Scan.alias()
    last = (
        sa.select(scan.c.point)
        .where(scan.c.place_id == place_id, scan.c.person_id == person_id, scan.c.counts, scan.c.point.in_(GATE))
        .order_by(scan.c.at.desc(), scan.c.point.desc())
        .limit(1)
        .correlate_except(scan)
    )
    return sa.func.coalesce(last.scalar_subquery() == ScanPoint.ENTRY, sa.false(), type_=sa.Boolean())


def present_count(place_id: Sql) -> Sql:
    """How many people are inside a place."""
    scan = Scan.alias()
    last = (
        sa.select(scan.c.person_id, scan.c.point)
        .ext(distinct_on(scan.c.person_id))
        .where(scan.c.place_id == place_id, scan.c.counts, scan.c.point.in_(GATE))
        .order_by(scan.c.person_id, scan.c.at.desc(), scan.c.point.desc())
        .correlate_except(scan)
        .subquery()
    )
    inside = sa.select(sa.cast(sa.func.count(), sa.Integer)).select_from(last).where(last.c.point == ScanPoint.ENTRY)
    return inside.scalar_subquery()


def finding(scan: sa.FromClause, kabupaten_code: Sql) -> Sql:
    """What is wrong with a scan: what was found when it came, or that an earlier one makes it needless."""
    return sa.case(
        (scan.c.finding.is_not(None), scan.c.finding),
        (sa.not_(scan.c.counts), sa.null()),
        (sa.and_(scan.c.point == ScanPoint.ENTRY, _was_inside(scan)), _literal(ScanFinding.ALREADY_INSIDE)),
        (sa.and_(scan.c.point.not_in(GATE), _was_had(scan, kabupaten_code)), _literal(ScanFinding.ALREADY_HAD)),
        else_=sa.null(),
    )


def _literal(finding: ScanFinding) -> Sql:
    return sa.literal_column(f"'{finding}'", sa.Text)


def _earlier(scan: sa.FromClause, other: sa.FromClause) -> Condition:
    return sa.and_(
        other.c.place_id == scan.c.place_id,
        other.c.person_id == scan.c.person_id,
        other.c.counts,
        # By what the phones say, so that the order in which they send it does not matter.
        sa.tuple_(*(other.c[name] for name in _ORDER)) < sa.tuple_(*(scan.c[name] for name in _ORDER)),
    )


def _was_inside(scan: sa.FromClause) -> Condition:
    other = Scan.alias()
    last = (
        sa.select(other.c.point)
        .where(_earlier(scan, other), other.c.point.in_(GATE))
        .order_by(other.c.at.desc(), other.c.point.desc())
        .limit(1)
        .correlate(scan)
    )
    return sa.func.coalesce(last.scalar_subquery() == ScanPoint.ENTRY, sa.false(), type_=sa.Boolean())


def _was_had(scan: sa.FromClause, kabupaten_code: Sql) -> Condition:
    """A session and a kit are had once, a meal once a day of the place."""
    other = Scan.alias()
    days = [local_day(kabupaten_code, each.c.at) for each in (scan, other)]
    same = sa.and_(
        other.c.point == scan.c.point,
        other.c.session_id.is_not_distinct_from(scan.c.session_id),
        other.c.item.is_not_distinct_from(scan.c.item),
        sa.or_(scan.c.point != ScanPoint.MEAL, days[0] == days[1]),
    )
    had: sa.Select[Any] = sa.select(sa.literal_column("1")).where(_earlier(scan, other), same)
    return had.correlate(scan).exists()
