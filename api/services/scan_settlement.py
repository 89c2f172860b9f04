"""What follows from the scan log: who has come to a camp, and the check-ins and check-outs of duties at a site."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from api.access import NOW
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Attendance, Camp, CampRegistration, Commitment, Scan
from api.models.assignment_status import AssignmentAction
from api.models.base import new_id
from api.models.camp import CampStatus
from api.models.camp_registration import CampRegistrationStatus
from api.models.scan import ScanPoint
from api.services.attendance import apply, nonce_of
from api.services.attendance_undo import KINDS, retract
from api.services.camp_line import REGISTRATIONS, move_all
from api.services.duty import lock_assignments, read_again, record_lapse
from api.services.request import Request

_S = CampRegistrationStatus
# What who came is at a camp of each status to which scans are sent.
WHO_CAME = {
    CampStatus.RUNNING: _S.CHECKED_IN,
    CampStatus.COMPLETED: _S.COMPLETED,
    CampStatus.CANCELLED: _S.RELEASED,
}
ACTIONS = {ScanPoint.ENTRY: AssignmentAction.CHECK_IN, ScanPoint.EXIT: AssignmentAction.CHECK_OUT}


async def settle_camp(
    session: Transaction, request: Request, camp: Row, status: CampStatus = CampStatus.RUNNING
) -> None:
    """Who has an entry that counts has come, also where it arrives late; asked under the lock of the camp of this status."""
    await move_all(session, request, await session.rows(ARRIVED, {"camp": camp.id}), _S.CHECKED_IN)
    late = await session.rows(ARRIVED_LATE, {"camp": camp.id})
    try:
        await _give_back(session, request, camp, status, late)
    except asyncpg.CheckViolationError:
        # Some of the places are somebody else's by now: whose are not is found one by one.
        for held in late:
            with suppress(asyncpg.CheckViolationError):
                await _give_back(session, request, camp, status, [held])


async def _give_back(
    session: Transaction, request: Request, camp: Row, status: CampStatus, late: Sequence[Row]
) -> None:
    """Places and days, from the first entry on, of people who were taken for not having come.

    Whose days are promised to something else by now stays as is, and the scan in the log.
    """
    if not late:
        return
    async with session.savepoint():
        stays = await session.rows(COMMIT_STAYS, {"registrations": [held.id for held in late]})
        committed = {row.registration_id for row in stays}
        came: dict[tuple[CampRegistrationStatus, str | None], list[Row]] = {}
        for held in late:
            if held.volunteer_id is None or held.id in committed:
                came.setdefault(_whose_entry_is_late(held, camp, status), []).append(held)
        for (target, reason), rows in came.items():
            await move_all(session, request, rows, target, reason=reason)


def _whose_entry_is_late(held: Row, camp: Row, status: CampStatus) -> tuple[CampRegistrationStatus, str | None]:
    """The status of somebody who came after all, and why it ended."""
    target = _S.RELEASED if held.had_place else WHO_CAME[status]
    return target, held.reason or camp.reason if target == _S.RELEASED else None


async def unsettle_camp(
    session: Transaction, request: Request, camp: uuid.UUID, registration: uuid.UUID | None
) -> None:
    """Whose only entry was annulled has not come."""
    for held in await session.rows(NOT_ARRIVED, {"camp": camp, "registration": registration}):
        await REGISTRATIONS.move(session, request, held, _S.REGISTERED)


async def unsettle_duty(
    session: Transaction, request: Request, assignment: uuid.UUID, *, scan: uuid.UUID, reason: str | None
) -> None:
    """What an annulled scan has said of a locked duty is taken back."""
    await retract(session, request, await read_again(session, request, assignment), scan=scan, reason=reason)


async def enter(session: Transaction, request: Request, registration: uuid.UUID) -> None:
    """Writes into the log that somebody without a code was let in, if they have a place."""
    by = {"account": request.actor.account_id, "scan": new_id()}
    await session.rows(ENTER, {**request.parameters, **by, "registration": registration})


async def lock_duties(
    session: Transaction, request: Request, rows: Sequence[Mapping[str, Any]]
) -> Collection[uuid.UUID]:
    """Locks the duties that scans at a site are of, and those of which earlier scans of these people could not be reported.

    Before the scans are written: what a new row refers to is locked, too, and a need comes before it.
    """
    waiting = {row.assignment_id for row in await session.rows(UNREPORTED, _who(rows))}
    duties = waiting | {row["assignment_id"] for row in rows if row["assignment_id"] is not None}
    await lock_assignments(session, request, sorted(duties))
    return duties


def _who(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"places": [row["site_id"] for row in rows], "people": [row["volunteer_id"] for row in rows]}


async def settle_duties(
    session: Transaction, request: Request, rows: Sequence[Mapping[str, Any]], duties: Collection[uuid.UUID]
) -> None:
    """Check-ins and check-outs of the locked duties at a site by the scans that count, in the order of their times.

    Who did not come, and whose time or place is somebody else's by now, stays so; the scan stays in the log. Such an arrival is
    reported again with each later scan of the person at the site, as somebody who is known to have left, or to have left
    another duty, takes less time. Of two such duties that overlap, the one whose arrival is reported first takes the time.
    """
    waiting = [row for row in await session.rows(UNREPORTED, _who(rows)) if row.assignment_id in duties]
    refused = [row for row in waiting if not await _report(session, request, row)]
    for row in refused:
        await _report(session, request, row)


async def _report(session: Transaction, request: Request, scan: Row) -> bool:
    """Whether what the scan says of its locked duty could be reported, or there is nothing to report."""
    duty = await read_again(session, request, scan.assignment_id)
    if ACTIONS[scan.point] not in duty.actions:
        return True
    try:
        async with session.savepoint():
            duty = await record_lapse(session, request, duty)
            await apply(session, request, duty, KINDS[scan.point], at=scan.at, nonce=nonce_of(scan.id))
    except asyncpg.IntegrityConstraintViolationError:
        return False
    return True


# The statements, compiled once.


def _id(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Uuid())


def _among(name: str) -> Any:
    return sa.any_(sa.bindparam(name, type_=ARRAY(sa.Uuid())))


_kind = sa.case(*((Scan.c.point == point, str(kind)) for point, kind in KINDS.items()))
_reported = sa.exists().where(
    Attendance.c.assignment_id == Scan.c.assignment_id, Attendance.c.kind == _kind, Attendance.c.at == Scan.c.at
)
UNREPORTED = compile_statement(
    sa.select(Scan.c.id, Scan.c.assignment_id, Scan.c.point, Scan.c.at)
    .where(
        *(Scan.c[column] == _among(name) for column, name in (("place_id", "places"), ("person_id", "people"))),
        Scan.c.assignment_id.is_not(None),
        Scan.c.point.in_([*KINDS]),
        Scan.c.counts,
        ~_reported,
    )
    .order_by(Scan.c.at, Scan.c.id)
)
_entries = (
    sa.select(Scan.c.at)
    .where(
        Scan.c.place_id == CampRegistration.c.camp_id,
        Scan.c.person_id == sa.func.coalesce(CampRegistration.c.volunteer_id, CampRegistration.c.id),
        Scan.c.counts,
        Scan.c.point == ScanPoint.ENTRY,
    )
    .correlate(CampRegistration)
)


def _registrations(*conditions: sa.ColumnElement[bool]) -> CompiledStatement:
    """Registrations of the camp, locked."""
    return compile_statement(
        sa.select(CampRegistration)
        .where(CampRegistration.c.camp_id == _id("camp"), *conditions)
        .order_by(CampRegistration.c.id)
        .with_for_update(key_share=True, of=CampRegistration)
    )


_status = CampRegistration.c.status
ARRIVED = _registrations(_status == _S.REGISTERED, _entries.exists())
# Who cancelled was there until then.
_left_at = sa.case((CampRegistration.c.had_place, CampRegistration.c.updated_at))
ARRIVED_LATE = _registrations(
    sa.or_(_status == _S.NO_SHOW, CampRegistration.c.had_place),
    _entries.where(sa.or_(_left_at.is_(None), Scan.c.at <= _left_at)).exists(),
)
NOT_ARRIVED = _registrations(
    _status == _S.CHECKED_IN, CampRegistration.c.id == _id("registration"), sa.not_(_entries.exists())
)


def _commit_stays() -> Any:
    """From the first entry within the camp on, from its start where there is none, until it or the place was ended."""
    end = sa.func.least(Camp.c.ends_at, Camp.c.ended_at, _left_at)
    entry = _entries.where(Scan.c.at >= Camp.c.starts_at, Scan.c.at < end).correlate(CampRegistration, Camp)
    first = sa.func.coalesce(entry.with_only_columns(sa.func.min(Scan.c.at)).scalar_subquery(), Camp.c.starts_at)
    # No period is empty, also where the camp was ended before its start.
    period = sa.func.tstzrange(first, sa.func.greatest(end, first + sa.literal_column("interval '1 microsecond'")))
    stay = (
        sa.select(sa.func.gen_random_uuid(), CampRegistration.c.volunteer_id, CampRegistration.c.id, period)
        .join(Camp, Camp.c.id == CampRegistration.c.camp_id)
        .where(
            CampRegistration.c.id == _among("registrations"),
            CampRegistration.c.volunteer_id.is_not(None),
        )
        .order_by(CampRegistration.c.volunteer_id)
    )
    columns = ["id", "volunteer_id", "registration_id", "period"]
    return insert(Commitment).from_select(columns, stay, include_defaults=False).on_conflict_do_nothing()


COMMIT_STAYS = compile_statement(_commit_stays().returning(Commitment.c.registration_id))


def _enter() -> Any:
    """The registration is the nonce, so that it is written once."""
    values = {
        "id": _id("scan"),
        "camp_id": CampRegistration.c.camp_id,
        "point": sa.literal_column(f"'{ScanPoint.ENTRY}'"),
        "text": sa.literal_column("''"),
        "volunteer_id": CampRegistration.c.volunteer_id,
        "registration_id": CampRegistration.c.id,
        "at": NOW,
        "device": sa.literal_column("'registerWalkIn'"),
        "nonce": sa.cast(CampRegistration.c.id, sa.Text),
        "is_offline": sa.false(),
        "account_id": _id("account"),
    }
    let_in = sa.select(*values.values()).where(
        CampRegistration.c.id == _id("registration"), CampRegistration.c.status == _S.CHECKED_IN
    )
    return insert(Scan).from_select([*values], let_in, include_defaults=False)


ENTER = compile_statement(_enter())
