"""Everyone who may be sent, in the order of rule 4: own kabupaten, own province, the nation; nearest first."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.models import Kabupaten, Volunteer
from api.rules.code import ProblemCode
from api.rules.rule import Case, Refusal, Rule, Sql, Truth, days_of
from api.rules.sending import RULES

EARTH_RADIUS_KM = 6371.0


def kilometres(latitude: Sql, longitude: Sql, to_latitude: Sql, to_longitude: Sql) -> Sql:
    """Great-circle distance in kilometres (haversine, mean radius 6,371 km)."""
    half_north = sa.func.sin(sa.func.radians(to_latitude - latitude) / 2)
    half_east = sa.func.sin(sa.func.radians(to_longitude - longitude) / 2)
    cosines = sa.func.cos(sa.func.radians(latitude)) * sa.func.cos(sa.func.radians(to_latitude))
    square = half_north * half_north + cosines * half_east * half_east
    # Rounding may carry the square past 1 between antipodes.
    return 2 * EARTH_RADIUS_KM * sa.func.asin(sa.func.least(1.0, sa.func.sqrt(square)), type_=sa.Float())


def tier_of(person: sa.FromClause, need: sa.FromClause) -> Sql:
    """1 at home in the need's kabupaten, 2 in its province, 3 elsewhere."""
    return sa.case(
        (person.c.kabupaten_code == need.c.kabupaten_code, sa.literal_column("1")),
        (person.c.province_code == sa.func.left(need.c.kabupaten_code, 2), sa.literal_column("2")),
        else_=sa.literal_column("3", sa.Integer),
    )


def _homes(person: sa.FromClause, need: sa.FromClause) -> list[list[Truth]]:
    """Where the people of each tier are at home."""
    same, province = person.c.kabupaten_code == need.c.kabupaten_code, sa.func.left(need.c.kabupaten_code, 2)
    away = person.c.kabupaten_code != need.c.kabupaten_code
    return [[same], [person.c.province_code == province, away], [person.c.province_code != province]]


def whole_period(person: sa.FromClause, need: sa.FromClause, *, days: Sql, now: Sql) -> Case:
    return Case(person, need, need.c.starts_at, need.c.ends_at, days, now)


def candidates(need: sa.FromClause, now: Sql) -> Sequence[sa.Select[Any]]:
    """The volunteers who may be sent to a need for its whole period now, a statement for each tier."""
    return [_of_tier(number, need, need.c.starts_at, need.c.ends_at, now=now) for number in range(3)]


def start(person: sa.FromClause, home: sa.FromClause) -> tuple[Sql, Sql]:
    """Where a person is known to set out: from their own position, else from the seat of the home kabupaten."""
    return (
        sa.func.coalesce(person.c.latitude, home.c.latitude, type_=sa.Float()),
        sa.func.coalesce(person.c.longitude, home.c.longitude, type_=sa.Float()),
    )


def _start(number: int, person: sa.FromClause, home: sa.FromClause) -> tuple[Sql, Sql]:
    """From where a person of a tier sets out: in the need's own kabupaten from home, else from the seat.

    Whoever coordinates the need may know a home of that kabupaten. Elsewhere the distances to a few needs would tell
    where a person lives.
    """
    return (home.c.latitude, home.c.longitude) if number else start(person, home)


def _of_tier(number: int, need: sa.FromClause, starts: Sql, ends: Sql, *, now: Sql) -> sa.Select[Any]:
    """Those of one tier for whom all rules hold, nearest first.

    The plain rules and the distances come first, for everybody of the tier; the others are asked of one person after
    the other in this order, so that whoever wants a few of the nearest does not wait for the answers about all. The
    offsets keep the planner from asking earlier, and from working out the days for every person.
    """
    volunteer, home = Volunteer.alias(), Kabupaten.alias()
    once = sa.select(days_of(need, starts, ends).label("days")).offset(0)
    period = once.correlate(need).lateral()
    distance = kilometres(*_start(number, volunteer, home), need.c.latitude, need.c.longitude).label("kilometres")
    everybody = Case(volunteer, need, starts, ends, sa.null(), now)
    plain = [rule.holds(everybody) for rule in RULES if rule.plain]
    person = (
        sa.select(volunteer, distance)
        .join(home, home.c.code == volunteer.c.kabupaten_code)
        .where(*_homes(volunteer, need)[number], *plain)
        .order_by(distance, volunteer.c.id)
        .offset(0)
        .correlate(need)
        .lateral()
    )
    case = Case(person, need, starts, ends, period.c.days, now)
    tier = sa.literal_column(str(number + 1), sa.Integer).label("tier")
    return (
        sa.select(person, tier)
        .select_from(period)
        .join(person, sa.true())
        .where(*[rule.holds(case) for rule in RULES if not rule.plain])
        .correlate(need)
    )


def _nearer(case: Case) -> list[tuple[int, sa.Select[Any]]]:
    """Who of the two nearer tiers may be sent for the same period, each with the first tier that is farther."""
    return [(tier + 2, _of_tier(tier, case.need, case.starts, case.ends, now=case.now)) for tier in range(2)]


def nobody_nearer(case: Case) -> Truth:
    tier = tier_of(case.person, case.need)
    return sa.and_(
        *(sa.or_(tier < farther, ~stage.correlate(case.person, case.need).exists()) for farther, stage in _nearer(case))
    )


def nearest_fact(case: Case) -> Mapping[str, Sql]:
    """The nearest person of the nearest tier that is not exhausted."""
    found: list[Sql] = []
    for farther, stage in _nearer(case):
        row = stage.correlate(case.person, case.need).lateral()
        nearest = sa.select(row.c.id).where(tier_of(case.person, case.need) >= farther)
        nearest = nearest.order_by(row.c.kilometres, row.c.id).limit(1)
        found.append(nearest.correlate(case.person, case.need).scalar_subquery())
    return {"volunteer_id": sa.func.coalesce(*found, type_=sa.Uuid())}


# Rule 4 orders candidates; broken only by an offer past somebody nearer, so acceptance does not ask it again.
NEAREST_FIRST = Rule(
    holds=nobody_nearer, refusals=(Refusal(ProblemCode.NEARER_AVAILABLE, nearest_fact),), on_answer=False
)
