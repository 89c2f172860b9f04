"""Rule 1: a person has at most one commitment at a time."""

from typing import Any

import sqlalchemy as sa

from api.models import CampRegistration, CampStaffMember, Commitment
from api.rules.code import ProblemCode
from api.rules.rule import Case, Refusal, Rule, Sql, case_period, exists_for


def clashing_commitments(case: Case, *columns: Any) -> sa.Select[Any]:
    clashes = sa.select(*columns).where(
        Commitment.c.volunteer_id == case.person.c.id, Commitment.c.period.op("&&")(case_period(case))
    )
    return clashes.order_by(sa.func.lower(Commitment.c.period)) if columns else clashes


def clashing_duties(case: Case, *columns: Any) -> sa.Select[Any]:
    return clashing_commitments(case, *columns).where(Commitment.c.assignment_id.is_not(None))


def clashing_camps(case: Case, *columns: Any) -> sa.Select[Any]:
    """Clashing time at a camp, as one who comes or works there."""
    return clashing_commitments(case, *columns).where(Commitment.c.assignment_id.is_(None))


BOUNDS = (
    sa.func.lower(Commitment.c.period).label("starts_at"),
    sa.func.upper(Commitment.c.period).label("ends_at"),
)


def camp_of(commitment: sa.FromClause) -> Sql:
    """The id of the camp that the time is promised to; null if it is promised to a duty."""
    ends = (CampRegistration, commitment.c.registration_id), (CampStaffMember, commitment.c.staff_member_id)
    camps = (
        sa.select(table.c.camp_id).where(table.c.id == key).correlate(commitment).scalar_subquery()
        for table, key in ends
    )
    return sa.func.coalesce(*camps, type_=sa.Uuid())


NOT_COMMITTED_ELSEWHERE = Rule(
    holds=lambda case: ~exists_for(clashing_commitments(case, Commitment.c.id), case),
    refusals=(
        Refusal(
            ProblemCode.PERSON_ELSEWHERE,
            proof=lambda case: clashing_duties(case, Commitment.c.assignment_id, *BOUNDS),
            when=lambda case: exists_for(clashing_duties(case, Commitment.c.id), case),
            tells_time=True,
        ),
        Refusal(
            ProblemCode.IN_CAMP,
            proof=lambda case: clashing_camps(case, camp_of(Commitment).label("camp_id"), *BOUNDS),
            when=lambda case: exists_for(clashing_camps(case, Commitment.c.id), case),
            tells_time=True,
        ),
    ),
    overridable=False,
    counts="Promised or served time of duties and camps, by instants; one may begin at the instant at which another ends.",
)
