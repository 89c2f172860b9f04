"""Rest. Promised duty hours add up until a pause of 24 hours or more; once they have reached 72, nothing begins before one.

It holds for the duty that is asked about, and for later ones that it would push over the limit. Camps do not tire.
"""

from typing import Any

import sqlalchemy as sa

from api.models import Commitment
from api.models.base import INSTANT
from api.rules.code import ProblemCode
from api.rules.rule import Case, Refusal, Rule, exists_for, hours

PAUSE_HOURS = 24
LIMIT_HOURS = 72

COLUMNS = ("assignment_id", "starts_at", "ends_at")


def duties_without_rest(case: Case) -> sa.Select[Any]:
    """The duties, from the one asked about on, that begin after 72 promised hours without a pause, in their order.

    The columns are those of the duty that explains it: of the one before where the asked duty itself begins too early.
    """
    duty = _within(case, _stretches(case, _neighbours(case, _duties(case))))
    is_asked = duty.c.assignment_id.is_(None)
    explained = (sa.case((is_asked, duty.c[f"earlier_{name}"]), else_=duty.c[name]).label(name) for name in COLUMNS)
    return (
        sa.select(*explained)
        .where(
            duty.c.starts_at >= case.starts,
            duty.c.stretch_starts_at <= case.starts,
            duty.c.promised - (duty.c.ends_at - duty.c.starts_at) >= hours(LIMIT_HOURS),
        )
        .order_by(duty.c.starts_at)
    )


def _duties(case: Case) -> sa.CompoundSelect[Any]:
    """The person's duties, promised or served, without those that clash with the one asked about; and that one, without an id."""
    period = Commitment.c.period
    clashes = period.op("&&", is_comparison=True)(sa.func.tstzrange(case.starts, case.ends))
    promised = sa.select(
        Commitment.c.assignment_id,
        sa.func.lower(period, type_=INSTANT).label("starts_at"),
        sa.func.upper(period, type_=INSTANT).label("ends_at"),
    ).where(Commitment.c.volunteer_id == case.person.c.id, Commitment.c.assignment_id.is_not(None), ~clashes)
    asked = sa.select(sa.cast(sa.null(), sa.Uuid), case.starts, case.ends)
    return sa.union_all(*(each.correlate(case.person, case.need) for each in (promised, asked)))


def _neighbours(case: Case, duties: sa.CompoundSelect[Any]) -> sa.Subquery:
    """The duties, each with the one before it."""
    duty = duties.subquery()
    earlier = (sa.func.lag(duty.c[name]).over(order_by=duty.c.starts_at).label(f"earlier_{name}") for name in COLUMNS)
    return sa.select(duty, *earlier).correlate(case.person, case.need).subquery()


def _stretches(case: Case, duty: sa.Subquery) -> sa.Subquery:
    """The duties, each with the start of the first one since the last pause."""
    has_pause = duty.c.starts_at - duty.c.earlier_ends_at >= hours(PAUSE_HOURS)
    is_first = sa.or_(duty.c.earlier_ends_at.is_(None), has_pause)
    first = sa.func.max(sa.case((is_first, duty.c.starts_at))).over(order_by=duty.c.starts_at)
    return sa.select(duty, first.label("stretch_starts_at")).correlate(case.person, case.need).subquery()


def _within(case: Case, duty: sa.Subquery) -> sa.Subquery:
    """The duties, each with the hours that are promised from the last pause to its end."""
    hours_so_far = sa.func.sum(duty.c.ends_at - duty.c.starts_at)
    promised = hours_so_far.over(partition_by=duty.c.stretch_starts_at, order_by=duty.c.starts_at)
    return sa.select(duty, promised.label("promised")).correlate(case.person, case.need).subquery()


RESTED = Rule(
    holds=lambda case: ~exists_for(duties_without_rest(case), case),
    refusals=(Refusal(ProblemCode.NOT_RESTED, proof=duties_without_rest, tells_time=True),),
    counts="Hours of duties, promised or served, by instants, from the last pause of 24 hours on: where they have reached 72, neither the duty nor a later one begins. Camps do not count.",
)
