"""Locking a duty for a move, and moving it."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, array

from api import access
from api.access import Kind, Predicate
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Assignment, Camp, Certificate, Commitment, Membership, Need, Organization, ServedHours, Volunteer
from api.models.assignment_status import ASSIGNMENT, AssignmentAction, AssignmentStatus, phase
from api.models.base import INSTANT, new_id
from api.models.choice import Move, Phase
from api.models.hours import HoursStatus
from api.rules.code import ProblemCode
from api.services.change import Changeable
from api.services.person_lock import merged_meanwhile
from api.services.pledge import record_lapsed
from api.services.problem import Problem, Refused, forbidden, input_path, not_found
from api.services.request import Request

NO_PROPOSAL: Mapping[str, None] = {"proposed_ends_at": None, "proposal_expires_at": None}
ASSIGNMENTS = Changeable(Assignment, access.sees_assignment, ASSIGNMENT)


async def lock_assignment(
    session: Transaction, request: Request, key: uuid.UUID, version: int | None, action: AssignmentAction
) -> Row:
    """The assignment, locked with its need and volunteer, for a move that the actor may make from this version.

    Without a version none is compared. What has lapsed is recorded, where the move exists all the same.
    """
    moves = ASSIGNMENT.moves_of(action)
    held = await lock_for(session, request, key, version, may=access.may_move(moves[0]))
    if action not in held.actions:
        raise Refused(_not_now(held, moves))
    return await record_lapse(session, request, held)


async def lock_for(
    session: Transaction,
    request: Request,
    key: uuid.UUID,
    version: int | None,
    *,
    may: Predicate,
    volunteers: Sequence[uuid.UUID] = (),
) -> Row:
    """The assignment, locked with its need and volunteer, where the actor sees it and may change it.

    `volunteers` are others that are locked with its own.
    """
    found = await session.row(_seen(request.actor.kind, may), {**request.parameters, "assignment": key})
    if found is None:
        raise not_found("assignment")
    if not found.may:
        raise forbidden("assignment")
    held = (await lock_assignments(session, request, [key], volunteers=volunteers))[key]
    if version is not None and held.version != version:
        raise Refused(Problem(ProblemCode.VERSION_CONFLICT, input_path("version"), {"version": held.version}))
    return held


async def lock_assignments(
    session: Transaction, request: Request, keys: Sequence[uuid.UUID], *, volunteers: Sequence[uuid.UUID] = ()
) -> Mapping[uuid.UUID, Row]:
    """The assignments and those that they replace, locked after their needs, camps and volunteers, in the order of the keys."""
    ends = await session.rows(ENDS, {"assignments": keys})
    needs = await session.lock_all(Need, [row.need_id for row in ends])
    await session.lock_all(Camp, [row.camp_id for row in ends if row.camp_id is not None])
    for need in sorted(needs):
        await record_lapsed(session, request, need=need)
    people = await session.lock_all(Volunteer, [*volunteers, *(row.volunteer_id for row in ends)])
    held = await session.rows(LOCK_ASSIGNMENTS, {**request.parameters, "assignments": keys})
    if not needs.keys() >= {row.need_id for row in held}:
        raise asyncpg.SerializationError("An assignment was given to another need meanwhile.")
    if not people.keys() >= {row.volunteer_id for row in held}:
        raise merged_meanwhile()
    return {row.id: row for row in held}


async def record_lapse(session: Transaction, request: Request, held: Row) -> Row:
    """The locked assignment as it reads now: what time alone has changed is recorded."""
    if held.current_status == held.status:
        return held
    await move(session, request, held, AssignmentStatus[held.current_status], lapsed_at=held.lapsed_at)
    return await read_again(session, request, held.id)


async def read_again(session: Transaction, request: Request, key: uuid.UUID) -> Row:
    """A locked assignment, as it stands now."""
    rows = await session.rows(LOCK_ASSIGNMENTS, {**request.parameters, "assignments": [key]})
    return next(row for row in rows if row.id == key)


def _not_now(held: Row, moves: Sequence[Move[Any, Any]]) -> Problem:
    """Why the move does not exist from the status as it reads now, or in this phase of the duty."""
    if held.current_status == AssignmentStatus.EXPIRED != held.status:
        return Problem(ProblemCode.OFFER_EXPIRED, input_path("assignment"), {"ends_at": held.lapsed_at})
    phases = {phase for move in moves for phase in move.phases}
    if held.current_status not in ASSIGNMENT.group("PROMISED") or held.phase in phases:
        return Problem(ProblemCode.WRONG_STATUS, input_path("assignment"), {"status": held.current_status})
    if Phase.RUNNING not in phases:
        code = ProblemCode.DUTY_BEGUN
    else:
        code = ProblemCode.DUTY_OVER if held.phase == Phase.OVER else ProblemCode.DUTY_NOT_BEGUN
    return Problem(code, input_path("assignment"), {"starts_at": held.starts_at, "ends_at": held.ends_at})


async def change(
    session: Transaction,
    request: Request,
    held: Row,
    event: str,
    *,
    columns: Mapping[str, Any],
    change: Mapping[str, Any],
    reason: str | None = None,
    effective_at: datetime | None = None,
) -> uuid.UUID:
    """Changes a locked assignment whose status stays, with an event."""
    details = {**_parties(held), **change}
    return await ASSIGNMENTS.change(
        session, request, held, event, columns=columns, change=details, reason=reason, effective_at=effective_at
    )


async def move(
    session: Transaction,
    request: Request,
    held: Row,
    status: AssignmentStatus,
    *,
    reason: str | None = None,
    lapsed_at: datetime | None = None,
    effective_at: datetime | None = None,
    columns: Mapping[str, Any] | None = None,
    change: Mapping[str, Any] | None = None,
) -> uuid.UUID:
    """Sets the status, frees the time that it no longer commits, refuses the hours that were proposed, writes the event."""
    if status not in ASSIGNMENT.group("COMMITTED"):
        await session.rows(DELETE_COMMITMENT, {"assignment": held.id})
        await session.rows(REFUSE_PROPOSED, {"assignment": held.id})
    return await ASSIGNMENTS.move(
        session,
        request,
        held,
        status,
        reason=reason,
        columns={"reason": reason, **(NO_PROPOSAL if status in ASSIGNMENT.final else {}), **(columns or {})},
        change={**_parties(held), **(change or {})},
        effective_at=effective_at,
        lapsed_at=lapsed_at,
    )


def _parties(held: Row) -> Mapping[str, str]:
    return {"need": str(held.need_id), "volunteer": str(held.volunteer_id)}


async def lock_grounds(session: Transaction, duty: Row) -> None:
    """Whoever suspends an organization, or revokes a licence or a certificate, waits for what is accepted on its ground."""
    for statement in (LOCK_ORGANIZATIONS, LOCK_CERTIFICATES):
        await session.rows(statement, {"volunteer": duty.volunteer_id})


async def promise(session: Transaction, duty: Row, left: datetime | None) -> None:
    """The time of a duty is promised again: until its end, or until the volunteer left before."""
    await session.rows(DELETE_COMMITMENT, {"assignment": duty.id})
    until = min(left or duty.ends_at, duty.ends_at)
    if duty.starts_at < until:
        values: Mapping[str, Any] = {"period": asyncpg.Range(duty.starts_at, until)}
        await session.insert(Commitment, id=new_id(), volunteer_id=duty.volunteer_id, assignment_id=duty.id, **values)


async def shorten_commitment(session: Transaction, duty: Row, until: datetime) -> None:
    """Frees the time from an instant on; who has served nothing of the promised time before it keeps none."""
    statement = SHORTEN_COMMITMENT if duty.starts_at < until else DELETE_COMMITMENT
    await session.rows(statement, {"assignment": duty.id, "until": until})


async def record_earlier(
    session: Transaction, request: Request, need: uuid.UUID, volunteers: Sequence[uuid.UUID]
) -> None:
    """Records earlier offers and duties of the same need that have lapsed."""
    for earlier in await session.rows(LOCK_LAPSED, {**request.parameters, "need": need, "volunteers": volunteers}):
        await record_lapse(session, request, earlier)


async def record_all_lapsed(session: Transaction, request: Request) -> None:
    """Records offers and duties that have lapsed, some at a time; what is locked meanwhile is left for the next time."""
    for lapsed in await session.rows(SOME_LAPSED, {"now": request.now}):
        await record_lapse(session, request, lapsed)


# The statements, compiled once.


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


_KEYS = sa.any_(sa.bindparam("assignments", type_=ARRAY(sa.Uuid())))
_REPLACED = Assignment.alias()
_LISTED = sa.or_(
    Assignment.c.id == _KEYS, Assignment.c.id.in_(sa.select(_REPLACED.c.replaces_id).where(_REPLACED.c.id == _KEYS))
)
_UNTIL = sa.bindparam("until", type_=INSTANT)
LOCK_VOLUNTEER = compile_statement(
    sa.select(Volunteer.c.id).where(Volunteer.c.id == _id("volunteer")).with_for_update(key_share=True)
)
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
# A camp only as long as its participant may leave it for the duty.
_CAMP = sa.case((Assignment.c.status == AssignmentStatus.OFFERED, Assignment.c.camp_id))
ENDS = compile_statement(
    sa.select(Assignment.c.need_id, Assignment.c.volunteer_id, _CAMP.label("camp_id")).where(_LISTED)
)
# How an assignment reads now, and the actions that exist, whoever may take them.
_AS_IT_READS = sa.select(
    Assignment,
    ASSIGNMENT.current(Assignment, access.NOW).label("current_status"),
    ASSIGNMENT.lapsed_at(Assignment).label("lapsed_at"),
    phase(Assignment, access.NOW).label("phase"),
    array(
        [
            sa.case((ASSIGNMENT.allows(move, Assignment, access.NOW), sa.literal_column(f"'{move.action}'", sa.Text)))
            for move in ASSIGNMENT.moves
            if move.sources
        ]
    ).label("actions"),
)
LOCK_ASSIGNMENTS = compile_statement(
    _AS_IT_READS.where(_LISTED).order_by(Assignment.c.id).with_for_update(key_share=True, of=Assignment)
)
LOCK_LAPSED = compile_statement(
    _AS_IT_READS.where(
        Assignment.c.need_id == _id("need"),
        Assignment.c.volunteer_id == sa.any_(sa.bindparam("volunteers", type_=ARRAY(sa.Uuid()))),
        ASSIGNMENT.has_lapsed(Assignment, access.NOW),
    )
    .order_by(Assignment.c.id)
    .with_for_update(key_share=True, of=Assignment)
)
SOME_LAPSED = compile_statement(
    _AS_IT_READS.where(ASSIGNMENT.in_group("LIVE"), ASSIGNMENT.has_lapsed(Assignment, access.NOW))
    .order_by(Assignment.c.id)
    .limit(500)
    .with_for_update(key_share=True, skip_locked=True, of=Assignment)
)
# Only ever shorter: time that was free meanwhile may be promised elsewhere.
SHORTEN_COMMITMENT = compile_statement(
    sa.update(Commitment)
    .values(period=sa.func.tstzrange(sa.func.lower(Commitment.c.period), _UNTIL))
    .where(Commitment.c.assignment_id == _id("assignment"), sa.func.upper(Commitment.c.period) > _UNTIL)
)
DELETE_COMMITMENT = compile_statement(sa.delete(Commitment).where(Commitment.c.assignment_id == _id("assignment")))
# Who has no duty has no hours in it.
REFUSE_PROPOSED = compile_statement(
    sa.update(ServedHours)
    .where(ServedHours.c.assignment_id == _id("assignment"), ServedHours.c.status == HoursStatus.PROPOSED)
    .values(status=HoursStatus.REFUSED)
)


@cache
def _seen(kind: Kind, may: Predicate) -> CompiledStatement:
    """Whether the actor may do this with an assignment; nothing where the actor does not see it."""
    return compile_statement(
        sa.select(may(kind, Assignment).label("may")).where(
            Assignment.c.id == _id("assignment"), access.sees_assignment(kind, Assignment)
        )
    )
