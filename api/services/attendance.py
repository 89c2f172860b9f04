"""What happens on a duty: setting out, arriving, leaving, or not coming. Reports come late, out of order, more than once."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Attendance
from api.models.assignment_status import AssignmentAction, AssignmentStatus
from api.models.attendance import AttendanceKind, AttendanceMark
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.services.duty import change, lock_assignment, move, promise, shorten_commitment
from api.services.hours import count
from api.services.problem import Problem, Problems, input_path, read_reason
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.text import line

_S = AssignmentStatus
# Takes the evaluation back, which was made of a duty that proves not to be over.
UNRATED: Mapping[str, None] = dict.fromkeys(("rating", "rating_comment", "rated_at", "rater_id"))
# By how much the clock of a phone may be ahead; what it reports happened now.
CLOCK_ERROR = timedelta(minutes=5)
# So long before a duty somebody may arrive for it. The day of a phone may be wrong, and who helps before has another duty.
EARLIEST = timedelta(hours=72)

# Before the id of a scan: by which its report is known among those of the duty.
NONCE = "scan "


def nonce_of(scan: uuid.UUID) -> str:
    return f"{NONCE}{scan}"


# A check-in of somebody who was said not to have come asks for the time and the place again.
_CONFLICTS = {
    "ex_commitment_one_place_at_a_time": Problem(ProblemCode.PERSON_ELSEWHERE, input_path("assignment")),
    "places_of_need": Problem(ProblemCode.NEED_FULL, input_path("assignment")),
    "uq_assignment_live": Problem(ProblemCode.ALREADY_OFFERED, input_path("assignment")),
}


@verb(
    "mobilize_assignment",
    "Records that the volunteer has set out; a repeated or late report changes nothing that is known already.",
    answers=OneThing("Assignment"),
    callers=access.EITHER_SIDE,
    ids={"assignment": "Assignment"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED),
)
async def mobilize(
    session: Transaction,
    request: Request,
    *,
    assignment: uuid.UUID,
    at: datetime | None = None,
    nonce: str | None = None,
) -> uuid.UUID:
    return await _report(session, request, assignment, AssignmentAction.MOBILIZE, at=at, nonce=nonce)


@verb(
    "check_in_assignment",
    "Records that the volunteer has arrived; the first check-in that counts is when the hours begin.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    conflicts=_CONFLICTS,
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED),
)
async def check_in(
    session: Transaction,
    request: Request,
    *,
    assignment: uuid.UUID,
    at: datetime | None = None,
    nonce: str | None = None,
) -> uuid.UUID:
    return await _report(session, request, assignment, AssignmentAction.CHECK_IN, at=at, nonce=nonce)


@verb(
    "check_out_assignment",
    "Records that the volunteer has left; the first check-out after the check-in completes the duty.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED),
)
async def check_out(
    session: Transaction,
    request: Request,
    *,
    assignment: uuid.UUID,
    at: datetime | None = None,
    nonce: str | None = None,
) -> uuid.UUID:
    return await _report(session, request, assignment, AssignmentAction.CHECK_OUT, at=at, nonce=nonce)


@verb(
    "record_no_show",
    "Records that the volunteer did not come; the promised time is free again. A check-in that comes later undoes it.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED, ProblemCode.DUTY_NOT_BEGUN),
    updates=True,
)
async def record_no_show(
    session: Transaction, request: Request, *, assignment: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    text = read_reason(reason)
    duty = await lock_assignment(session, request, assignment, version, AssignmentAction.RECORD_NO_SHOW)
    return await move(session, request, duty, _S.NO_SHOW, reason=text, columns=UNRATED)


_KINDS = {
    AssignmentAction.MOBILIZE: AttendanceKind.MOBILIZED,
    AssignmentAction.CHECK_IN: AttendanceKind.CHECKED_IN,
    AssignmentAction.CHECK_OUT: AttendanceKind.CHECKED_OUT,
}


async def _report(
    session: Transaction,
    request: Request,
    key: uuid.UUID,
    action: AssignmentAction,
    *,
    at: datetime | None,
    nonce: str | None,
) -> uuid.UUID:
    problems = Problems()
    known_by = problems.read(line, "nonce", value=nonce, minimum=1, maximum=100)
    if known_by is not None and known_by.startswith(NONCE):
        problems.invalid(
            "nonce",
            indonesian="Tidak boleh diawali “scan ”.",
            english="It must not begin with “scan ”, as those of scans do.",
        )
    problems.refuse()
    duty = await lock_assignment(session, request, key, None, action)
    return await apply(session, request, duty, _KINDS[action], at=at or request.now, nonce=known_by)


async def apply(
    session: Transaction, request: Request, duty: Row, kind: AttendanceKind, *, at: datetime, nonce: str | None = None
) -> uuid.UUID:
    """Keeps a report of a locked duty, and moves the duty to where all reports together put it.

    The one place where an instant meets an assignment; whoever calls it has asked for the right to. A report with a nonce, or
    a kind and instant, that is there already changes nothing. What a scan has reported is no longer the scan's once somebody
    reports the same, so that it stays where the scan is annulled.
    """
    key: uuid.UUID = duty.id
    at = request.now if request.now < at <= request.now + CLOCK_ERROR else at
    mark = mark_of(duty, kind, at, request.now)
    values = {"assignment_id": key, "kind": kind, "at": at, "mark": mark, "nonce": nonce}
    values |= {"account_id": request.actor.account_id, "created_at": request.now}
    if await session.value(KEEP, {**values, "id": new_id()}) is None:
        if nonce is None or not nonce.startswith(NONCE):
            await session.rows(TAKE_FROM_SCAN, values)
        return key
    reported = {"kind": kind, "at": at.isoformat(), "mark": mark}
    if mark is not None:
        return await change(session, request, duty, "attendance_recorded", columns={}, change=reported)
    return await _settle(session, request, duty, reported, at)


def mark_of(duty: Row, kind: AttendanceKind, at: datetime, now: datetime) -> AttendanceMark | None:
    """Why a report of this instant does not count; None if it does."""
    if at < duty.accepted_at:
        return AttendanceMark.BEFORE_ACCEPTANCE
    if at > now:
        return AttendanceMark.IN_FUTURE
    if kind is not AttendanceKind.MOBILIZED and at < duty.starts_at - EARLIEST:
        return AttendanceMark.TOO_EARLY
    if kind is AttendanceKind.CHECKED_IN and at >= min(duty.ends_at, duty.released_at or duty.ends_at):
        return AttendanceMark.AFTER_END
    return None


async def _settle(session: Transaction, request: Request, duty: Row, reported: Any, at: datetime) -> uuid.UUID:
    """Sets what follows from all reports that count: the instants, the status, and the time that remains promised."""
    (known,) = await session.rows(REPORTED, {"assignment": duty.id})
    arrived = known.arrived_at
    ends = [each for each in (known.left_at, duty.released_at) if each and arrived and each > arrived]
    columns = {"checked_in_at": arrived, "checked_out_at": min(ends, default=None)}
    status = _status(duty, known)
    left = columns["checked_out_at"]
    if duty.status == _S.NO_SHOW != status:
        await promise(session, duty, left)
    elif left is not None:
        await shorten_commitment(session, duty, left)
    if status == duty.status:
        await change(session, request, duty, "attendance_recorded", columns=columns, change=reported, effective_at=at)
    else:
        await move(session, request, duty, status, columns=columns, change=reported, effective_at=at)
    await count(session, request, duty)
    key: uuid.UUID = duty.id
    return key


def _status(duty: Row, known: Row) -> AssignmentStatus:
    """Where the reports put a duty; what is over stays so."""
    if duty.status in (_S.COMPLETED, _S.RELEASED):
        return AssignmentStatus[duty.status]
    if known.arrived_at is not None:
        return _S.COMPLETED if known.left_at else _S.ON_DUTY
    return _S.MOBILIZED if duty.status == _S.ACCEPTED and known.set_out_at else AssignmentStatus[duty.status]


_KEPT = ("id", "created_at", "assignment_id", "kind", "at", "mark", "nonce", "account_id")
KEEP = compile_statement(
    insert(Attendance)
    .values({name: sa.bindparam(name, type_=Attendance.c[name].type) for name in _KEPT})
    .on_conflict_do_nothing()
    .returning(Attendance.c.id)
)


def _take_from_scan() -> sa.Update:
    """Of the report of a scan with the same mark; not by a nonce by which another report is known."""
    known = Attendance.alias()
    value = {name: sa.bindparam(name, type_=Attendance.c[name].type) for name in _KEPT if name != "id"}
    same = ("assignment_id", "kind", "at")
    by_nonce = sa.exists().where(known.c.assignment_id == value["assignment_id"], known.c.nonce == value["nonce"])
    return (
        sa.update(Attendance)
        .where(
            *(Attendance.c[name] == value[name] for name in same),
            Attendance.c.mark.is_not_distinct_from(value["mark"]),
            Attendance.c.nonce.startswith(NONCE),
            ~by_nonce,
        )
        .values(nonce=value["nonce"], account_id=value["account_id"])
    )


TAKE_FROM_SCAN = compile_statement(_take_from_scan())
_COUNTS = sa.select(sa.func.min(Attendance.c.at)).where(
    Attendance.c.assignment_id == sa.bindparam("assignment", type_=sa.Uuid()), Attendance.c.mark.is_(None)
)


def _first(kind: AttendanceKind, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
    return _COUNTS.where(Attendance.c.kind == kind, *conditions).scalar_subquery()


_ARRIVED = _first(AttendanceKind.CHECKED_IN)
REPORTED = compile_statement(
    sa.select(
        _first(AttendanceKind.MOBILIZED).label("set_out_at"),
        _ARRIVED.label("arrived_at"),
        # Nobody leaves before having come.
        _first(AttendanceKind.CHECKED_OUT, Attendance.c.at > _ARRIVED).label("left_at"),
    )
)
