"""What is taken of a need: by people who have promised their time, and by pledges that are open."""

from typing import Any

import sqlalchemy as sa

from api import access
from api.models import Membership, Pledge
from api.models.base import INSTANT
from api.models.pledge import PLEDGE, PledgeStatus
from api.rules.code import ProblemCode
from api.rules.place import is_full, places_wanted
from api.rules.rule import Case, Condition, Refusal, Rule, Sql


def _instant(text: str) -> Sql:
    return sa.cast(sa.literal_column(f"'{text}'"), INSTANT)


def places_held(need_id: Sql, now: Sql, starts: Sql | None = None, ends: Sql | None = None) -> Sql:
    """The places of a need that are taken at the fullest instant of a period; of all time, if none is named.

    Those of open pledges count in full, whether filled or not. A database function, which the trigger asks too.
    """
    begin = _instant("-infinity") if starts is None else starts
    end = _instant("infinity") if ends is None else ends
    return sa.func.places_held(need_id, begin, end, now, type_=sa.Integer())


def held(case: Case) -> Sql:
    return places_held(case.need.c.id, case.now, case.starts, case.ends)


def has_free_place(case: Case) -> Condition:
    """Whether a place is left that no pledge holds; where all are filled, that is the rule of `NEED_FULL`."""
    return sa.or_(held(case) < places_wanted(case.need), is_full(case))


def filled(case: Case) -> Sql:
    """The places of the pledge that are filled at the fullest instant of the period."""
    return sa.func.pledge_filled(case.pledge, case.starts, case.ends, type_=sa.Integer())


def members_of_holder(pledge: Sql) -> sa.Select[Any]:
    """The volunteers who are today members of the organization that holds the pledge."""
    holder = sa.select(Pledge.c.organization_id).where(Pledge.c.id == pledge).scalar_subquery()
    return access.members_today(Membership.c.organization_id == holder)


def promised(case: Case) -> Sql:
    """The places of the pledge that the sending is under; null without one, or once it has ended."""
    quantity = sa.select(Pledge.c.quantity).where(
        Pledge.c.id == case.pledge,
        Pledge.c.need_id == case.need.c.id,
        PLEDGE.current(Pledge, case.now) == PledgeStatus.OPEN,
    )
    return quantity.correlate_except(Pledge).scalar_subquery()


def has_place(case: Case) -> Condition:
    """A sending under an open pledge takes places of the pledge; any other, those that no pledge holds."""
    if case.pledge is None:
        return has_free_place(case)
    return sa.case((promised(case).is_(None), has_free_place(case)), else_=filled(case) < promised(case))


def place_fact(case: Case) -> dict[str, Any]:
    count, limit = held(case), places_wanted(case.need)
    if case.pledge is None:
        return {"count": count, "limit": limit}
    is_direct = promised(case).is_(None)
    return {
        "count": sa.case((is_direct, count), else_=filled(case)),
        "limit": sa.case((is_direct, limit), else_=promised(case)),
    }


PLACE_NOT_PLEDGED = Rule(
    holds=has_place,
    refusals=(Refusal(ProblemCode.NEED_PLEDGED, place_fact),),
    counts="At the fullest instant of the duty, people who are sent under no open pledge, and the places of open pledges, filled or not; under an open pledge, the people sent under it.",
    overridable=False,
    uses_only_need=True,
)
