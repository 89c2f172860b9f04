"""Accepting, declining, cancelling and releasing duties."""

import uuid
from typing import Any

import asyncpg
import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import Assignment, Commitment, Membership, Need, Organization, Pledge
from api.models.assignment_status import ASSIGNMENT, AssignmentAction, AssignmentStatus
from api.models.base import INSTANT, new_id
from api.models.day import days_between, local_day
from api.rules.code import ProblemCode
from api.rules.emergency import decree
from api.rules.refusal import ACCEPT_RULES, codes_of
from api.rules.rule import days_of
from api.services.camp_days import tell_waiting
from api.services.camp_mobilization import leave_camp
from api.services.duty import lock_assignment, lock_grounds, move
from api.services.extension import accept_extension, decline_extension
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.replacement import end_now, take_over
from api.services.request import Request
from api.services.sending import broken_rules, overridden_rules, refuse_broken
from api.services.verb import OneThing, verb

# The constraint that says, whatever runs beside it, that the person is promised elsewhere.
_ELSEWHERE = {
    "ex_commitment_one_place_at_a_time": Problem(ProblemCode.PERSON_ELSEWHERE, input_path("assignment")),
    "places_of_need": Problem(ProblemCode.NEED_FULL, input_path("assignment")),
}


@verb(
    "accept_assignment",
    "Accepts an offer, or the extension that is proposed; the volunteer's time is promised from then on. Of a mobilized camp, the volunteer leaves it.",
    answers=OneThing("Assignment"),
    callers=access.VOLUNTEER_OR_STANDING_MANAGERS,
    ids={"assignment": "Assignment"},
    conflicts=_ELSEWHERE,
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED, *codes_of(ACCEPT_RULES)),
    updates=True,
)
async def accept(session: Transaction, request: Request, *, assignment: uuid.UUID, version: int) -> uuid.UUID:
    offer = await lock_assignment(session, request, assignment, version, AssignmentAction.ACCEPT)
    if offer.status in ASSIGNMENT.group("PROMISED"):
        key = await accept_extension(session, request, offer)
        await tell_waiting(session, request, assignments=[key])
        return key
    # The duty begins when the one that it replaces ends and the volunteer leaves the camp.
    request = request.at(request.now)
    if offer.lapsed_at <= request.now:
        raise Refused(Problem(ProblemCode.OFFER_EXPIRED, input_path("assignment"), {"ends_at": offer.lapsed_at}))
    starts = await take_over(session, request, offer)
    await leave_camp(session, request, offer, starts)
    await lock_grounds(session, offer)
    sending = (offer.need_id, offer.volunteer_id, starts, offer.ends_at, offer.pledge_id)
    broken = await broken_rules(session, request, sending, ACCEPT_RULES)
    refuse_broken(broken, await overridden_rules(session, offer.id), "assignment")

    period = asyncpg.Range(starts, offer.ends_at)
    await session.insert(
        Commitment, id=new_id(), volunteer_id=offer.volunteer_id, assignment_id=offer.id, period=period
    )
    (grounds,) = await session.rows(GROUNDS, {**request.parameters, "assignment": offer.id, "starts_at": starts})
    columns = {"accepted_at": request.now, "starts_at": starts, **grounds}
    key = await move(session, request, offer, AssignmentStatus.ACCEPTED, columns=columns)
    await tell_waiting(session, request, assignments=[key])
    return key


@verb(
    "decline_assignment",
    "Declines an offer, or the extension that is proposed.",
    answers=OneThing("Assignment"),
    callers=access.VOLUNTEER_OR_MANAGERS,
    ids={"assignment": "Assignment"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED),
    updates=True,
)
async def decline(
    session: Transaction, request: Request, *, assignment: uuid.UUID, version: int, reason: str | None = None
) -> uuid.UUID:
    problems = Problems()
    text = problems.reason(reason)
    problems.refuse()
    offer = await lock_assignment(session, request, assignment, version, AssignmentAction.DECLINE)
    if offer.status in ASSIGNMENT.group("PROMISED"):
        return await decline_extension(session, request, offer, text)
    return await move(session, request, offer, AssignmentStatus.DECLINED, reason=text)


@verb(
    "cancel_assignment",
    "Takes an offer or a promise back before the duty begins; the promised time is free again.",
    answers=OneThing("Assignment"),
    callers=access.EITHER_SIDE,
    ids={"assignment": "Assignment"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED, ProblemCode.DUTY_BEGUN),
    updates=True,
)
async def cancel(
    session: Transaction, request: Request, *, assignment: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    problems = Problems()
    text = problems.reason(reason)
    problems.refuse()
    duty = await lock_assignment(session, request, assignment, version, AssignmentAction.CANCEL)
    return await move(session, request, duty, AssignmentStatus.CANCELLED, reason=text)


@verb(
    "release_assignment",
    "Sends a volunteer home while the duty runs; the time served remains promised, the rest is free again.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED, ProblemCode.DUTY_NOT_BEGUN, ProblemCode.DUTY_OVER),
    updates=True,
)
async def release(
    session: Transaction, request: Request, *, assignment: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    problems = Problems()
    text = problems.reason(reason)
    problems.refuse()
    duty = await lock_assignment(session, request, assignment, version, AssignmentAction.RELEASE)
    return await end_now(session, request, duty, text)


_STARTS = sa.bindparam("starts_at", type_=INSTANT)


def _served_for() -> sa.ScalarSelect[Any]:
    """The organization that a duty is served for: one that stands on all its days, of a volunteer who is a member on all.

    That of the pledge before the others, then of the longest membership. Where none does, one of which the volunteer is a member
    on some of the days, those that stand first. Its days are those from the start at the acceptance on, which may be later
    than was offered.
    """
    holder = sa.select(Pledge.c.organization_id).where(Pledge.c.id == Assignment.c.pledge_id)
    days = days_of(Need, _STARTS, Assignment.c.ends_at)
    held = days_between(Membership.c.since, Membership.c.until)
    stands, covers = access.is_standing(Organization, days), held.op("@>", is_comparison=True)(days)
    holds_pledge = Membership.c.organization_id.is_not_distinct_from(holder.correlate(Assignment).scalar_subquery())
    ranks = (sa.and_(stands, covers), holds_pledge, stands, covers)
    return (
        sa.select(Membership.c.organization_id)
        .select_from(Membership)
        .join(Organization, Organization.c.id == Membership.c.organization_id)
        .where(Membership.c.volunteer_id == Assignment.c.volunteer_id, held.op("&&", is_comparison=True)(days))
        .order_by(*(rank.desc() for rank in ranks), Membership.c.since, Membership.c.id)
        .limit(1)
        .correlate(Assignment, Need)
        .scalar_subquery()
    )


_DECREE = decree(Need, local_day(Need.c.kabupaten_code, _STARTS)).correlate(Need).lateral()
# For whom a duty is served, and by whose decree, as the letter of assignment says from then on.
GROUNDS = compile_statement(
    sa.select(_served_for().label("organization_id"), _DECREE.c.emergency_status_id, _DECREE.c.decree_number)
    .select_from(Assignment.join(Need, Need.c.id == Assignment.c.need_id).outerjoin(_DECREE, sa.true()))
    .where(Assignment.c.id == sa.bindparam("assignment", type_=sa.Uuid()))
)
