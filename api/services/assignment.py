"""Offering, accepting, declining and cancelling: the rules are asked under the locks that keep them true."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api import access
from api.models import Assignment, Commitment, Need, Override, Volunteer
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.rules.refusal import ANSWER_RULES, OFFER_RULES, refusals
from api.rules.rule import FACT_TYPES, Case, Rule, days_of
from api.services.feed import record
from api.services.frame import Request
from api.services.problem import Problem, Refused, at, forbidden, invalid, not_found

# A row as it is stored, its columns by their names.
Stored = sa.Row[Any]

# Whether the actor may make the move, asked of the assignment.
May = Callable[[Request], sa.ColumnElement[bool]]

# The moves that exist in this slice of the domain: from which statuses each verb may be called.
MOVES: dict[str, tuple[str, ...]] = {
    "ACCEPTED": ("OFFERED",),
    "DECLINED": ("OFFERED",),
    "CANCELLED": ("OFFERED", "ACCEPTED", "MOBILIZED"),
}


async def offer(
    session: AsyncConnection,
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

    key = new_id()
    await session.execute(
        sa.insert(Assignment).values(
            id=key,
            need_id=need,
            volunteer_id=volunteer,
            status="OFFERED",
            starts_at=starts,
            ends_at=ends,
            expires_at=expires_at,
        )
    )
    for row in broken:
        await session.execute(
            sa.insert(Override).values(
                assignment_id=key,
                rule_code=row["code"],
                fact={name: str(value) for name, value in _fact(row).items()},
                reason=override_reason,
                account_id=request.actor.account_id,
            )
        )
    codes = [row["code"] for row in broken]
    change = {"status": "OFFERED", "need": str(need), "volunteer": str(volunteer), "overridden": codes}
    await record(
        session,
        request.actor,
        "assignment.offered",
        subject=("Assignment", key),
        change=change,
        reason=override_reason,
    )
    return key


async def accept(session: AsyncConnection, request: Request, *, assignment: uuid.UUID, version: int) -> uuid.UUID:
    """The volunteer's yes: from here on the time is promised, and nobody else can have it."""
    held = await _held(session, request, assignment, version, status="ACCEPTED", may=_answers)
    if held.expires_at is not None and held.expires_at <= request.now:
        raise Refused(Problem(ProblemCode.OFFER_EXPIRED, at("assignment"), {"ends_at": held.expires_at}))
    case = (held.need_id, held.volunteer_id, held.starts_at, held.ends_at)
    broken = await _broken(session, request, case, ANSWER_RULES)
    _refuse(broken, await _overridden(session, held.id), "assignment")

    promised = {"volunteer_id": held.volunteer_id, "assignment_id": held.id}
    period = sa.func.tstzrange(held.starts_at, held.ends_at)
    await session.execute(sa.insert(Commitment).values(**promised, period=period))
    return await _moved(session, request, held, "ACCEPTED")


async def decline(
    session: AsyncConnection, request: Request, *, assignment: uuid.UUID, version: int, reason: str | None = None
) -> uuid.UUID:
    held = await _held(session, request, assignment, version, status="DECLINED", may=_answers)
    return await _moved(session, request, held, "DECLINED", _text("reason", reason))


async def cancel(
    session: AsyncConnection, request: Request, *, assignment: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    """Takes an offer or a promise back; the promised time is free again."""
    if not reason.strip():
        raise invalid("reason", "Alasan wajib diisi.", "A reason is required.")
    held = await _held(session, request, assignment, version, status="CANCELLED", may=_cancels)
    await session.execute(sa.delete(Commitment).where(Commitment.c.assignment_id == held.id))
    return await _moved(session, request, held, "CANCELLED", _text("reason", reason))


# Who may, and what is locked. Always the need first, then the volunteer: one locking order, no deadlock.


def _answers(request: Request) -> sa.ColumnElement[bool]:
    return access.answers_for(request.actor.kind, Assignment.c.volunteer_id)


def _cancels(request: Request) -> sa.ColumnElement[bool]:
    sends = access.sends_to_need(request.actor.kind, Need)
    return sa.or_(_answers(request), access.there_is(Assignment, Need.c.id == Assignment.c.need_id, sends))


async def _locked_need(session: AsyncConnection, request: Request, key: uuid.UUID) -> Stored:
    found = sa.select(Need, access.sends_to_need(request.actor.kind, Need).label("may")).where(Need.c.id == key)
    need = (await session.execute(found.with_for_update(key_share=True), request.parameters)).one_or_none()
    if need is None:
        raise not_found("need")
    if not need.may:
        raise forbidden("need")
    return need


async def _lock_volunteer(session: AsyncConnection, key: uuid.UUID) -> None:
    await session.execute(sa.select(Volunteer.c.id).where(Volunteer.c.id == key).with_for_update(key_share=True))


async def _sees_volunteer(session: AsyncConnection, request: Request, key: uuid.UUID) -> bool:
    sees = access.sees_volunteer(request.actor.kind, Volunteer)
    seen = sa.select(Volunteer.c.id).where(Volunteer.c.id == key, sees)
    return await session.scalar(seen, request.parameters) is not None


async def _held(
    session: AsyncConnection, request: Request, key: uuid.UUID, version: int, *, status: str, may: May
) -> Stored:
    """The assignment, locked with its need and volunteer, for a move that the actor may make from this version."""
    seen = sa.select(Assignment.c.need_id, Assignment.c.volunteer_id, may(request)).where(
        Assignment.c.id == key, access.sees_assignment(request.actor.kind, Assignment)
    )
    found = (await session.execute(seen, request.parameters)).one_or_none()
    if found is None:
        raise not_found("assignment")
    if not found[2]:
        raise forbidden("assignment")
    await session.execute(sa.select(Need.c.id).where(Need.c.id == found[0]).with_for_update(key_share=True))
    await _lock_volunteer(session, found[1])
    held = (await session.execute(sa.select(Assignment).where(Assignment.c.id == key).with_for_update())).one()
    if held.version != version:
        raise Refused(Problem(ProblemCode.VERSION_CONFLICT, at("version"), {"version": held.version}))
    if held.status not in MOVES[status]:
        raise Refused(Problem(ProblemCode.WRONG_STATUS, at("assignment")))
    return held


# The rules.


async def _broken(
    session: AsyncConnection,
    request: Request,
    sending: tuple[uuid.UUID, uuid.UUID, datetime, datetime],
    rules: Sequence[Rule],
) -> Sequence[Any]:
    """The broken rules, with their facts, as they stand under the locks."""
    need_id, volunteer_id, starts_at, ends_at = sending
    need, person = Need.alias(), Volunteer.alias()
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


async def _overridden(session: AsyncConnection, key: uuid.UUID) -> frozenset[str]:
    return frozenset(await session.scalars(sa.select(Override.c.rule_code).where(Override.c.assignment_id == key)))


def _check_override(rules: Sequence[str], reason: str | None) -> frozenset[str]:
    """The codes to override; each must be one that may be, and all need a reason."""
    overridable = {refusal.code for rule in OFFER_RULES if rule.overridable for refusal in rule.refusals}
    if not overridable.issuperset(rules):
        raise Refused(Problem(ProblemCode.NOT_OVERRIDABLE, at("override_rules")))
    if rules and not (reason and reason.strip()):
        raise invalid("override_reason", "Alasan pengecualian wajib diisi.", "An override needs a reason.")
    _text("override_reason", reason)
    return frozenset(rules)


def _check_period(need: Stored, starts: datetime, ends: datetime, expires_at: datetime | None, now: datetime) -> None:
    if not need.starts_at <= starts < ends <= need.ends_at:
        raise invalid("starts_at", "Masa tugas harus di dalam masa kebutuhan.", "The duty must lie within the need.")
    if expires_at is not None and expires_at <= now:
        raise invalid("expires_at", "Batas jawaban sudah lewat.", "The time to answer is already over.")


def _text(name: str, text: str | None) -> str | None:
    if text is not None and len(text) > 1000:
        raise invalid(name, "Paling banyak 1.000 huruf.", "At most 1,000 characters.")
    return text


# The changes.


async def _moved(
    session: AsyncConnection, request: Request, held: Stored, status: str, reason: str | None = None
) -> uuid.UUID:
    moved = {"status": status, "reason": reason, "version": held.version + 1}
    await session.execute(sa.update(Assignment).where(Assignment.c.id == held.id).values(moved))
    change = {"status": status, "from": held.status, "need": str(held.need_id), "volunteer": str(held.volunteer_id)}
    subject = ("Assignment", held.id)
    await record(session, request.actor, f"assignment.{status.lower()}", subject=subject, change=change, reason=reason)
    key: uuid.UUID = held.id
    return key
