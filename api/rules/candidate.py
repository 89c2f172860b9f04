"""Candidates of a need in the order of rule 4: same kabupaten, same province, elsewhere; the nearest first in each."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from api.models import Cube, Kabupaten, Volunteer
from api.rules.code import ProblemCode
from api.rules.pledge import members_of_holder, promised
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, days_of
from api.rules.sending import RULES

EARTH_RADIUS_KM = 6371.0

# LIMIT NULL means no limit. The planner does not see that the subquery is null, so it plans for few rows and reads them
# in the order of an index.
NULL_LIMIT: Any = sa.select(sa.cast(sa.null(), sa.BigInteger)).scalar_subquery()


def on_globe(place: sa.FromClause) -> Sql:
    """The position of a row with latitude and longitude, as a point on the unit sphere."""
    return sa.func.on_globe(place.c.latitude, place.c.longitude, type_=Cube())


def chord(start: Sql, end: Sql) -> Sql:
    """The straight-line distance of two points on the unit sphere. It sorts like the distance on the ground."""
    return start.op("<->", return_type=sa.Float())(end)


def kilometres(chord: Sql) -> Sql:
    """The great-circle distance in kilometres for a chord of the unit sphere (mean earth radius: 6,371 km)."""
    # Rounding can make the chord between antipodes greater than 2, and asin() fails above 1.
    half = sa.case((chord > 2, 1.0), else_=chord / 2)
    return 2 * EARTH_RADIUS_KM * sa.func.asin(half, type_=sa.Float())


def tier_number(person: sa.FromClause, need: sa.FromClause) -> Sql:
    """1 if the person lives in the kabupaten of the need, 2 if in its province, 3 otherwise."""
    return sa.case(
        (person.c.kabupaten_code == need.c.kabupaten_code, sa.literal_column("1")),
        (person.c.province_code == sa.func.left(need.c.kabupaten_code, 2), sa.literal_column("2")),
        else_=sa.literal_column("3", sa.Integer),
    )


def candidates(
    tier_index: int, need: sa.FromClause, starts: Sql, ends: Sql, *, now: Sql, pledge: Sql | None = None
) -> sa.Select[Any]:
    """The volunteers of one tier (index 0 to 2) for whom all rules hold in the period, nearest first.

    Under an open pledge, those of its organization.

    Rules that use only the need are checked once, and rules that use only columns filter the people first. The other
    rules are checked person by person in the order of distance, so that a query for the first few does not check
    everybody. OFFSET 0 keeps the planner from computing the days for every person.
    """
    volunteer = Volunteer.alias()
    days = sa.select(days_of(need, starts, ends)).correlate(need).scalar_subquery()
    case = Case(volunteer, need, starts, ends, days, now, pledge)
    filters = [rule.holds(case) for rule in RULES if rule.uses_only_columns]
    if tier_index == 0:
        people = _people_in_kabupaten(need, volunteer, filters)
    else:
        people = _people_elsewhere(tier_index, need, volunteer, filters)
    # A column of each person, so that the statement says once how the days are computed, and not in each rule.
    person = people.add_columns(days.label("days")).limit(NULL_LIMIT).correlate(need).lateral()
    case = replace(case, person=person, days=person.c.days)
    tier = sa.literal_column(str(tier_index + 1), sa.Integer).label("tier")
    return (
        sa.select(person, kilometres(person.c.chord).label("kilometres"), tier)
        .where(*(rule.holds(case) for rule in RULES if not rule.uses_only_columns), *_may_fill_pledge(case))
        .correlate(need)
    )


def _may_fill_pledge(case: Case) -> list[Condition]:
    """Whether the person is a member of the organization that holds the pledge, if one is named and open."""
    if case.pledge is None:
        return []
    return [sa.or_(promised(case).is_(None), case.person.c.id.in_(members_of_holder(case.pledge)))]


def _people_in_kabupaten(need: sa.FromClause, volunteer: sa.FromClause, filters: Sequence[Condition]) -> sa.Select[Any]:
    """Volunteers of the need's kabupaten, ordered by the distance of their homes; an index returns them in this order."""
    distance = chord(volunteer.c.home, on_globe(need))
    same_kabupaten = volunteer.c.kabupaten_code == need.c.kabupaten_code
    return (
        sa.select(volunteer, distance.label("chord")).where(same_kabupaten, *filters).order_by(distance, volunteer.c.id)
    )


def _people_elsewhere(
    tier_index: int, need: sa.FromClause, volunteer: sa.FromClause, filters: Sequence[Condition]
) -> sa.Select[Any]:
    """Volunteers of other kabupaten, ordered by the distance of the seat of their kabupaten.

    A coordinator of the need may know homes in its kabupaten only. Distances from homes elsewhere would reveal where a
    person lives, given the distances to a few needs.
    """
    kabupaten, province = Kabupaten.alias(), sa.func.left(need.c.kabupaten_code, 2)
    distance = chord(on_globe(kabupaten), on_globe(need))
    in_tier = [kabupaten.c.province_code != province]
    if tier_index == 1:
        in_tier = [kabupaten.c.province_code == province, kabupaten.c.code != need.c.kabupaten_code]
    seats = sa.select(kabupaten.c.code, distance.label("chord")).where(*in_tier).order_by(distance).offset(0)
    seat = seats.correlate(need).lateral()
    residents = sa.select(volunteer).where(volunteer.c.kabupaten_code == seat.c.code, *filters).offset(0)
    person = residents.correlate(need, seat).lateral()
    return sa.select(person, seat.c.chord).select_from(seat).join(person, sa.true()).order_by(seat.c.chord, person.c.id)


def _nearer_candidates(case: Case) -> list[tuple[int, sa.Select[Any]]]:
    """For the two nearer tiers: the number of the next farther tier, and the candidates of the tier for the same period."""
    period = (case.need, case.starts, case.ends)
    return [(index + 2, candidates(index, *period, now=case.now, pledge=case.pledge)) for index in range(2)]


def has_no_nearer_candidate(case: Case) -> Condition:
    tier = tier_number(case.person, case.need)
    return sa.and_(
        *(
            sa.or_(tier < farther, ~nearer.correlate(case.person, case.need).exists())
            for farther, nearer in _nearer_candidates(case)
        )
    )


def nearest_candidate(case: Case) -> sa.Select[Any]:
    """The nearest candidate of the nearest tier that still has candidates, if the person is of a farther one."""
    volunteer_ids: list[Sql] = []
    for farther, nearer in _nearer_candidates(case):
        row = nearer.correlate(case.person, case.need).lateral()
        nearest = sa.select(row.c.id).where(tier_number(case.person, case.need) >= farther)
        nearest = nearest.order_by(row.c.chord, row.c.id).limit(1)
        volunteer_ids.append(nearest.correlate(case.person, case.need).scalar_subquery())
    # COALESCE searches a tier only if the nearer one has nobody; OFFSET 0 keeps the planner from searching it twice.
    found = sa.select(sa.func.coalesce(*volunteer_ids, type_=sa.Uuid()).label("volunteer_id")).offset(0)
    first = found.correlate(case.person, case.need).lateral()
    return sa.select(first.c.volunteer_id).where(first.c.volunteer_id.is_not(None))


# Rule 4 is an order of candidates. Only an offer can violate it, so acceptance does not check it again.
NEAREST_FIRST = Rule(
    holds=has_no_nearer_candidate,
    refusals=(Refusal(ProblemCode.NEARER_AVAILABLE, proof=nearest_candidate),),
    counts="Volunteers of a nearer tier, kabupaten before province before nation, for whom all other rules hold in the same period; under an open pledge, members of its organization.",
    checked_on_accept=False,
)
