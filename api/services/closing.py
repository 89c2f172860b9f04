"""Closing incidents and needs: their offers and promises end with them, in one transaction."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Assignment, Need, Volunteer
from api.models.assignment_status import ASSIGNMENT, AssignmentStatus, answer_deadline
from api.models.incident import IncidentAction, IncidentStatus
from api.rules.code import ProblemCode
from api.services.duty import move
from api.services.incident import INCIDENTS
from api.services.incident_kabupaten import INCIDENT_ID
from api.services.need import NEEDS
from api.services.pledge import release_all
from api.services.problem import Problem, Refused, input_path, read_reason
from api.services.request import Request
from api.services.verb import OneThing, verb


@verb(
    "close_incident",
    "Closes an incident with its needs; offers expire, and promises that have not begun are cancelled. `openGoodsNeeds` of the incident "
    "lists what of the goods is left open.",
    answers=OneThing("Incident"),
    callers=access.COORDINATORS_OF_INCIDENT,
    ids={"incident": "Incident"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.DUTY_RUNNING),
    updates=True,
)
async def close_incident(
    session: Transaction, request: Request, *, incident: uuid.UUID, version: int, reason: str | None = None
) -> uuid.UUID:
    """Refused with every duty that has begun and is not over."""
    text = read_reason(reason)
    held = await INCIDENTS.lock_for(session, request, incident, version, IncidentAction.CLOSE)
    needs = await session.rows(LOCK_NEEDS, {"incident": incident})
    for need in needs:
        await release_all(session, request, need=need.id, reason=text)
    await end_duties(session, request, [need.id for need in needs], reason=text, name="incident")
    for need in needs:
        if need.closed_at is None:
            await close_one(session, request, need, text)
    columns = {"reason": text, "ended_at": _end_of(held, request.now)}
    return await INCIDENTS.move(session, request, held, IncidentStatus.CLOSED, columns=columns, reason=text)


def _end_of(incident: Row, now: datetime) -> datetime | None:
    """The end of an incident that is closed now; null where it never began."""
    ended: datetime | None = incident.ended_at
    return ended or (now if now > incident.started_at else None)


async def close_one(session: Transaction, request: Request, need: Row, reason: str | None) -> uuid.UUID:
    """Closes a locked need, whose pledges are released and whose duties have ended."""
    change = {"incident": str(need.incident_id)}
    columns = {"closed_at": request.now}
    return await NEEDS.change(session, request, need, "closed", columns=columns, change=change, reason=reason)


async def end_duties(
    session: Transaction, request: Request, needs: Sequence[uuid.UUID], *, reason: str | None, name: str
) -> None:
    """Expires the offers of locked needs and cancels what was accepted and has not begun; what is over stays.

    Refuses with every duty that has begun and is not over; `name` is the input field of what is closed.
    """
    duties = await lock_duties(session, request, needs)
    if running := [duty for duty in duties if _is_running(duty, request.now)]:
        raise Refused(*(_running(duty, name) for duty in running))
    ending = [duty for duty in duties if duty.status == AssignmentStatus.OFFERED or duty.ends_at > request.now]
    for duty in ending:
        await end_duty(session, request, duty, reason)


async def lock_duties(session: Transaction, request: Request, needs: Sequence[uuid.UUID]) -> Sequence[Row]:
    """The live offers and duties of locked needs, locked after their volunteers."""
    parameters = {**request.parameters, "needs": needs}
    await session.rows(LOCK_VOLUNTEERS, parameters)
    return await session.rows(LOCK_DUTIES, parameters)


def _is_running(duty: Row, now: datetime) -> bool:
    begun = duty.starts_at <= now or duty.status == AssignmentStatus.ON_DUTY
    return duty.status in ASSIGNMENT.group("PROMISED") and begun and duty.ends_at > now


def _running(duty: Row, name: str) -> Problem:
    fact = {"assignment_id": duty.id, "starts_at": duty.starts_at, "ends_at": duty.ends_at}
    return Problem(ProblemCode.DUTY_RUNNING, input_path(name), fact)


async def end_duty(session: Transaction, request: Request, duty: Row, reason: str | None) -> None:
    """An offer expires, at its deadline if that has passed; a promise is cancelled, and its time is free again."""
    is_offer = duty.status == AssignmentStatus.OFFERED
    has_lapsed = duty.current_status != duty.status
    status = AssignmentStatus.EXPIRED if is_offer else AssignmentStatus.CANCELLED
    if has_lapsed:
        await move(session, request, duty, status, lapsed_at=duty.deadline)
    else:
        await move(session, request, duty, status, reason=reason)


NEED_IDS = sa.bindparam("needs", type_=ARRAY(sa.Uuid()))
LOCK_NEEDS = compile_statement(
    sa.select(Need).where(Need.c.incident_id == INCIDENT_ID).order_by(Need.c.id).with_for_update(key_share=True)
)
_LIVE = sa.and_(Assignment.c.need_id == sa.any_(NEED_IDS), Assignment.c.status.in_(ASSIGNMENT.group("LIVE")))
LOCK_VOLUNTEERS = compile_statement(
    sa.select(Volunteer.c.id)
    .where(Volunteer.c.id.in_(sa.select(Assignment.c.volunteer_id).where(_LIVE)))
    .order_by(Volunteer.c.id)
    .with_for_update(key_share=True)
)
# Neither offered nor promised any more while it is locked: the needs are locked before.
LOCK_DUTIES = compile_statement(
    sa.select(
        Assignment,
        ASSIGNMENT.current(Assignment, access.NOW).label("current_status"),
        answer_deadline(Assignment).label("deadline"),
    )
    .where(_LIVE)
    .order_by(Assignment.c.id)
    .with_for_update(key_share=True)
)
