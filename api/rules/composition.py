"""Minimum composition: of the people of a need at least so many hold a rank, are of a sex, or both."""

from typing import Any

import sqlalchemy as sa

from api.models import Assignment, Commitment, NeedMinimum, Volunteer
from api.rules.code import ProblemCode
from api.rules.place import is_full, most_taken, places_wanted
from api.rules.rank import holds_rank
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, days_of


def counts_towards(minimum: sa.FromClause, person: sa.FromClause, days: Sql) -> Condition:
    """Whether a person is of the sex and on every day of the rank that the minimum names; of unknown sex is nobody."""
    is_of_sex = sa.func.coalesce(person.c.sex == minimum.c.sex, sa.false(), type_=sa.Boolean())
    has_rank = holds_rank(person.c.id, minimum.c.rank_code, days)
    return sa.and_(
        sa.or_(minimum.c.sex.is_(None), is_of_sex),
        sa.or_(minimum.c.rank_code.is_(None), has_rank),
    )


def others_at_once(minimum: sa.FromClause, need: sa.FromClause, starts: Sql, ends: Sql) -> Sql:
    """The people of the need who do not count towards the minimum, at the instant of a period at which they are most.

    Whether a person counts is asked for the days of the person's own duty.
    """
    person, period = Volunteer.alias(), Commitment.c.period
    days = days_of(need, sa.func.lower(period), sa.func.upper(period))
    counting = sa.select(person.c.id).where(
        person.c.id == Assignment.c.volunteer_id, counts_towards(minimum, person, days)
    )
    counts = counting.correlate_except(person).exists()
    return most_taken(need, starts, ends, sa.not_(counts), beside=minimum)


def room_for_others(minimum: sa.FromClause, need: sa.FromClause) -> Sql:
    """How many people of the need may be others than the minimum asks for."""
    return places_wanted(need) - minimum.c.people


def broken_minimums(case: Case) -> sa.Select[Any]:
    """The minimums that could not be met any more, with the others there would be, and how many there is room for.

    None where all places are taken: that is the rule of `NEED_FULL`.
    """
    minimum = NeedMinimum.alias()
    is_other = sa.not_(counts_towards(minimum, case.person, case.days))
    others = others_at_once(minimum, case.need, case.starts, case.ends) + sa.cast(is_other, sa.Integer)
    room = room_for_others(minimum, case.need)
    broken = sa.select(minimum.c.id.label("minimum_id"), others.label("count"), room.label("limit"))
    # The days of the case may be a row of their own.
    # CASE, so that the places are counted only where a minimum is broken, not for each person.
    is_broken = sa.case((others > room, sa.not_(is_full(case))), else_=sa.false())
    broken = broken.where(minimum.c.need_id == case.need.c.id, is_broken).correlate_except(minimum)
    return broken.order_by(minimum.c.id)


def is_composed(case: Case) -> Condition:
    return ~broken_minimums(case).offset(0).exists()


COMPOSED = Rule(
    concerns_need=True,
    holds=is_composed,
    refusals=(Refusal(ProblemCode.COMPOSITION, proof=broken_minimums),),
    counts="For each minimum of the need, the people who do not count towards it, with this one, at the instant of the duty at which they are most, against the places beyond the minimum. A person counts towards every minimum that is met, one of unknown sex towards none of a sex.",
)
