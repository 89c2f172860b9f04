"""Ranks: whether a person holds one, or a higher one of its corps."""

import sqlalchemy as sa

from api.models import Membership, Rank
from api.rules.code import ProblemCode
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, merged_days


def holds_rank(volunteer_id: Sql, rank_code: Sql, days: Sql) -> Condition:
    """Whether on every day the person is a member with the rank or a higher one of the same corps."""
    membership, actual, minimum = Membership.alias(), Rank.alias(), Rank.alias()
    ranked = (
        sa.select(merged_days(membership.c.since, membership.c.until))
        .select_from(membership)
        .join(actual, actual.c.code == membership.c.rank_code)
        .join(minimum, sa.and_(minimum.c.corps == actual.c.corps, minimum.c.level <= actual.c.level))
        .where(membership.c.volunteer_id == volunteer_id, minimum.c.code == rank_code)
        .correlate_except(membership, actual, minimum)
        .scalar_subquery()
    )
    return sa.func.coalesce(ranked.op("@>", is_comparison=True)(days), sa.false(), type_=sa.Boolean())


def has_rank(case: Case) -> Condition:
    minimum = case.need.c.minimum_rank_code
    return sa.or_(minimum.is_(None), holds_rank(case.person.c.id, minimum, case.days))


RANK_SUFFICIENT = Rule(
    holds=has_rank,
    refusals=(Refusal(ProblemCode.RANK_TOO_LOW, lambda case: {"rank_code": case.need.c.minimum_rank_code}),),
    counts="Every local day of the duty, in the zone of the need's kabupaten; only ranks of the same corps.",
)
