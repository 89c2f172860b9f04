"""Taking back what a scan has reported of a duty: instants, status, promised time and hours follow from the reports that remain."""

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Attendance, Event, Scan, ServedHours
from api.models.assignment_status import ASSIGNMENT, AssignmentStatus
from api.models.attendance import AttendanceKind
from api.models.hours import HoursSource, HoursStatus
from api.models.scan import ScanPoint
from api.services.attendance import NONCE, REPORTED, UNRATED, nonce_of
from api.services.duty import change, move, promise
from api.services.hours import count
from api.services.request import Request

_S = AssignmentStatus
KINDS: Mapping[str, AttendanceKind] = {
    ScanPoint.ENTRY: AttendanceKind.CHECKED_IN,
    ScanPoint.EXIT: AttendanceKind.CHECKED_OUT,
}


async def retract(session: Transaction, request: Request, duty: Row, *, scan: uuid.UUID, reason: str | None) -> None:
    """Of a locked duty, after the scan was annulled; another scan of the same instant that counts reports it from now on."""
    known_by = {"assignment": duty.id, "nonce": nonce_of(scan)}
    other = await session.value(SAME_INSTANT, {**known_by, "scan": scan})
    if other is not None:
        await session.rows(HAND_ON, {**known_by, "other": nonce_of(other)})
        return
    gone = await session.row(TAKE_BACK, known_by)
    if gone is not None and gone.mark is None:
        await _settle(session, request, duty, gone, reason)


async def _settle(session: Transaction, request: Request, duty: Row, gone: Row, reason: str | None) -> None:
    (known,) = await session.rows(REPORTED, {"assignment": duty.id})
    ends = [each for each in (known.left_at, duty.released_at) if each and known.arrived_at and each > known.arrived_at]
    left = min(ends, default=None)
    columns = {"checked_in_at": known.arrived_at, "checked_out_at": left}
    status = await _status(session, duty, known)
    if duty.status in ASSIGNMENT.group("BEGUN") and status != _S.NO_SHOW:
        await promise(session, duty, left or duty.released_at)
    taken = {"kind": gone.kind, "at": gone.at.isoformat()}
    if status == duty.status:
        await change(session, request, duty, "attendance_annulled", columns=columns, change=taken, reason=reason)
    else:
        columns |= UNRATED
        await move(session, request, duty, status, reason=reason, columns=columns, change={"annulled": taken})
    await count(session, request, duty)


async def _status(session: Transaction, duty: Row, known: Row) -> AssignmentStatus:
    """Where a duty stands without the report; one that was completed by time, or released, stays so.

    Whoever is not known to have come has served all the same where hours were decided.
    """
    by_time = duty.status == _S.COMPLETED and duty.checked_out_at is None
    if by_time or duty.status not in (_S.ON_DUTY, _S.COMPLETED):
        return AssignmentStatus[duty.status]
    if known.arrived_at is not None:
        return _S.COMPLETED if known.left_at else _S.ON_DUTY
    if await session.value(IS_DECIDED, {"assignment": duty.id}):
        return _S.COMPLETED
    if await session.value(WAS_NO_SHOW, {"assignment": duty.id}):
        return _S.NO_SHOW
    return _S.MOBILIZED if known.set_out_at else _S.ACCEPTED


# The statements, compiled once.


def was_no_show(assignment: sa.ColumnElement[uuid.UUID]) -> sa.ColumnElement[bool]:
    """Whether it was ever said of the person of a duty not to have come, also where a check-in has undone it."""
    return sa.exists().where(
        Event.c.subject_type == "Assignment",
        Event.c.subject_key == sa.cast(assignment, sa.Text),
        Event.c.kind == "assignment.no_show",
    )


def _id(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Uuid())


TAKE_BACK = compile_statement(
    sa.delete(Attendance)
    .where(
        Attendance.c.assignment_id == _id("assignment"), Attendance.c.nonce == sa.bindparam("nonce", type_=sa.Text())
    )
    .returning(Attendance.c.kind, Attendance.c.at, Attendance.c.mark)
)
# A duty is not said to be a no-show twice, unless a check-in came between.
WAS_NO_SHOW = compile_statement(sa.select(was_no_show(_id("assignment"))))
IS_DECIDED = compile_statement(
    sa.select(ServedHours.c.id).where(
        ServedHours.c.assignment_id == _id("assignment"),
        ServedHours.c.status == HoursStatus.COUNTED,
        ServedHours.c.source != HoursSource.ATTENDANCE,
    )
)
HAND_ON = compile_statement(
    sa.update(Attendance)
    .where(
        Attendance.c.assignment_id == _id("assignment"), Attendance.c.nonce == sa.bindparam("nonce", type_=sa.Text())
    )
    .values(nonce=sa.bindparam("other", type_=sa.Text()))
)
_annulled = Scan.alias()
SAME_INSTANT = compile_statement(
    sa.select(Scan.c.id)
    .join(_annulled, _annulled.c.id == _id("scan"))
    .where(
        Scan.c.assignment_id == _id("assignment"),
        Scan.c.point == _annulled.c.point,
        Scan.c.at == _annulled.c.at,
        Scan.c.counts,
        # A clock that was ahead: each was reported when it came.
        ~sa.exists().where(
            Attendance.c.assignment_id == Scan.c.assignment_id,
            Attendance.c.nonce == sa.func.concat(sa.literal_column(f"'{NONCE}'"), Scan.c.id),
        ),
    )
    .order_by(Scan.c.id)
    .limit(1)
)
