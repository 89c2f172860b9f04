"""The scan log: recording in bulk, singly, late and from offline; annulling. Any order of the same scans ends in the same state."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Assignment, Camp, CampRegistration, CampSession, CampStaffMember, Need, Scan, ScanCode, Site
from api.models.assignment import AssignmentAction, AssignmentStatus
from api.models.attendance import AttendanceKind
from api.models.base import INSTANT, new_id
from api.models.camp import CampStatus
from api.models.camp_registration import CAMP_REGISTRATION, CampRegistrationStatus
from api.models.day import local_day, time_zone
from api.models.scan import ScanFinding, ScanPoint
from api.rules.code import ProblemCode
from api.services.attendance import apply
from api.services.camp import CAMPS
from api.services.change import Changeable, check_status
from api.services.duty import LOCK_ASSIGNMENTS, lock_assignments, record_lapse
from api.services.feed import record
from api.services.frame import ItemResult
from api.services.problem import Problem, Problems, Refused, forbidden, input_path, not_found, read_reason
from api.services.request import Request
from api.services.scan_code import read_code
from api.services.vault import Vault
from api.services.verb import OneThing, ResultPerItem, verb
from api.values.text import line

MOST_SCANS = 1000
# By how much the clock of a phone may be ahead.
CLOCK_ERROR = timedelta(minutes=5)
SCANS = Changeable(Scan, access.sees_scan)
REGISTRATIONS = Changeable(CampRegistration, access.sees_registration, CAMP_REGISTRATION)

_S = CampRegistrationStatus
# What a registration says of who has come; other statuses have a place.
OF_STATUS: Mapping[str, ScanFinding] = {
    _S.WAITLISTED: ScanFinding.WAITING,
    _S.OFFERED: ScanFinding.WAITING,
    **dict.fromkeys((_S.EXPIRED, _S.CANCELLED, _S.NO_SHOW, _S.RELEASED), ScanFinding.CANCELLED),
}
KINDS = {ScanPoint.ENTRY: AttendanceKind.CHECKED_IN, ScanPoint.EXIT: AttendanceKind.CHECKED_OUT}
ACTIONS = {ScanPoint.ENTRY: AssignmentAction.CHECK_IN, ScanPoint.EXIT: AssignmentAction.CHECK_OUT}


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


@verb(
    "record_scans",
    "Records scans of people's codes at a camp or a site, up to 1,000; the same nonce of a device changes nothing.",
    answers=ResultPerItem("Scan", items="scans"),
    callers=access.SCANNERS,
    ids={"camp": "Camp", "site": "Site", "scans.session": "CampSession"},
    codes=(ProblemCode.WRONG_STATUS,),
    needs_vault=True,
)
async def record_scans(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    device: str,
    scans: Sequence[Mapping[str, Any]],
    is_offline: bool,
    camp: uuid.UUID | None = None,
    site: uuid.UUID | None = None,
) -> Sequence[ItemResult]:
    """Scans with which something is wrong are kept with what it is; those from offline count all the same."""
    problems = Problems()
    if (camp is None) == (site is None):
        problems.invalid(indonesian="Sebutkan kemah atau lokasi.", english="Name a camp or a site, one of them.")
    name = problems.read(line, "device", value=device, minimum=1, maximum=100)
    if len(scans) > MOST_SCANS:
        problems.invalid("scans", indonesian=f"Paling banyak {MOST_SCANS}.", english=f"At most {MOST_SCANS:,}.")
    problems.refuse()
    place = await _camp(session, request, camp, is_offline=is_offline) if camp else await _site(session, request, site)
    carriers = await _carriers(session, place, [read_code(vault, each["code"]) for each in scans])
    sessions = await _sessions(session, place, scans)
    duties = await _duties(session, place, [each.volunteer_id for each in carriers.values()])
    rows: dict[int, dict[str, Any]] = {}
    results: dict[int, ItemResult] = {}
    for position, each in enumerate(scans):
        wrong = _check(each, sessions)
        if wrong:
            results[position] = ItemResult(problems=wrong)
            continue
        carrier = carriers.get(read_code(vault, each["code"]) or "")
        at_site = duties.get(carrier.volunteer_id, ()) if carrier is not None else ()
        scan = _row(request, place, each, carrier, at_site)
        rows[position] = {**scan, "device": name, "is_offline": is_offline}
    new = await session.insert_all(Scan, [*rows.values()], sorted_by="nonce")
    known = await session.rows(
        KNOWN, {"place": place.key, "device": name, "nonces": [r["nonce"] for r in rows.values()]}
    )
    keys = {row.nonce: row.id for row in known}
    results |= {position: ItemResult(key=keys[row["nonce"]]) for position, row in rows.items()}
    await _settle(session, request, place, [row for row in rows.values() if row["id"] in new])
    return [results[position] for position in range(len(scans))]


def _check(scan: Mapping[str, Any], sessions: set[uuid.UUID]) -> list[Problem]:
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


def _row(
    request: Request, place: Gate, scan: Mapping[str, Any], carrier: Row | None, duties: Sequence[Row]
) -> dict[str, Any]:
    at = scan.get("at") or request.now
    of_camp = carrier is not None and place.camp_id is not None
    duty = min(duties, key=lambda duty: max(duty.starts_at - at, at - duty.ends_at), default=None)
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
        "assignment_id": duty and duty.id,
        "at": at,
        "nonce": scan["nonce"],
        "finding": _finding(place, carrier, scan["point"], at, request.now, has_duty=duty is not None),
        "account_id": request.actor.account_id,
    }


def _finding(
    place: Gate, carrier: Row | None, point: ScanPoint, at: datetime, now: datetime, *, has_duty: bool
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
    return ScanFinding.WRONG_DAY if not place.is_open_at(at) else _of_registration(carrier, point)


def _of_registration(carrier: Row, point: ScanPoint) -> ScanFinding | None:
    """Who was released leaves all the same."""
    if carrier.is_staff or (carrier.status == _S.RELEASED and point == ScanPoint.EXIT):
        return None
    status: str | None = carrier.status
    return ScanFinding.NOT_REGISTERED if status is None else OF_STATUS.get(status)


async def _camp(session: Transaction, request: Request, key: uuid.UUID, *, is_offline: bool) -> Gate:
    """A camp while it lasts; what was scanned offline is taken after its end, too."""
    held = await CAMPS.lock(session, request, key, None, may=access.runs_camp)
    late = (CampStatus.COMPLETED,) if is_offline else ()
    check_status(held, (CampStatus.RUNNING, *late), "camp")
    days = await session.row(DAYS, {"camp": key})
    assert days is not None
    return Gate(camp_id=key, first=days.first, last=days.last)


async def _site(session: Transaction, request: Request, key: uuid.UUID | None) -> Gate:
    found = await session.row(_kept_site(request.actor.kind), {**request.parameters, "site": key})
    if found is None:
        raise not_found("site")
    if not found.may:
        raise forbidden("site")
    return Gate(site_id=key)


async def _carriers(session: Transaction, place: Gate, codes: Sequence[str | None]) -> Mapping[str, Row]:
    parameters = {"codes": [code for code in codes if code], "camp": place.camp_id}
    return {row.code: row for row in await session.rows(CARRIERS, parameters)}


async def _duties(session: Transaction, place: Gate, people: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Row]]:
    """The duties of people at a site, by person; none at a camp."""
    found: dict[uuid.UUID, list[Row]] = {}
    if place.site_id is not None:
        for row in await session.rows(DUTIES, {"site": place.site_id, "people": people}):
            found.setdefault(row.volunteer_id, []).append(row)
    return found


async def _sessions(session: Transaction, place: Gate, scans: Sequence[Mapping[str, Any]]) -> set[uuid.UUID]:
    """Those of the named sessions that are of the camp."""
    named = [each["session"] for each in scans if each.get("session")]
    if not named or place.camp_id is None:
        return set()
    return {row.id for row in await session.rows(SESSIONS, {"camp": place.camp_id, "sessions": named})}


# What follows from the log.


async def _settle(session: Transaction, request: Request, place: Gate, rows: Sequence[Mapping[str, Any]]) -> None:
    refused = sum(1 for row in rows if row["finding"] is not None)
    change = {"count": len(rows), "with_findings": refused}
    if place.camp_id is not None:
        await settle_camp(session, request, place.camp_id)
        await record(session, request, "camp.scanned", subject=("Camp", place.camp_id), change=change)
        return
    await _settle_duties(session, request, rows)
    await record(session, request, "site.scanned", subject=("Site", place.key), change=change)


async def settle_camp(session: Transaction, request: Request, camp: uuid.UUID) -> None:
    """Who has an entry that counts has come; asked under the lock of the camp."""
    for held in await session.rows(ARRIVED, {"camp": camp}):
        await REGISTRATIONS.move(session, request, held, _S.CHECKED_IN)


async def _unsettle(session: Transaction, request: Request, camp: uuid.UUID, registration: uuid.UUID | None) -> None:
    """Whose only entry was annulled has not come."""
    for held in await session.rows(NOT_ARRIVED, {"camp": camp, "registration": registration}):
        await REGISTRATIONS.move(session, request, held, _S.REGISTERED)


async def _settle_duties(session: Transaction, request: Request, rows: Sequence[Mapping[str, Any]]) -> None:
    """Check-ins and check-outs of duties at a site, in the order of their times."""
    counted = [
        row
        for row in sorted(rows, key=lambda row: (row["at"], row["id"]))
        if row["assignment_id"] and row["point"] in KINDS and row["finding"] is None
    ]
    await lock_assignments(session, request, sorted({row["assignment_id"] for row in counted}))
    for row in counted:
        (duty,) = await session.rows(LOCK_ASSIGNMENTS, {**request.parameters, "assignments": [row["assignment_id"]]})
        if ACTIONS[row["point"]] not in duty.actions:
            continue
        try:
            async with session.savepoint():
                duty = await record_lapse(session, request, duty)
                await apply(session, request, duty, KINDS[row["point"]], at=row["at"], nonce=f"scan {row['id']}")
        except asyncpg.IntegrityConstraintViolationError:
            # The time or the place is somebody else's by now: the scan stays, and the duty as it is.
            continue


@verb(
    "annul_scan",
    "Annuls a scan, for a reason; it stays in the log and no longer counts.",
    answers=OneThing("Scan"),
    callers=access.SCANNERS,
    ids={"scan": "Scan"},
    codes=(ProblemCode.WRONG_STATUS,),
)
async def annul(session: Transaction, request: Request, *, scan: uuid.UUID, reason: str) -> uuid.UUID:
    """The hours of a duty that it has begun or ended remain; they are corrected for themselves."""
    text = read_reason(reason)
    place = await session.row(_place_of(request.actor.kind), {**request.parameters, "scan": scan})
    if place is None:
        raise not_found("scan")
    if not place.may:
        raise forbidden("scan")
    if place.camp_id is not None:
        await session.lock_all(Camp, [place.camp_id])
    if await session.value(ANNUL, {"scan": scan, "reason": text, "now": request.now}) is None:
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("scan"), {"status": "ANNULLED"}))
    await record(session, request, "scan.annulled", subject=("Scan", scan), change={}, reason=text)
    if place.camp_id is not None and place.point == ScanPoint.ENTRY:
        await _unsettle(session, request, place.camp_id, place.registration_id)
    return scan


# The statements, compiled once.


def _id(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Uuid())


def _day_starts(day: Any) -> Any:
    return sa.func.timezone(time_zone(Camp.c.kabupaten_code), sa.cast(day, sa.DateTime))


_DAYS = {name: local_day(Camp.c.kabupaten_code, Camp.c[name]) for name in ("starts_at", "ends_at")}
DAYS = compile_statement(
    sa.select(
        _day_starts(_DAYS["starts_at"]).label("first"),
        _day_starts(_DAYS["ends_at"] + sa.literal_column("1")).label("last"),
    ).where(Camp.c.id == _id("camp"))
)


@cache
def _kept_site(kind: Kind) -> CompiledStatement:
    return compile_statement(sa.select(access.keeps_site(kind, Site).label("may")).where(Site.c.id == _id("site")))


@cache
def _place_of(kind: Kind) -> CompiledStatement:
    may = access.records_scan(kind, Scan).label("may")
    return compile_statement(
        sa.select(Scan.c.camp_id, Scan.c.registration_id, Scan.c.point, may).where(
            Scan.c.id == _id("scan"), access.sees_scan(kind, Scan)
        )
    )


# The newest registration of each person at the camp.
_registration = (
    sa.select(CampRegistration.c.id, CAMP_REGISTRATION.current(CampRegistration, access.NOW).label("status"))
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
DUTIES = compile_statement(
    sa.select(Assignment.c.id, Assignment.c.volunteer_id, Assignment.c.starts_at, Assignment.c.ends_at)
    .join(Need, Need.c.id == Assignment.c.need_id)
    .where(
        Need.c.site_id == _id("site"),
        Assignment.c.volunteer_id == sa.any_(sa.bindparam("people", type_=ARRAY(sa.Uuid()))),
        Assignment.c.accepted_at.is_not(None),
        Assignment.c.status != AssignmentStatus.CANCELLED,
    )
    .order_by(Assignment.c.id)
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
        _staff.label("is_staff"),
    )
    .select_from(ScanCode.outerjoin(_registration, sa.true()))
    .where(ScanCode.c.code == sa.any_(sa.bindparam("codes", type_=ARRAY(sa.Text()))))
)
SESSIONS = compile_statement(
    sa.select(CampSession.c.id).where(
        CampSession.c.camp_id == _id("camp"),
        CampSession.c.id == sa.any_(sa.bindparam("sessions", type_=ARRAY(sa.Uuid()))),
    )
)
KNOWN = compile_statement(
    sa.select(Scan.c.id, Scan.c.nonce).where(
        Scan.c.place_id == _id("place"),
        Scan.c.device == sa.bindparam("device", type_=sa.Text()),
        Scan.c.nonce == sa.any_(sa.bindparam("nonces", type_=ARRAY(sa.Text()))),
    )
)
_entry = sa.exists().where(
    Scan.c.place_id == _id("camp"),
    Scan.c.person_id == sa.func.coalesce(CampRegistration.c.volunteer_id, CampRegistration.c.id),
    Scan.c.counts,
    Scan.c.point == ScanPoint.ENTRY,
)


def _registrations(status: CampRegistrationStatus, *conditions: sa.ColumnElement[bool]) -> CompiledStatement:
    """Registrations of the camp with the status, locked."""
    return compile_statement(
        sa.select(CampRegistration)
        .where(CampRegistration.c.camp_id == _id("camp"), CampRegistration.c.status == status, *conditions)
        .order_by(CampRegistration.c.id)
        .with_for_update(key_share=True, of=CampRegistration)
    )


ARRIVED = _registrations(_S.REGISTERED, _entry)
NOT_ARRIVED = _registrations(_S.CHECKED_IN, CampRegistration.c.id == _id("registration"), ~_entry)
ANNUL = compile_statement(
    sa.update(Scan)
    .where(Scan.c.id == _id("scan"), Scan.c.annulled_at.is_(None))
    .values(annulled_at=sa.bindparam("now", type_=INSTANT), reason=sa.bindparam("reason", type_=sa.Text()))
    .returning(Scan.c.id)
)
