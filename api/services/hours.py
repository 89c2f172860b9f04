"""The hours that were served in duties: counted from reports of attendance, corrected, proposed and confirmed."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Assignment, ServedHours
from api.models.assignment_status import OVER
from api.models.base import INSTANT, new_id
from api.models.hours import HoursSource, HoursStatus
from api.rules.code import ProblemCode
from api.services.change import check_status
from api.services.duty import change, lock_for, read_again, record_lapse
from api.services.problem import Problem, Problems, Refused, input_path, read_reason
from api.services.request import Request
from api.services.verb import OneThing, verb

_CODES = (ProblemCode.WRONG_STATUS, ProblemCode.PERSON_ELSEWHERE)


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
    hours = {"starts_at": starts_at, "ends_at": ends_at}
    values = await _columns(session, request, duty, hours, reason)
    await session.rows(REPLACE, {"assignment": assignment, "old": HoursStatus.PROPOSED})
    await session.rows(REPLACE, {"assignment": assignment, "old": HoursStatus.COUNTED})
    row = {**values, "source": HoursSource.CORRECTION, "status": HoursStatus.COUNTED}
    await session.insert(ServedHours, id=new_id(), **row)
    await count(session, request, duty)
    return await change(session, request, duty, "hours_corrected", columns={}, **_said(values))


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
    hours = {"starts_at": starts_at, "ends_at": ends_at}
    values = await _columns(session, request, duty, hours, reason)
    await session.rows(REPLACE, {"assignment": assignment, "old": HoursStatus.PROPOSED})
    row = {**values, "source": HoursSource.PROPOSAL, "status": HoursStatus.PROPOSED}
    await session.insert(ServedHours, id=new_id(), **row)
    return await change(session, request, duty, "hours_proposed", columns={}, **_said(values))


@verb(
    "confirm_hours",
    "Confirms the hours that are proposed for a duty; they count from then on.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    codes=(*_CODES, ProblemCode.NOTHING_PROPOSED),
    updates=True,
)
async def confirm(session: Transaction, request: Request, *, assignment: uuid.UUID, version: int) -> uuid.UUID:
    duty, proposed = await _proposed(session, request, assignment, version)
    problems = Problems()
    await _check_alone(session, request, problems, duty, proposed, name="assignment")
    problems.refuse()
    await session.rows(REPLACE, {"assignment": assignment, "old": HoursStatus.COUNTED})
    await session.update(ServedHours, proposed.id, status=HoursStatus.COUNTED)
    await count(session, request, duty)
    return await change(session, request, duty, "hours_confirmed", columns={}, **_said(proposed))


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
    return await change(session, request, duty, "hours_refused", columns={}, **{**_said(proposed), "reason": text})


async def count(session: Transaction, request: Request, duty: Row) -> None:
    """Counts the hours of the locked volunteer of a duty between check-ins and check-outs, where nobody has decided otherwise.

    Whoever has checked in at another duty has left the one before, so that no hour counts twice, in whatever order the
    reports come. Other duties whose hours change by that have an event.
    """
    changed = await session.rows(COUNT, {"volunteer": duty.volunteer_id})
    for key, rows in groupby(changed, key=lambda row: row.assignment_id):
        if key != duty.id:
            parts = [_hours(row) for row in rows if row.starts_at is not None]
            other = await read_again(session, request, key)
            await change(session, request, other, "hours_counted", columns={}, change={"parts": parts})


async def _lock(session: Transaction, request: Request, key: uuid.UUID, version: int, *, may: access.Predicate) -> Row:
    """A duty that is over, whose hours the actor may decide about or propose."""
    duty = await lock_for(session, request, key, version, may=may)
    check_status(duty, OVER, "assignment")
    return await record_lapse(session, request, duty)


async def _columns(
    session: Transaction, request: Request, duty: Row, hours: Mapping[str, datetime], reason: str
) -> dict[str, Any]:
    """The columns of hours in an input; nobody served before the acceptance, in the future, or in two places."""
    problems = Problems()
    text = problems.reason(reason)
    if not duty.accepted_at <= hours["starts_at"] < hours["ends_at"] <= request.now:
        problems.invalid(
            "starts_at",
            indonesian="Jam tugas harus sesudah penerimaan, berakhir sesudah mulai, dan tidak di masa depan.",
            english="The hours must begin after the acceptance, end after they begin, and not lie in the future.",
        )
    await _check_alone(session, request, problems, duty, hours, name="starts_at")
    problems.refuse()
    whose = {"assignment_id": duty.id, "volunteer_id": duty.volunteer_id, "account_id": request.actor.account_id}
    return {**whose, **hours, "reason": text}


async def _check_alone(
    session: Transaction,
    request: Request,
    problems: Problems,
    duty: Row,
    hours: Row | Mapping[str, Any],
    *,
    name: str,
) -> None:
    """No hours of another duty that count may overlap with these; `name` is the input field that is wrong."""
    period = {each: hours[each] for each in ("starts_at", "ends_at")}
    whose = {"volunteer": duty.volunteer_id, "assignment": duty.id}
    elsewhere = _elsewhere(request.actor.kind)
    for row in await session.rows(elsewhere, {**request.parameters, **whose, **period}):
        problems.add(ProblemCode.PERSON_ELSEWHERE, name, **row)


async def _proposed(session: Transaction, request: Request, key: uuid.UUID, version: int) -> tuple[Row, Row]:
    """The locked duty, and the hours that are proposed for it."""
    duty = await _lock(session, request, key, version, may=access.sends_to_need_of)
    proposed = await session.row(PROPOSED, {"assignment": key})
    if proposed is None:
        raise Refused(Problem(ProblemCode.NOTHING_PROPOSED, input_path("assignment")))
    return duty, proposed


def _hours(values: Row | Mapping[str, Any]) -> dict[str, str]:
    return {name: values[name].isoformat() for name in ("starts_at", "ends_at")}


def _said(values: Row | Mapping[str, Any]) -> dict[str, Any]:
    """What an event says of the hours that somebody entered."""
    return {"change": _hours(values), "reason": values["reason"]}


_ASSIGNMENT = ServedHours.c.assignment_id == sa.bindparam("assignment", type_=sa.Uuid())
_VOLUNTEER: sa.BindParameter[uuid.UUID] = sa.bindparam("volunteer", type_=sa.Uuid())
_IS_COUNTED = ServedHours.c.status == HoursStatus.COUNTED
_PERIOD = sa.func.tstzrange(ServedHours.c.starts_at, ServedHours.c.ends_at)
REPLACE = compile_statement(
    sa.update(ServedHours)
    .where(_ASSIGNMENT, ServedHours.c.status == sa.bindparam("old", type_=sa.Text()))
    .values(status=HoursStatus.REPLACED)
)
PROPOSED = compile_statement(sa.select(ServedHours).where(_ASSIGNMENT, ServedHours.c.status == HoursStatus.PROPOSED))


def _stays() -> sa.Subquery:
    """From check-in to check-out of each duty of the volunteer that nobody decided about, or to the next check-in elsewhere."""
    decided = sa.exists().where(
        ServedHours.c.assignment_id == Assignment.c.id, _IS_COUNTED, ServedHours.c.source != HoursSource.ATTENDANCE
    )
    next_one = sa.func.lead(Assignment.c.checked_in_at).over(order_by=(Assignment.c.checked_in_at, Assignment.c.id))
    left = sa.func.least(Assignment.c.checked_out_at, next_one, type_=INSTANT)
    return (
        sa.select(Assignment.c.id, sa.func.tstzrange(Assignment.c.checked_in_at, left).label("period"))
        .where(Assignment.c.volunteer_id == _VOLUNTEER, Assignment.c.checked_out_at.is_not(None), ~decided)
        .subquery()
    )


def _by_attendance() -> sa.CTE:
    """The hours that the stays give, without those of other duties that were decided: what is before them, and what after."""
    stay = _stays()
    decided = sa.select(sa.func.range_agg(_PERIOD)).where(
        ServedHours.c.volunteer_id == _VOLUNTEER, _IS_COUNTED, ServedHours.c.source != HoursSource.ATTENDANCE
    )
    none: sa.ColumnElement[Any] = sa.literal_column("'{}'::tstzmultirange")
    taken = sa.func.coalesce(decided.scalar_subquery(), none)
    free = sa.func.tstzmultirange(stay.c.period).op("-")(taken)
    part = sa.select(sa.func.unnest(free).label("period")).correlate(stay).lateral()
    starts, ends = (sa.type_coerce(bound(part.c.period), INSTANT) for bound in (sa.func.lower, sa.func.upper))
    found = sa.select(stay.c.id.label("assignment_id"), starts.label("starts_at"), ends.label("ends_at"))
    return found.select_from(stay.join(part, sa.true())).cte("by_attendance")


def _count() -> sa.Select[Any]:
    """Makes the hours that count by attendance what they are; the duties whose hours changed, a row for each part of them.

    Where none count there is one row with null.
    """
    found = _by_attendance()
    names = ("assignment_id", "starts_at", "ends_at")
    counted, wanted = (sa.tuple_(*(table.c[name] for name in names)) for table in (ServedHours, found))
    old = sa.and_(ServedHours.c.volunteer_id == _VOLUNTEER, _IS_COUNTED, ServedHours.c.source == HoursSource.ATTENDANCE)
    gone = sa.delete(ServedHours).where(old, counted.not_in(sa.select(*found.c)))
    constants = [sa.literal_column(f"'{each}'", sa.Text) for each in (HoursSource.ATTENDANCE, HoursStatus.COUNTED)]
    known = sa.select(*(ServedHours.c[name] for name in names)).where(old)
    new = sa.insert(ServedHours).from_select(
        ["id", "volunteer_id", "source", "status", *names],
        sa.select(sa.func.gen_random_uuid(), _VOLUNTEER, *constants, *found.c).where(wanted.not_in(known)),
        include_defaults=False,
    )
    parts = [each.returning(ServedHours.c.assignment_id).cte() for each in (gone, new)]
    changed = sa.union(*(sa.select(each.c.assignment_id) for each in parts)).subquery()
    return (
        sa.select(changed.c.assignment_id, found.c.starts_at, found.c.ends_at)
        .select_from(changed.outerjoin(found, found.c.assignment_id == changed.c.assignment_id))
        .order_by(changed.c.assignment_id, found.c.starts_at)
    )


COUNT = compile_statement(_count())


@cache
def _elsewhere(kind: Kind) -> CompiledStatement:
    """The duties of other hours that overlap, and these hours, for whoever sees them."""
    may_see = access.sees_part_of_assignment(kind, ServedHours)
    bounds = (sa.case((may_see, ServedHours.c[name])).label(name) for name in ("starts_at", "ends_at"))
    return compile_statement(
        sa.select(ServedHours.c.assignment_id, *bounds)
        .where(
            ServedHours.c.volunteer_id == _VOLUNTEER,
            sa.not_(_ASSIGNMENT),
            _IS_COUNTED,
            ServedHours.c.starts_at < sa.bindparam("ends_at", type_=INSTANT),
            ServedHours.c.ends_at > sa.bindparam("starts_at", type_=INSTANT),
        )
        .order_by(ServedHours.c.starts_at)
    )
