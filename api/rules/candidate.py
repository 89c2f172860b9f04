"""Everyone who may be sent, in the order of rule 4: own kabupaten, own province, the nation; nearest first."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.models import Cube, Kabupaten, Volunteer
from api.rules.code import ProblemCode
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, days_of
from api.rules.sending import RULES

EARTH_RADIUS_KM = 6371.0

# No limit, but PostgreSQL cannot know it when it plans: it then prepares for few rows, and reads them in order.
FEW_AT_FIRST: Any = sa.select(sa.cast(sa.null(), sa.BigInteger)).scalar_subquery()


def on_globe(place: sa.FromClause) -> Sql:
    """The place's point on the unit globe."""
    return sa.func.on_globe(place.c.latitude, place.c.longitude, type_=Cube())


def chord(start: Sql, end: Sql) -> Sql:
    """The straight line between two points of the unit globe; what is nearer by it is nearer on the ground."""
    return start.op("<->", return_type=sa.Float())(end)


def kilometres(chord: Sql) -> Sql:
    """Great-circle distance in kilometres (mean radius 6,371 km)."""
    # Rounding may carry the chord past the globe's diameter between antipodes.
    half = sa.case((chord > 2, 1.0), else_=chord / 2)
    return 2 * EARTH_RADIUS_KM * sa.func.asin(half, type_=sa.Float())


def tier_of(person: sa.FromClause, need: sa.FromClause) -> Sql:
    """1 at home in the need's kabupaten, 2 in its province, 3 elsewhere."""
    return sa.case(
        (person.c.kabupaten_code == need.c.kabupaten_code, sa.literal_column("1")),
        (person.c.province_code == sa.func.left(need.c.kabupaten_code, 2), sa.literal_column("2")),
        else_=sa.literal_column("3", sa.Integer),
    )


def whole_period(person: sa.FromClause, need: sa.FromClause, *, days: Sql, now: Sql) -> Case:
    return Case(person, need, need.c.starts_at, need.c.ends_at, days, now)


def candidates(number: int, need: sa.FromClause, starts: Sql, ends: Sql, *, now: Sql) -> sa.Select[Any]:
    """The volunteers of one tier who may be sent to a need for a period, nearest first: all rules hold for them.

    The plain rules come first; the others are asked of one person after the other in this order, so that whoever wants
    a few of the nearest does not wait for the answers about all. The offset keeps the planner from working out the days
    for every person.
    """
    once = sa.select(days_of(need, starts, ends).label("days")).offset(0)
    period = once.correlate(need).lateral()
    volunteer = Volunteer.alias()
    everybody = Case(volunteer, need, starts, ends, sa.null(), now)
    plain = [rule.holds(everybody) for rule in RULES if rule.plain]
    people = _near(need, volunteer, plain) if number == 0 else _far(number, need, volunteer, plain)
    person = people.limit(FEW_AT_FIRST).correlate(need).lateral()
    case = Case(person, need, starts, ends, period.c.days, now)
    tier = sa.literal_column(str(number + 1), sa.Integer).label("tier")
    return (
        sa.select(person, kilometres(person.c.chord).label("kilometres"), tier)
        .select_from(period)
        .join(person, sa.true())
        .where(*[rule.holds(case) for rule in RULES if not rule.plain])
        .correlate(need)
    )


def _near(need: sa.FromClause, volunteer: sa.FromClause, plain: Sequence[Condition]) -> sa.Select[Any]:
    """Those at home in the need's kabupaten, from where they live; an index finds them in this order."""
    way = chord(volunteer.c.home, on_globe(need))
    at_home = volunteer.c.kabupaten_code == need.c.kabupaten_code
    return sa.select(volunteer, way.label("chord")).where(at_home, *plain).order_by(way, volunteer.c.id)


def _far(number: int, need: sa.FromClause, volunteer: sa.FromClause, plain: Sequence[Condition]) -> sa.Select[Any]:
    """Those from elsewhere, all of a kabupaten from its seat: one kabupaten after the other is read.

    Whoever coordinates the need may know a home in its own kabupaten. Elsewhere the distances to a few needs would tell
    where a person lives.
    """
    kabupaten, province = Kabupaten.alias(), sa.func.left(need.c.kabupaten_code, 2)
    way = chord(on_globe(kabupaten), on_globe(need))
    there = [kabupaten.c.province_code != province]
    if number == 1:
        there = [kabupaten.c.province_code == province, kabupaten.c.code != need.c.kabupaten_code]
    seats = sa.select(kabupaten.c.code, way.label("chord")).where(*there).order_by(way).offset(0)
    seat = seats.correlate(need).lateral()
    living = sa.select(volunteer).where(volunteer.c.kabupaten_code == seat.c.code, *plain).offset(0)
    person = living.correlate(need, seat).lateral()
    return sa.select(person, seat.c.chord).select_from(seat).join(person, sa.true()).order_by(seat.c.chord, person.c.id)


def _nearer(case: Case) -> list[tuple[int, sa.Select[Any]]]:
    """Who of the two nearer tiers may be sent for the same period, each with the first tier that is farther."""
    return [(tier + 2, candidates(tier, case.need, case.starts, case.ends, now=case.now)) for tier in range(2)]


def nobody_nearer(case: Case) -> Condition:
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
        nearest = nearest.order_by(row.c.chord, row.c.id).limit(1)
        found.append(nearest.correlate(case.person, case.need).scalar_subquery())
    return {"volunteer_id": sa.func.coalesce(*found, type_=sa.Uuid())}


# Rule 4 orders candidates; broken only by an offer past somebody nearer, so acceptance does not ask it again.
NEAREST_FIRST = Rule(
    holds=nobody_nearer, refusals=(Refusal(ProblemCode.NEARER_AVAILABLE, nearest_fact),), on_answer=False
)
