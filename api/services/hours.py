"""The hours that were served in duties: counted from reports of attendance, corrected, proposed and confirmed."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import ServedHours
from api.models.assignment import AssignmentStatus
from api.models.base import new_id
from api.models.hours import HoursSource, HoursStatus
from api.rules.code import ProblemCode
from api.services.change import check_status
from api.services.duty import change, lock_for, record_lapse
from api.services.problem import Problem, Problems, Refused, input_path, read_reason
from api.services.request import Request
from api.services.verb import OneThing, verb

_CODES = (ProblemCode.WRONG_STATUS,)


@verb(
    "correct_hours",
    "Says from when until when somebody served in a duty that is over; it counts instead of what was reported or proposed.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    codes=_CODES,
    updates=True,
)
async def correct(
    session: Transaction,
    request: Request,
    *,
    assignment: uuid.UUID,
    version: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
) -> uuid.UUID:
    duty = await _lock(session, request, assignment, version, may=access.sends_to_need_of)
    values = _columns(request, duty, starts_at, ends_at, reason)
    await session.rows(END, {"assignment": assignment, "old": HoursStatus.PROPOSED, "new": HoursStatus.REPLACED})
    await session.rows(END, {"assignment": assignment, "old": HoursStatus.COUNTED, "new": HoursStatus.REPLACED})
    row = {**values, "source": HoursSource.CORRECTION, "status": HoursStatus.COUNTED}
    await session.insert(ServedHours, id=new_id(), assignment_id=assignment, **row)
    return await _record(session, request, duty, "hours_corrected", values)


@verb(
    "propose_hours",
    "Proposes from when until when the volunteer served in a duty that is over; it counts once a coordinator confirms it.",
    answers=OneThing("Assignment"),
    callers=access.VOLUNTEER_OR_MANAGERS,
    ids={"assignment": "Assignment"},
    codes=_CODES,
    updates=True,
)
async def propose(
    session: Transaction,
    request: Request,
    *,
    assignment: uuid.UUID,
    version: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
) -> uuid.UUID:
    """A later proposal replaces an earlier one."""
    duty = await _lock(session, request, assignment, version, may=access.answers_assignment)
    values = _columns(request, duty, starts_at, ends_at, reason)
    await session.rows(END, {"assignment": assignment, "old": HoursStatus.PROPOSED, "new": HoursStatus.REPLACED})
    row = {**values, "source": HoursSource.PROPOSAL, "status": HoursStatus.PROPOSED}
    await session.insert(ServedHours, id=new_id(), assignment_id=assignment, **row)
    return await _record(session, request, duty, "hours_proposed", values)


@verb(
    "confirm_hours",
    "Confirms the hours that are proposed for a duty; they count from then on.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.NOTHING_PROPOSED),
    updates=True,
)
async def confirm(session: Transaction, request: Request, *, assignment: uuid.UUID, version: int) -> uuid.UUID:
    duty, proposed = await _proposed(session, request, assignment, version)
    await session.rows(END, {"assignment": assignment, "old": HoursStatus.COUNTED, "new": HoursStatus.REPLACED})
    await session.update(ServedHours, proposed.id, status=HoursStatus.COUNTED)
    return await _record(session, request, duty, "hours_confirmed", dict(proposed))


@verb(
    "refuse_hours",
    "Refuses the hours that are proposed for a duty; what counted before counts.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.NOTHING_PROPOSED),
    updates=True,
)
async def refuse(
    session: Transaction, request: Request, *, assignment: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    text = read_reason(reason)
    duty, proposed = await _proposed(session, request, assignment, version)
    await session.update(ServedHours, proposed.id, status=HoursStatus.REFUSED)
    return await _record(session, request, duty, "hours_refused", {**proposed, "reason": text})


async def count(session: Transaction, duty: Row, starts_at: datetime, ends_at: datetime) -> None:
    """Counts the hours between check-in and check-out, unless somebody has decided otherwise."""
    values = {"id": new_id(), "assignment_id": duty.id, "starts_at": starts_at, "ends_at": ends_at}
    await session.rows(COUNT, {**values, "source": HoursSource.ATTENDANCE, "status": HoursStatus.COUNTED})


OVER = (AssignmentStatus.COMPLETED, AssignmentStatus.RELEASED)


async def _lock(session: Transaction, request: Request, key: uuid.UUID, version: int, *, may: access.Predicate) -> Row:
    """A duty that is over, whose hours the actor may decide about or propose."""
    duty = await lock_for(session, request, key, version, may=may)
    check_status(duty, OVER, "assignment")
    return await record_lapse(session, request, duty)


def _columns(request: Request, duty: Row, starts_at: datetime, ends_at: datetime, reason: str) -> dict[str, Any]:
    """The columns of hours in an input; nobody served before the acceptance, or in the future."""
    problems = Problems()
    text = problems.reason(reason)
    if not duty.accepted_at <= starts_at < ends_at <= request.now:
        problems.invalid(
            "starts_at",
            indonesian="Jam tugas harus sesudah penerimaan, berakhir sesudah mulai, dan tidak di masa depan.",
            english="The hours must begin after the acceptance, end after they begin, and not lie in the future.",
        )
    problems.refuse()
    return {"starts_at": starts_at, "ends_at": ends_at, "reason": text, "account_id": request.actor.account_id}


async def _proposed(session: Transaction, request: Request, key: uuid.UUID, version: int) -> tuple[Row, Row]:
    """The locked duty, and the hours that are proposed for it."""
    duty = await _lock(session, request, key, version, may=access.sends_to_need_of)
    proposed = await session.row(PROPOSED, {"assignment": key})
    if proposed is None:
        raise Refused(Problem(ProblemCode.NOTHING_PROPOSED, input_path("assignment")))
    return duty, proposed


async def _record(
    session: Transaction, request: Request, duty: Row, event: str, values: Mapping[str, Any]
) -> uuid.UUID:
    hours = {name: values[name].isoformat() for name in ("starts_at", "ends_at")}
    return await change(session, request, duty, event, columns={}, change=hours, reason=values["reason"])


_ASSIGNMENT = ServedHours.c.assignment_id == sa.bindparam("assignment", type_=sa.Uuid())
END = compile_statement(
    sa.update(ServedHours)
    .where(_ASSIGNMENT, ServedHours.c.status == sa.bindparam("old", type_=sa.Text()))
    .values(status=sa.bindparam("new", type_=sa.Text()))
)
PROPOSED = compile_statement(sa.select(ServedHours).where(_ASSIGNMENT, ServedHours.c.status == HoursStatus.PROPOSED))
_COUNTED = ("id", "assignment_id", "starts_at", "ends_at", "source", "status")
_INSERT = insert(ServedHours).values({name: sa.bindparam(name, type_=ServedHours.c[name].type) for name in _COUNTED})
COUNT = compile_statement(
    _INSERT.on_conflict_do_update(
        index_elements=["assignment_id"],
        index_where=sa.text("status = 'COUNTED'"),
        set_={"starts_at": _INSERT.excluded.starts_at, "ends_at": _INSERT.excluded.ends_at},
        where=ServedHours.c.source == HoursSource.ATTENDANCE,
    )
)
