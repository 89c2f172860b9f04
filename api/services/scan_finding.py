"""What a scan says: whose code it is of, where, and what is wrong with it by what is known of the code, the person and the place."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import (
    Assignment,
    Attendance,
    CampEnrolment,
    CampRegistration,
    CampSession,
    CampStaffMember,
    Need,
    ScanCode,
)
from api.models.assignment_status import AssignmentStatus
from api.models.attendance import AttendanceKind
from api.models.base import INSTANT, new_id
from api.models.camp_registration import CAMP_REGISTRATION, CampRegistrationStatus
from api.models.scan import ScanFinding, ScanPoint
from api.rules.code import ProblemCode
from api.services.attendance import CLOCK_ERROR, EARLIEST
from api.services.attendance_undo import was_no_show
from api.services.problem import Problem, Problems, Refused
from api.services.request import Request
from api.values.text import line

_S = CampRegistrationStatus
# Of two duties, one after the other, somebody comes to the later one from so long before its start on, and leaves the earlier
# one until so long after its end.
HANDOVER = timedelta(minutes=30)
# What a registration says of who has come; other statuses have a place, or had one until the camp was completed.
OF_STATUS: Mapping[str, ScanFinding] = {
    _S.WAITLISTED: ScanFinding.WAITING,
    _S.OFFERED: ScanFinding.WAITING,
    **dict.fromkeys((_S.EXPIRED, _S.CANCELLED, _S.RELEASED), ScanFinding.CANCELLED),
}


@dataclass(frozen=True, slots=True)
class Gate:
    """Where is scanned: a camp while it runs, or a site. `first` and `last` are the ends of the days of a camp."""

    camp_id: uuid.UUID | None = None
    site_id: uuid.UUID | None = None
    first: datetime | None = None
    last: datetime | None = None

    @property
    def key(self) -> uuid.UUID:
        key = self.camp_id or self.site_id
        assert key is not None
        return key

    def is_open_at(self, at: datetime) -> bool:
        return self.first is not None and self.last is not None and self.first <= at < self.last


# At a site these report of the duty; a meal or a kit only needs one.
REPORTS = (ScanPoint.ENTRY, ScanPoint.EXIT)


def check_scan(scan: Mapping[str, Any], sessions: set[uuid.UUID]) -> list[Problem]:
    problems = Problems()
    problems.read(line, "nonce", value=scan["nonce"], minimum=1, maximum=100)
    problems.read(line, "item", value=scan.get("item"), minimum=1, maximum=100)
    problems.read(line, "code", value=scan["code"], minimum=1, maximum=200)
    if (scan["point"] == ScanPoint.SESSION) != (scan.get("session") is not None):
        problems.invalid("session", indonesian="Hanya untuk sesi.", english="For a session, and only there.")
    elif scan.get("session") is not None and scan["session"] not in sessions:
        problems.add(ProblemCode.NOT_FOUND, "session")
    try:
        problems.refuse()
    except Refused as refused:
        return [*refused.problems]
    return []


def scan_row(
    request: Request, place: Gate, scan: Mapping[str, Any], carrier: Row | None, duties: Sequence[Row]
) -> dict[str, Any]:
    at = scan.get("at") or request.now
    of_camp = carrier is not None and place.camp_id is not None
    begun = (duty for duty in duties if at >= duty.starts_at - EARLIEST)
    duty = min(begun, key=lambda duty: _closeness(duty, scan["point"], at), default=None)
    return {
        "id": new_id(),
        "camp_id": place.camp_id,
        "site_id": None if place.camp_id else place.site_id,
        "point": scan["point"],
        "session_id": scan.get("session"),
        "item": scan.get("item"),
        "text": scan["code"].strip(),
        "scan_code_id": carrier and carrier.id,
        "volunteer_id": carrier and carrier.volunteer_id,
        "registration_id": carrier.registration_id if carrier is not None and of_camp else None,
        "assignment_id": duty.id if duty is not None and scan["point"] in REPORTS else None,
        "at": at,
        "nonce": scan["nonce"],
        "finding": _finding(place, carrier, scan, at, request.now, has_duty=duty is not None),
        "account_id": request.actor.account_id,
    }


def _closeness(duty: Row, point: str, at: datetime) -> tuple[Any, ...]:
    """The smaller, the rather a scan is of this duty: whose time is nearest, and promised; then the one that begins last.

    Nothing is asked that a scan changes, so that the answer is the same in whatever order scans come; what was reported before
    a later duty was accepted is asked as it was known then.
    """
    is_exit = point == ScanPoint.EXIT
    at += -HANDOVER if is_exit else HANDOVER
    ahead = duty.starts_at - at
    distance = max(ahead, at - duty.ends_at, timedelta(0))
    # As far from both, somebody leaves what has begun.
    return distance, duty.was_no_show, is_exit and ahead > timedelta(0), -ahead, duty.id


def _finding(
    place: Gate, carrier: Row | None, scan: Mapping[str, Any], at: datetime, now: datetime, *, has_duty: bool
) -> ScanFinding | None:
    """What is wrong with a scan by what is known of the code, the person and the place."""
    if carrier is None or carrier.is_place:
        return ScanFinding.UNKNOWN_CODE
    if at > now + CLOCK_ERROR:
        return ScanFinding.IN_FUTURE
    if carrier.annulled_at is not None:
        return ScanFinding.ANNULLED_CODE
    if place.camp_id is None:
        return None if has_duty else ScanFinding.NO_DUTY
    return ScanFinding.WRONG_DAY if not place.is_open_at(at) else _of_registration(carrier, scan, at)


def _of_registration(carrier: Row, scan: Mapping[str, Any], at: datetime) -> ScanFinding | None:
    """Who was released leaves all the same, and was there until then."""
    if carrier.is_staff or (carrier.status == _S.RELEASED and scan["point"] == ScanPoint.EXIT):
        return None
    if carrier.status is None:
        return ScanFinding.NOT_REGISTERED
    if carrier.status in OF_STATUS and (carrier.left_at is None or carrier.left_at < at):
        return OF_STATUS[carrier.status]
    return ScanFinding.NOT_ENROLLED if scan.get("session") in carrier.closed_sessions else None


async def read_carriers(session: Transaction, place: Gate, codes: Sequence[str | None]) -> Mapping[str, Row]:
    parameters = {"codes": [code for code in codes if code], "camp": place.camp_id}
    return {row.code: row for row in await session.rows(CARRIERS, parameters)}


async def read_duties(session: Transaction, place: Gate, people: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Row]]:
    """The duties of people at a site, by person; none at a camp."""
    found: dict[uuid.UUID, list[Row]] = {}
    if place.site_id is not None:
        for row in await session.rows(DUTIES, {"site": place.site_id, "people": people}):
            found.setdefault(row.volunteer_id, []).append(row)
    return found


async def read_sessions(session: Transaction, place: Gate, scans: Sequence[Mapping[str, Any]]) -> set[uuid.UUID]:
    """Those of the named sessions that are of the camp."""
    named = [each["session"] for each in scans if each.get("session")]
    if not named or place.camp_id is None:
        return set()
    return {row.id for row in await session.rows(SESSIONS, {"camp": place.camp_id, "sessions": named})}


# The statements, compiled once.


def _id(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Uuid())


# The newest registration of each person at the camp.
_has_left = sa.or_(CampRegistration.c.status == _S.RELEASED, CampRegistration.c.had_place)
_registration = (
    sa.select(
        CampRegistration.c.id,
        CAMP_REGISTRATION.current(CampRegistration, access.NOW).label("status"),
        sa.case((_has_left, CampRegistration.c.updated_at)).label("left_at"),
    )
    .where(
        CampRegistration.c.camp_id == _id("camp"),
        sa.or_(
            CampRegistration.c.volunteer_id == ScanCode.c.volunteer_id,
            CampRegistration.c.id == ScanCode.c.registration_id,
        ),
    )
    .order_by(CampRegistration.c.status.in_(CAMP_REGISTRATION.group("LIVE")).desc(), CampRegistration.c.number.desc())
    .limit(1)
    .correlate(ScanCode)
    .lateral()
)
_staff = sa.exists().where(
    CampStaffMember.c.camp_id == _id("camp"),
    CampStaffMember.c.volunteer_id == ScanCode.c.volunteer_id,
    CampStaffMember.c.ended_at.is_(None),
)
_enrolled = sa.exists().where(
    CampEnrolment.c.session_id == CampSession.c.id, CampEnrolment.c.registration_id == _registration.c.id
)
# The sessions with a capacity in which the person has no place.
_closed_sessions = sa.select(CampSession.c.id).where(
    CampSession.c.camp_id == _id("camp"), CampSession.c.capacity.is_not(None), ~_enrolled
)
CARRIERS = compile_statement(
    sa.select(
        ScanCode.c.id,
        ScanCode.c.code,
        ScanCode.c.annulled_at,
        ScanCode.c.volunteer_id,
        ScanCode.c.site_id.is_not(None).label("is_place"),
        sa.func.coalesce(_registration.c.id, ScanCode.c.registration_id).label("registration_id"),
        _registration.c.status,
        _registration.c.left_at,
        _staff.label("is_staff"),
        sa.func.array(_closed_sessions.correlate(_registration).scalar_subquery()).label("closed_sessions"),
    )
    .select_from(ScanCode.outerjoin(_registration, sa.true()))
    .where(ScanCode.c.code == sa.any_(sa.bindparam("codes", type_=ARRAY(sa.Text()))))
)
_later = Assignment.alias()


def _was_no_show(duty: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.or_(duty.c.status == AssignmentStatus.NO_SHOW, was_no_show(duty.c.id))


_in, _out = Attendance.alias(), Attendance.alias()


def _was_known(report: sa.FromClause, kind: AttendanceKind) -> sa.ColumnElement[bool]:
    """Whether it is a report of a duty that counts, and was there when the later duty was accepted."""
    return sa.and_(
        report.c.assignment_id == Assignment.c.id,
        report.c.kind == kind,
        report.c.mark.is_(None),
        report.c.created_at <= _later.c.accepted_at,
    )


_arrived_at = sa.select(sa.func.min(_in.c.at)).where(_was_known(_in, AttendanceKind.CHECKED_IN))
# When somebody has left a duty, the rest of whose time was then promised to a later one: by what was known at its acceptance,
# so that no scan that comes afterwards changes it.
_left_for_later_at = (
    sa.select(sa.func.min(_out.c.at))
    .select_from(_later.join(_out, _was_known(_out, AttendanceKind.CHECKED_OUT)))
    .where(
        _out.c.at > _arrived_at.correlate(Assignment, _later).scalar_subquery(),
        _later.c.volunteer_id == Assignment.c.volunteer_id,
        _later.c.starts_at > Assignment.c.starts_at,
        _later.c.starts_at < Assignment.c.ends_at,
        _later.c.status != AssignmentStatus.CANCELLED,
        ~_was_no_show(_later),
    )
    .correlate(Assignment)
    .scalar_subquery()
)
DUTIES = compile_statement(
    sa.select(
        Assignment.c.id,
        Assignment.c.volunteer_id,
        Assignment.c.starts_at,
        sa.func.least(
            Assignment.c.ends_at,
            Assignment.c.released_at,
            _left_for_later_at,
            type_=INSTANT,
        ).label("ends_at"),
        _was_no_show(Assignment).label("was_no_show"),
    )
    .join(Need, Need.c.id == Assignment.c.need_id)
    .where(
        Need.c.site_id == _id("site"),
        Assignment.c.volunteer_id == sa.any_(sa.bindparam("people", type_=ARRAY(sa.Uuid()))),
        Assignment.c.accepted_at.is_not(None),
        Assignment.c.status != AssignmentStatus.CANCELLED,
    )
    .order_by(Assignment.c.id)
)
SESSIONS = compile_statement(
    sa.select(CampSession.c.id).where(
        CampSession.c.camp_id == _id("camp"),
        CampSession.c.id == sa.any_(sa.bindparam("sessions", type_=ARRAY(sa.Uuid()))),
    )
)
