"""Offering, accepting, declining and cancelling: the rules are asked under the locks that keep them true."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from api import access
from api.models import Assignment, Commitment, Need, Override, Volunteer
from api.rules.code import ProblemCode
from api.rules.refusal import ANSWER_RULES, OFFER_RULES, refusals
from api.rules.rule import FACT_TYPES, Case, Rule, days_of
from api.services.feed import record
from api.services.frame import Request
from api.services.problem import Problem, Refused, at, forbidden, invalid, not_found

# The moves that exist in this slice of the domain: from which statuses each verb may be called.
MOVES: dict[str, tuple[str, ...]] = {
    "ACCEPTED": ("OFFERED",),
    "DECLINED": ("OFFERED",),
    "CANCELLED": ("OFFERED", "ACCEPTED", "MOBILIZED"),
}


async def offer(
    session: AsyncSession,
    request: Request,
    *,
    need: uuid.UUID,
    volunteer: uuid.UUID,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    expires_at: datetime | None = None,
    override_rules: Sequence[str] = (),
    override_reason: str | None = None,
) -> uuid.UUID:
    """An offer to a volunteer, for the whole period of the need or a part of it."""
    wanted = await _locked_need(session, request, need)
    if not await _sees_volunteer(session, request, volunteer):
        raise not_found("volunteer")
    await _lock_volunteer(session, volunteer)
    starts, ends = starts_at or wanted.starts_at, ends_at or wanted.ends_at
    _check_period(wanted, starts, ends, expires_at, request.now)
    overridden = _check_override(override_rules, override_reason)

    broken = await _broken(session, request, (need, volunteer, starts, ends), OFFER_RULES)
    _refuse(broken, overridden)

    assignment = Assignment(
        need_id=need, volunteer_id=volunteer, status="OFFERED", starts_at=starts, ends_at=ends, expires_at=expires_at
    )
    session.add(assignment)
    await session.flush()
    for row in broken:
        session.add(
            Override(
                assignment_id=assignment.id,
                rule_code=row["code"],
                fact={name: str(value) for name, value in _fact(row).items()},
                reason=override_reason,
                account_id=request.actor.account_id,
            )
        )
    change = {"status": "OFFERED", "need": str(need), "volunteer": str(volunteer), "overridden": sorted(overridden)}
    _recorded(session, request, "assignment.offered", assignment, change=change, reason=override_reason)
    return assignment.id


async def accept(session: AsyncSession, request: Request, *, assignment: uuid.UUID, version: int) -> uuid.UUID:
    """The volunteer's yes: from here on the time is promised, and nobody else can have it."""
    held = await _held(session, request, assignment, version, status="ACCEPTED", may=_answers)
    if held.expires_at is not None and held.expires_at <= request.now:
        raise Refused(Problem(ProblemCode.OFFER_EXPIRED, at("assignment"), {"ends_at": held.expires_at}))
    case = (held.need_id, held.volunteer_id, held.starts_at, held.ends_at)
    broken = await _broken(session, request, case, ANSWER_RULES)
    _refuse(broken, await _overridden(session, held.id), "assignment")

    session.add(
        Commitment(volunteer_id=held.volunteer_id, assignment_id=held.id, period=Range(held.starts_at, held.ends_at))
    )
    return _moved(session, request, held, "ACCEPTED")


async def decline(
    session: AsyncSession, request: Request, *, assignment: uuid.UUID, version: int, reason: str | None = None
) -> uuid.UUID:
    held = await _held(session, request, assignment, version, status="DECLINED", may=_answers)
    return _moved(session, request, held, "DECLINED", _text("reason", reason))


async def cancel(
    session: AsyncSession, request: Request, *, assignment: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    """Takes an offer or a promise back; the promised time is free again."""
    if not reason.strip():
        raise invalid("reason", "Alasan wajib diisi.", "A reason is required.")
    held = await _held(session, request, assignment, version, status="CANCELLED", may=_cancels)
    await session.execute(sa.delete(Commitment).where(Commitment.assignment_id == held.id))
    return _moved(session, request, held, "CANCELLED", _text("reason", reason))


# Who may, and what is locked. Always the need first, then the volunteer: one locking order, no deadlock.


def _answers(request: Request) -> sa.ColumnElement[bool]:
    return access.answers_for(request.actor.kind, Assignment.volunteer_id)


def _cancels(request: Request) -> sa.ColumnElement[bool]:
    there = sa.select(Need.id).where(
        Need.id == Assignment.need_id, access.sends_to_need(request.actor.kind, Need.columns())
    )
    return sa.or_(_answers(request), there.correlate(Assignment).exists())


async def _locked_need(session: AsyncSession, request: Request, key: uuid.UUID) -> Need:
    row = (
        await session.execute(
            sa.select(Need, access.sends_to_need(request.actor.kind, Need.columns()))
            .where(Need.id == key)
            .with_for_update(key_share=True),
            request.parameters,
        )
    ).one_or_none()
    if row is None:
        raise not_found("need")
    if not row[1]:
        raise forbidden("need")
    need: Need = row[0]
    return need


async def _lock_volunteer(session: AsyncSession, key: uuid.UUID) -> None:
    await session.execute(sa.select(Volunteer.id).where(Volunteer.id == key).with_for_update(key_share=True))


async def _sees_volunteer(session: AsyncSession, request: Request, key: uuid.UUID) -> bool:
    table = Volunteer.columns()
    seen = sa.select(table.c.id).where(table.c.id == key, access.sees_volunteer(request.actor.kind, table))
    return await session.scalar(seen, request.parameters) is not None


async def _held(
    session: AsyncSession, request: Request, key: uuid.UUID, version: int, *, status: str, may: Any
) -> Assignment:
    """The assignment, locked with its need and volunteer, for a move that the actor may make from this version."""
    seen = sa.select(Assignment.need_id, Assignment.volunteer_id, may(request)).where(
        Assignment.id == key, access.sees_assignment(request.actor.kind, Assignment.columns())
    )
    found = (await session.execute(seen, request.parameters)).one_or_none()
    if found is None:
        raise not_found("assignment")
    if not found[2]:
        raise forbidden("assignment")
    await session.execute(sa.select(Need.id).where(Need.id == found[0]).with_for_update(key_share=True))
    await _lock_volunteer(session, found[1])
    held = await session.get_one(Assignment, key, with_for_update=True)
    if held.version != version:
        raise Refused(Problem(ProblemCode.VERSION_CONFLICT, at("version"), {"version": held.version}))
    if held.status not in MOVES[status]:
        raise Refused(Problem(ProblemCode.WRONG_STATUS, at("assignment")))
    return held


# The rules.


async def _broken(
    session: AsyncSession,
    request: Request,
    sending: tuple[uuid.UUID, uuid.UUID, datetime, datetime],
    rules: Sequence[Rule],
) -> Sequence[Any]:
    """The broken rules, with their facts, as they stand under the locks."""
    need_id, volunteer_id, starts_at, ends_at = sending
    need, person = Need.columns().alias(), Volunteer.columns().alias()
    starts = sa.bindparam("starts_at", starts_at, sa.DateTime(timezone=True))
    ends = sa.bindparam("ends_at", ends_at, sa.DateTime(timezone=True))
    case = Case(person, need, starts, ends, days_of(need, starts, ends), access.NOW)
    found = refusals(case, rules).lateral()
    statement = (
        sa.select(*found.c)
        .select_from(need.join(person, sa.true()).join(found, sa.true()))
        .where(need.c.id == need_id, person.c.id == volunteer_id)
        .order_by(found.c.position)
    )
    return (await session.execute(statement, request.parameters)).mappings().all()


def _fact(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in FACT_TYPES if row[name] is not None}


def _refuse(broken: Sequence[Any], overridden: frozenset[str], name: str = "volunteer") -> None:
    """Refuses with every broken rule that no override covers."""
    problems = [
        Problem(ProblemCode(row["code"]), at(name), _fact(row))
        for row in broken
        if not (row["overridable"] and row["code"] in overridden)
    ]
    if problems:
        raise Refused(*problems)


async def _overridden(session: AsyncSession, key: uuid.UUID) -> frozenset[str]:
    return frozenset(await session.scalars(sa.select(Override.rule_code).where(Override.assignment_id == key)))


def _check_override(rules: Sequence[str], reason: str | None) -> frozenset[str]:
    """The codes to override; each must be one that may be, and all need a reason."""
    overridable = {refusal.code for rule in OFFER_RULES if rule.overridable for refusal in rule.refusals}
    if not overridable.issuperset(rules):
        raise Refused(Problem(ProblemCode.NOT_OVERRIDABLE, at("override_rules")))
    if rules and not (reason and reason.strip()):
        raise invalid("override_reason", "Alasan pengecualian wajib diisi.", "An override needs a reason.")
    _text("override_reason", reason)
    return frozenset(rules)


def _check_period(need: Need, starts: datetime, ends: datetime, expires_at: datetime | None, now: datetime) -> None:
    if not need.starts_at <= starts < ends <= need.ends_at:
        raise invalid("starts_at", "Masa tugas harus di dalam masa kebutuhan.", "The duty must lie within the need.")
    if expires_at is not None and expires_at <= now:
        raise invalid("expires_at", "Batas jawaban sudah lewat.", "The time to answer is already over.")


def _text(name: str, text: str | None) -> str | None:
    if text is not None and len(text) > 1000:
        raise invalid(name, "Paling banyak 1.000 huruf.", "At most 1,000 characters.")
    return text


# The changes.


def _moved(
    session: AsyncSession, request: Request, held: Assignment, status: str, reason: str | None = None
) -> uuid.UUID:
    change = {"status": status, "from": held.status, "need": str(held.need_id), "volunteer": str(held.volunteer_id)}
    held.status = status
    held.reason = reason
    held.version += 1
    _recorded(session, request, f"assignment.{status.lower()}", held, change=change, reason=reason)
    return held.id


def _recorded(
    session: AsyncSession, request: Request, kind: str, assignment: Assignment, *, change: Any, reason: str | None
) -> None:
    record(session, request.actor, kind, subject=("Assignment", assignment.id), change=change, reason=reason)
