"""Places in the sessions of a camp that not everybody attends: taken and given back by who comes."""

import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import CampEnrolment, CampRegistration, CampSession
from api.models.base import new_id
from api.models.camp import CAMP
from api.models.camp_registration import CAMP_REGISTRATION, CampRegistrationStatus
from api.rules.code import ProblemCode
from api.services.camp_line import lock_camp
from api.services.change import check_status
from api.services.feed import record_all
from api.services.frame import ItemResult
from api.services.problem import Problem, Problems, not_found
from api.services.request import Request
from api.services.verb import ResultPerItem, verb

MOST = 1000
# Who has a place at the camp; an offer is to be accepted first.
COMES = (CampRegistrationStatus.REGISTERED, CampRegistrationStatus.CHECKED_IN)
IDS = {"camp_session": "CampSession", "registrations": "CampRegistration"}


@verb(
    "enrol_in_camp_session",
    "Gives up to 1,000 people of a camp a place in a session that is not required, in their order as long as it has room.",
    answers=ResultPerItem("CampRegistration", "registrations"),
    callers=access.CAMP_REGISTRARS,
    ids=IDS,
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.PERIOD_PAST, ProblemCode.SESSION_FULL),
)
async def enrol(
    session: Transaction, request: Request, *, camp_session: uuid.UUID, registrations: Sequence[uuid.UUID]
) -> list[ItemResult]:
    """Who has a place in it already keeps it."""
    held = await _lock(session, request, camp_session, registrations)
    found = await _people(session, request, held, registrations)
    free = held.capacity - held.taken if held.capacity is not None else len(registrations)
    joining: dict[uuid.UUID, None] = {}
    results = []
    for key in registrations:
        problem = _obstacle(found.get(key))
        if problem is None and not found[key].is_enrolled and key not in joining:
            if len(joining) < free:
                joining[key] = None
            else:
                full = {"count": held.capacity, "limit": held.capacity}
                problem = Problem(ProblemCode.SESSION_FULL, fact=full)
        results.append(ItemResult(problems=[problem]) if problem else ItemResult(key=key))
    rows = [{"id": new_id(), "session_id": camp_session, "registration_id": key} for key in joining]
    await session.insert_all(CampEnrolment, rows, sorted_by="registration_id")
    await _record(session, request, "enrolled", camp_session, [*joining])
    return results


@verb(
    "leave_camp_session",
    "Gives the places of up to 1,000 people in a session of a camp back.",
    answers=ResultPerItem("CampRegistration", "registrations"),
    callers=access.CAMP_REGISTRARS,
    ids=IDS,
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.PERIOD_PAST),
)
async def leave(
    session: Transaction, request: Request, *, camp_session: uuid.UUID, registrations: Sequence[uuid.UUID]
) -> list[ItemResult]:
    held = await _lock(session, request, camp_session, registrations)
    found = await _people(session, request, held, registrations)
    problems = [_obstacle(found.get(key)) for key in registrations]
    leaving = [key for key, problem in zip(registrations, problems, strict=True) if problem is None]
    left = await session.rows(LEAVE, {"session": camp_session, "registrations": leaving})
    await _record(session, request, "left_session", camp_session, [row.registration_id for row in left])
    return [
        ItemResult(problems=[problem]) if problem else ItemResult(key=key)
        for key, problem in zip(registrations, problems, strict=True)
    ]


async def _lock(
    session: Transaction, request: Request, camp_session: uuid.UUID, registrations: Sequence[uuid.UUID]
) -> Row:
    """The session, under the lock of its camp: one that not everybody attends, and that is not over."""
    problems = Problems()
    problems.at_most(MOST, "registrations", registrations)
    problems.refuse()
    values = {**request.parameters, "session": camp_session}
    camp = await session.value(_camp_of(request.actor.kind), values)
    locked = await lock_camp(session, camp) if camp is not None else None
    if locked is None:
        raise not_found("camp_session")
    check_status(locked, CAMP.group("TAKING"), "camp_session")
    (held,) = await session.rows(SESSION, values)
    if held.is_required:
        problems.invalid(
            "camp_session", indonesian="Sesi ini wajib bagi semua.", english="Everybody attends this session."
        )
    if held.ends_at <= request.now:
        problems.add(ProblemCode.PERIOD_PAST, "camp_session", ends_at=held.ends_at)
    problems.refuse()
    return held


async def _people(
    session: Transaction, request: Request, held: Row, registrations: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Row]:
    """The registrations that the actor sees, of the camp of the session."""
    values = {"session": held.id, "camp": held.camp_id, "registrations": [*registrations]}
    rows = await session.rows(_seen(request.actor.kind), {**request.parameters, **values})
    return {row.id: row for row in rows}


def _obstacle(found: Row | None) -> Problem | None:
    if found is None:
        return Problem(ProblemCode.NOT_FOUND)
    if not found.may:
        return Problem(ProblemCode.FORBIDDEN)
    if found.status not in COMES:
        return Problem(ProblemCode.WRONG_STATUS, fact={"status": found.status})
    return None


async def _record(
    session: Transaction, request: Request, what: str, camp_session: uuid.UUID, registrations: Sequence[uuid.UUID]
) -> None:
    changes = [(key, {"session": str(camp_session)}) for key in registrations]
    await record_all(session, request, f"camp_registration.{what}", "CampRegistration", changes)


_SESSION: sa.BindParameter[uuid.UUID] = sa.bindparam("session", type_=sa.Uuid())
_REGISTRATIONS: Any = sa.any_(sa.bindparam("registrations", type_=ARRAY(sa.Uuid())))
SESSION = compile_statement(sa.select(CampSession).where(CampSession.c.id == _SESSION))
LEAVE = compile_statement(
    sa.delete(CampEnrolment)
    .where(CampEnrolment.c.session_id == _SESSION, CampEnrolment.c.registration_id == _REGISTRATIONS)
    .returning(CampEnrolment.c.registration_id)
)


@cache
def _camp_of(kind: Kind) -> CompiledStatement:
    sees = access.sees_part_of_camp(kind, CampSession)
    return compile_statement(sa.select(CampSession.c.camp_id).where(CampSession.c.id == _SESSION, sees))


@cache
def _seen(kind: Kind) -> CompiledStatement:
    may = sa.or_(
        access.answers_registration(kind, CampRegistration), access.receives_registration(kind, CampRegistration)
    )
    enrolled = sa.exists().where(
        CampEnrolment.c.session_id == _SESSION, CampEnrolment.c.registration_id == CampRegistration.c.id
    )
    return compile_statement(
        sa.select(
            CampRegistration.c.id,
            CAMP_REGISTRATION.current(CampRegistration, access.NOW).label("status"),
            may.label("may"),
            enrolled.label("is_enrolled"),
        ).where(
            CampRegistration.c.id == _REGISTRATIONS,
            CampRegistration.c.camp_id == sa.bindparam("camp", type_=sa.Uuid()),
            access.sees_registration(kind, CampRegistration),
        )
    )
