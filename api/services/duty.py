"""Locking a duty for a move, and moving it."""

import uuid
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Assignment, Certificate, Commitment, Membership, Need, Organization, Volunteer
from api.models.assignment import ASSIGNMENT, AssignmentAction, AssignmentStatus, answer_deadline, phase
from api.models.choice import Move, Phase
from api.models.event import ActorKind
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.pledge import record_lapsed
from api.services.problem import Problem, Refused, forbidden, input_path, not_found
from api.services.request import Request


async def lock_assignment(
    session: Transaction, request: Request, key: uuid.UUID, version: int, action: AssignmentAction
) -> Row:
    """The assignment, locked with its need and volunteer, for a move that the actor may make from this version."""
    wanted = ASSIGNMENT.move(action)
    parameters = {**request.parameters, "assignment": key}
    found = await session.row(_movable(request.actor.kind, wanted), parameters)
    if found is None:
        raise not_found("assignment")
    if not found.may:
        raise forbidden("assignment")
    await session.rows(LOCK_NEED, {"need": found.need_id})
    await record_lapsed(session, request, need=found.need_id)
    await session.rows(LOCK_VOLUNTEER, {"volunteer": found.volunteer_id})
    (held,) = await session.rows(LOCK_ASSIGNMENT, {**request.parameters, "assignment": key})
    if held.version != version:
        raise Refused(Problem(ProblemCode.VERSION_CONFLICT, input_path("version"), {"version": held.version}))
    if held.current_status not in wanted.sources or held.phase not in wanted.phases:
        raise Refused(_not_now(held, wanted))
    return held


def _not_now(held: Row, move: Move[Any, Any]) -> Problem:
    """Why the move does not exist from the status as it reads now, or in this phase of the duty."""
    if held.current_status != held.status:
        return Problem(ProblemCode.OFFER_EXPIRED, input_path("assignment"), {"ends_at": held.deadline})
    if held.status not in ASSIGNMENT.group("PROMISED") or held.phase in move.phases:
        return Problem(ProblemCode.WRONG_STATUS, input_path("assignment"), {"status": held.status})
    if Phase.RUNNING not in move.phases:
        code = ProblemCode.DUTY_BEGUN
    else:
        code = ProblemCode.DUTY_OVER if held.phase == Phase.OVER else ProblemCode.DUTY_NOT_BEGUN
    return Problem(code, input_path("assignment"), {"starts_at": held.starts_at, "ends_at": held.ends_at})


async def move(
    session: Transaction,
    request: Request,
    held: Row,
    status: AssignmentStatus,
    *,
    reason: str | None = None,
    lapsed_at: datetime | None = None,
) -> uuid.UUID:
    """Sets the status, frees the time that it no longer commits, and writes the event; `lapsed_at`: the clock moved it then."""
    if status not in ASSIGNMENT.group("COMMITTED"):
        await session.rows(DELETE_COMMITMENT, {"assignment": held.id})
    moved = {"status": status, "reason": reason, "version": held.version + 1, "updated_at": request.now}
    await session.update(Assignment, held.id, **moved)
    await record(
        session,
        request,
        f"assignment.{status.lower()}",
        subject=("Assignment", held.id),
        change={"status": status, "from": held.status, "need": str(held.need_id), "volunteer": str(held.volunteer_id)},
        reason=reason,
        effective_at=lapsed_at,
        by=ActorKind.CLOCK if lapsed_at is not None else None,
    )
    key: uuid.UUID = held.id
    return key


async def record_expired(session: Transaction, request: Request, need: uuid.UUID, volunteer: uuid.UUID) -> None:
    """Records an earlier offer of the same need as expired, where its deadline has passed."""
    for offer in await session.rows(LOCK_LAPSED, {**request.parameters, "need": need, "volunteer": volunteer}):
        await move(session, request, offer, AssignmentStatus.EXPIRED, lapsed_at=offer.deadline)


# The statements, compiled once.


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


LOCK_NEED = compile_statement(sa.select(Need.c.id).where(Need.c.id == _id("need")).with_for_update(key_share=True))
LOCK_VOLUNTEER = compile_statement(
    sa.select(Volunteer.c.id).where(Volunteer.c.id == _id("volunteer")).with_for_update(key_share=True)
)
# Whoever suspends an organization, or revokes a licence or a certificate, waits for an acceptance that rests on it.
LOCK_ORGANIZATIONS = compile_statement(
    sa.select(Organization.c.id)
    .where(
        Organization.c.id.in_(
            sa.select(Membership.c.organization_id).where(Membership.c.volunteer_id == _id("volunteer"))
        )
    )
    .order_by(Organization.c.id)
    .with_for_update(read=True)
)
LOCK_CERTIFICATES = compile_statement(
    sa.select(Certificate.c.id)
    .where(Certificate.c.volunteer_id == _id("volunteer"))
    .order_by(Certificate.c.id)
    .with_for_update(read=True)
)
LOCK_ASSIGNMENT = compile_statement(
    sa.select(
        Assignment,
        ASSIGNMENT.current(Assignment, access.NOW).label("current_status"),
        answer_deadline(Assignment).label("deadline"),
        phase(Assignment, access.NOW).label("phase"),
    )
    .where(Assignment.c.id == _id("assignment"))
    .with_for_update()
)
LOCK_LAPSED = compile_statement(
    sa.select(Assignment, answer_deadline(Assignment).label("deadline"))
    .where(
        Assignment.c.need_id == _id("need"),
        Assignment.c.volunteer_id == _id("volunteer"),
        ASSIGNMENT.has_lapsed(Assignment, access.NOW),
    )
    .with_for_update()
)
SHORTEN_COMMITMENT = compile_statement(
    sa.update(Commitment)
    .values(period=sa.func.tstzrange(sa.func.lower(Commitment.c.period), access.NOW))
    .where(Commitment.c.assignment_id == _id("assignment"))
)
DELETE_COMMITMENT = compile_statement(sa.delete(Commitment).where(Commitment.c.assignment_id == _id("assignment")))


@cache
def _movable(kind: Kind, move: Move[Any, Any]) -> CompiledStatement:
    """Of an assignment that the actor sees: its need and volunteer, and whether the actor may make the move."""
    may = access.may_move(move)(kind, Assignment)
    return compile_statement(
        sa.select(Assignment.c.need_id, Assignment.c.volunteer_id, may.label("may")).where(
            Assignment.c.id == _id("assignment"), access.sees_assignment(kind, Assignment)
        )
    )
