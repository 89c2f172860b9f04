"""Offering, accepting, declining and cancelling: the rules are asked under the locks that keep them true."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Assignment, Commitment, Need, Override, Volunteer
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.rules.refusal import ACCEPT_RULES, OFFER_RULES, refusals
from api.rules.rule import FACT_TYPES, Case, Rule, days_of
from api.rules.sending import is_offer_overdue
from api.services.feed import record
from api.services.frame import Request
from api.services.problem import Problem, Refused, forbidden, input_path, invalid, not_found

# Whether the actor may make the move, asked of the assignment.
May = Callable[[Request], sa.ColumnElement[bool]]

# The moves that exist in this slice of the domain: from which statuses each verb may be called.
MOVES: dict[str, tuple[str, ...]] = {
    "EXPIRED": ("OFFERED",),
    "ACCEPTED": ("OFFERED",),
    "DECLINED": ("OFFERED",),
    "CANCELLED": ("OFFERED", "ACCEPTED", "MOBILIZED"),
}


async def offer(
    session: Transaction,
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
    await _expire(session, request, need, volunteer)

    key = new_id()
    await session.rows(
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
        await session.rows(
            sa.insert(Override).values(
                id=new_id(),
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


async def _expire(session: Transaction, request: Request, need: uuid.UUID, volunteer: uuid.UUID) -> None:
    """Ends an earlier offer of the same need that was not answered in its time."""
    late = sa.select(Assignment).where(
        Assignment.c.need_id == need, Assignment.c.volunteer_id == volunteer, is_offer_overdue(access.NOW)
    )
    for held in await session.rows(late.with_for_update(), request.parameters):
        await _moved(session, request, held, "EXPIRED")


async def accept(session: Transaction, request: Request, *, assignment: uuid.UUID, version: int) -> uuid.UUID:
    """The volunteer's yes: from here on the time is promised, and nobody else can have it."""
    held = await _held(session, request, assignment, version, status="ACCEPTED", may=_answers)
    if held.expires_at is not None and held.expires_at <= request.now:
        raise Refused(Problem(ProblemCode.OFFER_EXPIRED, input_path("assignment"), {"ends_at": held.expires_at}))
    case = (held.need_id, held.volunteer_id, held.starts_at, held.ends_at)
    broken = await _broken(session, request, case, ACCEPT_RULES)
    _refuse(broken, await _overridden(session, held.id), "assignment")

    promised = {"id": new_id(), "volunteer_id": held.volunteer_id, "assignment_id": held.id}
    period = sa.func.tstzrange(held.starts_at, held.ends_at)
    await session.rows(sa.insert(Commitment).values(**promised, period=period))
    return await _moved(session, request, held, "ACCEPTED")


async def decline(
    session: Transaction, request: Request, *, assignment: uuid.UUID, version: int, reason: str | None = None
) -> uuid.UUID:
    held = await _held(session, request, assignment, version, status="DECLINED", may=_answers)
    return await _moved(session, request, held, "DECLINED", _text("reason", reason))


async def cancel(
    session: Transaction, request: Request, *, assignment: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    """Takes an offer or a promise back; the promised time is free again."""
    if not reason.strip():
        raise invalid("reason", "Alasan wajib diisi.", "A reason is required.")
    held = await _held(session, request, assignment, version, status="CANCELLED", may=_cancels)
    await session.rows(sa.delete(Commitment).where(Commitment.c.assignment_id == held.id))
    return await _moved(session, request, held, "CANCELLED", _text("reason", reason))


# Who may, and what is locked. Always the need first, then the volunteer: one locking order, no deadlock.


def _answers(request: Request) -> sa.ColumnElement[bool]:
    return access.answers_for(request.actor.kind, Assignment.c.volunteer_id)


def _cancels(request: Request) -> sa.ColumnElement[bool]:
    sends = access.sends_to_need(request.actor.kind, Need)
    return sa.or_(_answers(request), access.exists_where(Assignment, Need.c.id == Assignment.c.need_id, sends))


async def _locked_need(session: Transaction, request: Request, key: uuid.UUID) -> Row:
    found = sa.select(Need, access.sends_to_need(request.actor.kind, Need).label("may")).where(Need.c.id == key)
    need = await session.row(found.with_for_update(key_share=True), request.parameters)
    if need is None:
        raise not_found("need")
    if not need.may:
        raise forbidden("need")
    return need


async def _lock_volunteer(session: Transaction, key: uuid.UUID) -> None:
    await session.rows(sa.select(Volunteer.c.id).where(Volunteer.c.id == key).with_for_update(key_share=True))


async def _sees_volunteer(session: Transaction, request: Request, key: uuid.UUID) -> bool:
    sees = access.sees_volunteer(request.actor.kind, Volunteer)
    seen = sa.select(Volunteer.c.id).where(Volunteer.c.id == key, sees)
    return await session.value(seen, request.parameters) is not None


async def _held(session: Transaction, request: Request, key: uuid.UUID, version: int, *, status: str, may: May) -> Row:
    """The assignment, locked with its need and volunteer, for a move that the actor may make from this version."""
    seen = sa.select(Assignment.c.need_id, Assignment.c.volunteer_id, may(request)).where(
        Assignment.c.id == key, access.sees_assignment(request.actor.kind, Assignment)
    )
    found = await session.row(seen, request.parameters)
    if found is None:
        raise not_found("assignment")
    if not found[2]:
        raise forbidden("assignment")
    await session.rows(sa.select(Need.c.id).where(Need.c.id == found[0]).with_for_update(key_share=True))
    await _lock_volunteer(session, found[1])
    (held,) = await session.rows(sa.select(Assignment).where(Assignment.c.id == key).with_for_update())
    if held.version != version:
        raise Refused(Problem(ProblemCode.VERSION_CONFLICT, input_path("version"), {"version": held.version}))
    if held.status not in MOVES[status]:
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("assignment")))
    return held


# The rules.


async def _broken(
    session: Transaction,
    request: Request,
    sending: tuple[uuid.UUID, uuid.UUID, datetime, datetime],
    rules: tuple[Rule, ...],
) -> Sequence[Row]:
    """The broken rules, with their facts, as they stand under the locks."""
    names = ("need", "volunteer", "starts_at", "ends_at")
    return await session.rows(_question(rules), {**request.parameters, **dict(zip(names, sending, strict=True))})


@cache
def _question(rules: tuple[Rule, ...]) -> CompiledStatement:
    """Which rules one person breaks for one need in one period; written once, as it takes long to write."""
    need, person = Need.alias(), Volunteer.alias()
    starts, ends = (sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("starts_at", "ends_at"))
    case = Case(person, need, starts, ends, days_of(need, starts, ends), access.NOW)
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
        Problem(ProblemCode(row["code"]), input_path(name), _fact(row))
        for row in broken
        if not (row["overridable"] and row["code"] in overridden)
    ]
    if problems:
        raise Refused(*problems)


async def _overridden(session: Transaction, key: uuid.UUID) -> frozenset[str]:
    rows = await session.rows(sa.select(Override.c.rule_code).where(Override.c.assignment_id == key))
    return frozenset(row.rule_code for row in rows)


def _check_override(rules: Sequence[str], reason: str | None) -> frozenset[str]:
    """The codes to override; each must be one that may be, and all need a reason."""
    overridable = {refusal.code for rule in OFFER_RULES if rule.overridable for refusal in rule.refusals}
    if not overridable.issuperset(rules):
        raise Refused(Problem(ProblemCode.NOT_OVERRIDABLE, input_path("override_rules")))
    if rules and not (reason and reason.strip()):
        raise invalid("override_reason", "Alasan pengecualian wajib diisi.", "An override needs a reason.")
    _text("override_reason", reason)
    return frozenset(rules)


def _check_period(need: Row, starts: datetime, ends: datetime, expires_at: datetime | None, now: datetime) -> None:
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
    session: Transaction, request: Request, held: Row, status: str, reason: str | None = None
) -> uuid.UUID:
    moved = {"status": status, "reason": reason, "version": held.version + 1}
    await session.rows(sa.update(Assignment).where(Assignment.c.id == held.id).values(moved))
    change = {"status": status, "from": held.status, "need": str(held.need_id), "volunteer": str(held.volunteer_id)}
    subject = ("Assignment", held.id)
    await record(session, request.actor, f"assignment.{status.lower()}", subject=subject, change=change, reason=reason)
    key: uuid.UUID = held.id
    return key
