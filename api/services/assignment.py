"""Offering, accepting, declining, cancelling, releasing; the rules are checked under the locks that keep them true."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import asyncpg
import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import (
    Assignment,
    Certificate,
    Commitment,
    Membership,
    Need,
    Organization,
    Override,
    Volunteer,
)
from api.models.assignment import ASSIGNMENT, AssignmentAction, AssignmentStatus, answer_deadline, phase
from api.models.base import new_id
from api.models.choice import Move, Phase
from api.models.event import ActorKind
from api.rules.code import ProblemCode
from api.rules.refusal import ACCEPT_RULES, OFFER_RULES, OVERRIDABLE_CODES, codes_of, refusals
from api.rules.rule import FACT_TYPES, Case, Rule, days_of
from api.services.feed import record
from api.services.pledge import check_member, record_lapsed
from api.services.problem import Problem, Problems, Refused, forbidden, input_path, not_found
from api.services.request import Request
from api.services.verb import OneThing, verb

# The constraint that says, whatever runs beside it, that the person is promised elsewhere.
_ELSEWHERE = {
    "ex_commitment_one_place_at_a_time": Problem(ProblemCode.PERSON_ELSEWHERE, input_path("assignment")),
}


@verb(
    "offer_assignment",
    "Offers a duty to a volunteer, for the whole period of the need or a part of it.",
    answers=OneThing("Assignment"),
    callers=access.SENDERS,
    ids={"need": "Need", "volunteer": "Volunteer", "pledge": "Pledge"},
    conflicts={"uq_assignment_live": Problem(ProblemCode.ALREADY_OFFERED, input_path("volunteer"))},
    codes=(ProblemCode.NOT_OVERRIDABLE, *codes_of(OFFER_RULES)),
)
async def offer(
    session: Transaction,
    request: Request,
    *,
    need: uuid.UUID,
    volunteer: uuid.UUID,
    pledge: uuid.UUID | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    expires_at: datetime | None = None,
    override_rules: Sequence[str] | None = None,
    override_reason: str | None = None,
) -> uuid.UUID:
    """Asks every rule of sending under the locks; broken ones that are overridden are recorded."""
    problems = Problems()
    wanted = await _locked_need(session, request, problems, need, pledge)
    await record_lapsed(session, request, need=need)
    if pledge is not None:
        await check_member(session, request, problems, pledge, need=need, volunteer=volunteer)
    if not await session.value(_seen_volunteer(request.actor.kind), {**request.parameters, "volunteer": volunteer}):
        problems.add(ProblemCode.NOT_FOUND, "volunteer")
    await session.rows(LOCK_VOLUNTEER, {"volunteer": volunteer})
    reason = _check_override(problems, override_rules or (), override_reason)
    starts, ends = starts_at or wanted.starts_at, ends_at or wanted.ends_at
    _check_period(problems, wanted, starts, ends, expires_at=expires_at, now=request.now)
    problems.refuse()

    broken = await _broken_rules(session, request, (need, volunteer, starts, ends, pledge), OFFER_RULES)
    _refuse(broken, frozenset(override_rules or ()))
    await _record_lapsed(session, request, need, volunteer)

    key = new_id()
    await session.insert(
        Assignment,
        id=key,
        need_id=need,
        volunteer_id=volunteer,
        pledge_id=pledge,
        status=AssignmentStatus.OFFERED,
        starts_at=starts,
        ends_at=ends,
        expires_at=expires_at,
    )
    for row in broken:
        await session.insert(
            Override,
            id=new_id(),
            assignment_id=key,
            rule_code=row["code"],
            fact={name: str(value) for name, value in _fact(row).items()},
            reason=reason,
            account_id=request.actor.account_id,
        )
    codes = [row["code"] for row in broken]
    change = {"status": AssignmentStatus.OFFERED, "need": str(need), "volunteer": str(volunteer), "overridden": codes}
    await record(
        session,
        request,
        "assignment.offered",
        subject=("Assignment", key),
        change=change,
        reason=reason,
    )
    return key


async def _record_lapsed(session: Transaction, request: Request, need: uuid.UUID, volunteer: uuid.UUID) -> None:
    """Records an earlier offer of the same need as expired, where its deadline has passed."""
    for offer in await session.rows(LOCK_LAPSED, {**request.parameters, "need": need, "volunteer": volunteer}):
        await _move(session, request, offer, AssignmentStatus.EXPIRED, lapsed_at=offer.deadline)


@verb(
    "accept_assignment",
    "Accepts an offer; the volunteer's time is promised from then on.",
    answers=OneThing("Assignment"),
    callers=access.VOLUNTEER_OR_MANAGERS,
    ids={"assignment": "Assignment"},
    conflicts=_ELSEWHERE,
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED, *codes_of(ACCEPT_RULES)),
    updates=True,
)
async def accept(session: Transaction, request: Request, *, assignment: uuid.UUID, version: int) -> uuid.UUID:
    offer = await _locked_assignment(session, request, assignment, version, AssignmentAction.ACCEPT)
    await session.rows(LOCK_ORGANIZATIONS, {"volunteer": offer.volunteer_id})
    await session.rows(LOCK_CERTIFICATES, {"volunteer": offer.volunteer_id})
    sending = (offer.need_id, offer.volunteer_id, offer.starts_at, offer.ends_at, offer.pledge_id)
    broken = await _broken_rules(session, request, sending, ACCEPT_RULES)
    _refuse(broken, await _overridden_rules(session, offer.id), "assignment")

    period = asyncpg.Range(offer.starts_at, offer.ends_at)
    await session.insert(
        Commitment, id=new_id(), volunteer_id=offer.volunteer_id, assignment_id=offer.id, period=period
    )
    return await _move(session, request, offer, AssignmentStatus.ACCEPTED)


@verb(
    "decline_assignment",
    "Declines an offer.",
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
    offer = await _locked_assignment(session, request, assignment, version, AssignmentAction.DECLINE)
    return await _move(session, request, offer, AssignmentStatus.DECLINED, reason=text)


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
    duty = await _locked_assignment(session, request, assignment, version, AssignmentAction.CANCEL)
    return await _move(session, request, duty, AssignmentStatus.CANCELLED, reason=text)


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
    duty = await _locked_assignment(session, request, assignment, version, AssignmentAction.RELEASE)
    # Whoever came early and is released before the start has served nothing of the promised time.
    has_served = duty.starts_at < request.now
    await session.rows(
        SHORTEN_COMMITMENT if has_served else DELETE_COMMITMENT, {**request.parameters, "assignment": duty.id}
    )
    return await _move(session, request, duty, AssignmentStatus.RELEASED, reason=text)


# What is locked: always the need first, then the volunteer, then the assignment. One order, so no deadlock.


async def _locked_need(
    session: Transaction, request: Request, problems: Problems, key: uuid.UUID, pledge: uuid.UUID | None
) -> Row:
    need = await session.row(_need(request.actor.kind), {**request.parameters, "need": key, "pledge": pledge})
    if need is None:
        problems.add(ProblemCode.NOT_FOUND, "need")
    elif not need.may:
        problems.add(ProblemCode.FORBIDDEN, "need")
    if need is None or not need.may:
        problems.refuse()
    assert need is not None
    return need


async def _locked_assignment(
    session: Transaction, request: Request, key: uuid.UUID, version: int, action: AssignmentAction
) -> Row:
    """The assignment, locked with its need and volunteer, for a move that the actor may make from this version."""
    move = ASSIGNMENT.move(action)
    parameters = {**request.parameters, "assignment": key}
    found = await session.row(_movable(request.actor.kind, move), parameters)
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
    if held.current_status not in move.sources or held.phase not in move.phases:
        raise Refused(_not_now(held, move))
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


# The rules.


async def _broken_rules(
    session: Transaction,
    request: Request,
    sending: tuple[uuid.UUID, uuid.UUID, datetime, datetime, uuid.UUID | None],
    rules: tuple[Rule, ...],
) -> Sequence[Row]:
    """The broken rules, with their facts, as they stand under the locks."""
    names = ("need", "volunteer", "starts_at", "ends_at", "pledge")
    return await session.rows(
        _broken_rules_statement(rules), {**request.parameters, **dict(zip(names, sending, strict=True))}
    )


@cache
def _broken_rules_statement(rules: tuple[Rule, ...]) -> CompiledStatement:
    """Which rules one person breaks for one need in one period; compiled once, as that takes long."""
    need, person = Need.alias(), Volunteer.alias()
    starts, ends = (sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("starts_at", "ends_at"))
    case = Case(person, need, starts, ends, days_of(need, starts, ends), access.NOW, _id("pledge"))
    found = refusals(case, rules).lateral()
    return compile_statement(
        sa.select(*found.c)
        .select_from(need.join(person, sa.true()).join(found, sa.true()))
        .where(need.c.id == sa.bindparam("need"), person.c.id == sa.bindparam("volunteer"))
        .order_by(found.c.position)
    )


def _fact(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in FACT_TYPES if row[name] is not None}


def _refuse(broken: Sequence[Any], overridden: frozenset[str], name: str = "volunteer") -> None:
    """Refuses with every broken rule that no override covers."""
    problems = [
        Problem(ProblemCode[row["code"]], input_path(name), _fact(row))
        for row in broken
        if not (row["overridable"] and row["code"] in overridden)
    ]
    if problems:
        raise Refused(*problems)


async def _overridden_rules(session: Transaction, key: uuid.UUID) -> frozenset[str]:
    rows = await session.rows(OVERRIDDEN, {"assignment": key})
    return frozenset(row.rule_code for row in rows)


def _check_override(problems: Problems, rules: Sequence[str], reason: str | None) -> str | None:
    """Each rule must be one that may be overridden, and all need a reason, which is returned."""
    if not OVERRIDABLE_CODES.issuperset(rules):
        problems.add(ProblemCode.NOT_OVERRIDABLE, "override_rules")
    if rules and reason is None:
        problems.invalid(
            "override_reason", indonesian="Alasan pengecualian wajib diisi.", english="An override needs a reason."
        )
    return problems.reason(reason, "override_reason")


def _check_period(
    problems: Problems, need: Row, starts: datetime, ends: datetime, *, expires_at: datetime | None, now: datetime
) -> None:
    if not need.starts_at <= starts < ends <= need.ends_at:
        problems.invalid(
            "starts_at",
            indonesian="Masa tugas harus di dalam masa kebutuhan.",
            english="The duty must lie within the need.",
        )
    if expires_at is not None and expires_at <= now:
        problems.invalid(
            "expires_at", indonesian="Batas jawaban sudah lewat.", english="The time to answer is already over."
        )


# The changes.


async def _move(
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
OVERRIDDEN = compile_statement(sa.select(Override.c.rule_code).where(Override.c.assignment_id == _id("assignment")))
SHORTEN_COMMITMENT = compile_statement(
    sa.update(Commitment)
    .values(period=sa.func.tstzrange(sa.func.lower(Commitment.c.period), access.NOW))
    .where(Commitment.c.assignment_id == _id("assignment"))
)
DELETE_COMMITMENT = compile_statement(sa.delete(Commitment).where(Commitment.c.assignment_id == _id("assignment")))


@cache
def _need(kind: Kind) -> CompiledStatement:
    """The need, locked, and whether the actor may send people to it."""
    may = access.sends_under_pledge(kind, Need, _id("pledge")).label("may")
    return compile_statement(sa.select(Need, may).where(Need.c.id == _id("need")).with_for_update(key_share=True))


@cache
def _seen_volunteer(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(Volunteer.c.id).where(Volunteer.c.id == _id("volunteer"), access.sees_volunteer(kind, Volunteer))
    )


@cache
def _movable(kind: Kind, move: Move[Any, Any]) -> CompiledStatement:
    """Of an assignment that the actor sees: its need and volunteer, and whether the actor may make the move."""
    may = access.may_move(move)(kind, Assignment)
    return compile_statement(
        sa.select(Assignment.c.need_id, Assignment.c.volunteer_id, may.label("may")).where(
            Assignment.c.id == _id("assignment"), access.sees_assignment(kind, Assignment)
        )
    )
