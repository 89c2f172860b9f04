"""Handing a duty over to another volunteer: an offer that replaces a duty, and what its acceptance ends."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from api import access
from api.database.engine import Row, Transaction
from api.models import Assignment
from api.models.assignment_status import ASSIGNMENT, AssignmentStatus
from api.models.base import new_id
from api.models.choice import Phase
from api.rules.code import ProblemCode
from api.rules.refusal import OFFER_RULES, codes_of
from api.services.duty import NO_PROPOSAL, change, lock_for, move, read_again, record_earlier, shorten_commitment
from api.services.feed import record
from api.services.hours import count
from api.services.pledge import check_member, record_lapsed
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.sending import broken_rules, check_override, record_overrides, refuse_broken
from api.services.sight import check_seen
from api.services.verb import OneThing, verb

REASON = "Digantikan relawan lain."


@verb(
    "replace_assignment",
    "Offers the rest of a duty to another volunteer; the duty ends when the other accepts, and not before the other begins.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment", "volunteer": "Volunteer"},
    conflicts={"uq_assignment_live": Problem(ProblemCode.ALREADY_OFFERED, input_path("volunteer"))},
    codes=(
        *(ProblemCode.WRONG_STATUS, ProblemCode.DUTY_OVER, ProblemCode.NOT_OVERRIDABLE),
        *codes_of(OFFER_RULES),
    ),
    updates=True,
)
async def replace(
    session: Transaction,
    request: Request,
    *,
    assignment: uuid.UUID,
    version: int,
    volunteer: uuid.UUID,
    starts_at: datetime | None = None,
    expires_at: datetime | None = None,
    override_rules: Sequence[str] | None = None,
    override_reason: str | None = None,
) -> uuid.UUID:
    """The answer is the offer. Every rule of sending is asked as if the duty ended where the other begins."""
    problems = Problems()
    reason = check_override(problems, override_rules or (), override_reason)
    await check_seen(session, request, problems, volunteer)
    may = access.sends_to_need_of
    duty = await lock_for(session, request, assignment, version, may=may, volunteers=[volunteer])
    _check_running(duty)
    starts = max(starts_at or request.now, duty.starts_at)
    if starts >= duty.ends_at or (expires_at is not None and expires_at <= request.now):
        problems.invalid(
            "starts_at" if starts >= duty.ends_at else "expires_at",
            indonesian="Waktunya sudah lewat.",
            english="It must lie ahead, and before the duty ends.",
        )
    problems.refuse()
    pledge = await _pledge(session, request, duty, volunteer)
    await record_earlier(session, request, duty.need_id, [volunteer])
    broken = await _broken(session, request, duty, (duty.need_id, volunteer, starts, duty.ends_at, pledge))
    refuse_broken(broken, frozenset(override_rules or ()))

    key = new_id()
    columns = {"need_id": duty.need_id, "volunteer_id": volunteer, "pledge_id": pledge, "replaces_id": assignment}
    period = {"starts_at": starts, "ends_at": duty.ends_at, "expires_at": expires_at}
    await session.insert(Assignment, id=key, status=AssignmentStatus.OFFERED, **columns, **period)
    await record_overrides(session, request, key, broken, reason)
    named = {"need": str(duty.need_id), "volunteer": str(volunteer), "replaces": str(assignment)}
    offered = {"status": AssignmentStatus.OFFERED, **named, "overridden": [row.code for row in broken]}
    await record(session, request, "assignment.offered", subject=("Assignment", key), change=offered, reason=reason)
    return key


def _check_running(duty: Row) -> None:
    """Refuses what is not promised, or over."""
    if duty.current_status not in ASSIGNMENT.group("PROMISED"):
        fact = {"status": duty.current_status}
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("assignment"), fact))
    if duty.phase == Phase.OVER:
        period = {"starts_at": duty.starts_at, "ends_at": duty.ends_at}
        raise Refused(Problem(ProblemCode.DUTY_OVER, input_path("assignment"), period))


async def _pledge(session: Transaction, request: Request, duty: Row, volunteer: uuid.UUID) -> uuid.UUID | None:
    """The pledge of the duty, where the other may fill its place as well."""
    if duty.pledge_id is None:
        return None
    problems = Problems()
    ends = {"need": duty.need_id, "volunteer": volunteer}
    await check_member(session, request, problems, duty.pledge_id, **ends, name="assignment")
    key: uuid.UUID = duty.pledge_id
    return None if problems else key


async def _broken(
    session: Transaction,
    request: Request,
    duty: Row,
    sending: tuple[uuid.UUID, uuid.UUID, datetime, datetime, uuid.UUID | None],
) -> Sequence[Row]:
    """The rules that are broken once the duty has ended where the other begins."""
    savepoint = session.connection.transaction()
    await savepoint.start()
    try:
        await shorten_commitment(session, duty, sending[2])
        return await broken_rules(session, request, sending, OFFER_RULES)
    finally:
        await savepoint.rollback()


async def take_over(session: Transaction, request: Request, offer: Row) -> datetime:
    """Ends the duty that a locked offer replaces, where it still runs; the instant from which the other serves.

    The duty ends at that instant, so that its place is filled at every instant: one that was extended since goes on, as the
    offer ends before it.
    """
    # Nobody serves before having accepted.
    starts: datetime = max(offer.starts_at, request.now)
    if offer.replaces_id is None:
        return starts
    duty = await read_again(session, request, offer.replaces_id)
    if duty.current_status not in ASSIGNMENT.group("PROMISED") or not starts < duty.ends_at <= offer.ends_at:
        return starts
    if duty.status != AssignmentStatus.ON_DUTY and starts <= duty.starts_at:
        await move(session, request, duty, AssignmentStatus.CANCELLED, reason=REASON)
        if offer.pledge_id != duty.pledge_id:
            # A pledge past its deadline may have been open only because this duty filled it.
            await record_lapsed(session, request, need=duty.need_id)
    elif starts <= max(request.now, duty.starts_at):
        await end_now(session, request, duty, REASON)
    else:
        await shorten_commitment(session, duty, starts)
        columns = {"ends_at": starts, **NO_PROPOSAL}
        ended = {"ends_at": starts.isoformat(), "replaced_by": str(offer.id)}
        await change(session, request, duty, "shortened", columns=columns, change=ended, reason=REASON)
    return starts


async def end_now(session: Transaction, request: Request, duty: Row, reason: str | None) -> uuid.UUID:
    """Releases a locked duty: the time served remains promised, the rest is free again; whoever is at work leaves with it."""
    # Another server's clock may be ahead; nobody is released after the end of the duty.
    now = min(max(request.now, duty.accepted_at, duty.checked_in_at or duty.accepted_at), duty.ends_at)
    await shorten_commitment(session, duty, now)
    is_at_work = duty.checked_in_at is not None and duty.checked_in_at < now
    columns = {"released_at": now, "checked_out_at": now if is_at_work else None}
    key = await move(session, request, duty, AssignmentStatus.RELEASED, reason=reason, columns=columns)
    await count(session, request, duty)
    return key
