"""Care data: recorded by who answers for the person or runs the camp, read by its medics, erased after it."""

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Camp, CampCare, CampRegistration, Volunteer
from api.models.base import new_id
from api.models.camp import CampStatus
from api.rules.camp import is_minor
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.problem import Problem, Refused, forbidden, input_path, not_found
from api.services.request import Request
from api.services.verb import ComputedReport, OneThing, verb

KEPT_DAYS = 30


@verb(
    "record_care",
    "Records the little that the medics of a camp must know of somebody; only they read it, while the camp runs.",
    answers=OneThing("CampRegistration"),
    callers=access.CAMP_REGISTRARS,
    ids={"camp_registration": "CampRegistration"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.GUARDIAN_CONSENT),
)
async def record_care(
    session: Transaction,
    request: Request,
    *,
    camp_registration: uuid.UUID,
    diet: str,
    fit_seen: bool,
    guardian_consent: bool,
) -> uuid.UUID:
    """Until the camp is over. What was recorded before is replaced; who is under 18 does not come without the guardian's consent."""
    found = await _registration(session, request, camp_registration)
    if not found.may:
        raise forbidden("camp_registration")
    if found.status in (CampStatus.COMPLETED, CampStatus.CANCELLED):
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("camp_registration"), {"status": found.status}))
    if found.is_minor and not guardian_consent:
        raise Refused(Problem(ProblemCode.GUARDIAN_CONSENT, input_path("guardian_consent")))
    care = {"diet": diet, "fit_seen": fit_seen, "guardian_consent": guardian_consent}
    await session.rows(KEEP, {"id": new_id(), "registration_id": camp_registration, **care})
    subject = ("CampRegistration", camp_registration)
    await record(session, request, "camp_registration.care_recorded", subject=subject, change={})
    return camp_registration


@verb(
    "read_care",
    "Reads what the medics of a camp must know of somebody, while the camp runs; each reading is recorded.",
    answers=ComputedReport("CareData", {"diet": sa.Text(), "fit_seen": sa.Boolean(), "guardian_consent": sa.Boolean()}),
    callers=access.CAMP_MEDICS,
    ids={"camp_registration": "CampRegistration"},
    codes=(ProblemCode.WRONG_STATUS,),
    hands_out_secret=True,
)
async def read_care(session: Transaction, request: Request, *, camp_registration: uuid.UUID) -> Mapping[str, Any]:
    found = await _registration(session, request, camp_registration)
    if not found.is_medic:
        raise forbidden("camp_registration")
    if found.status != CampStatus.RUNNING:
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("camp_registration"), {"status": found.status}))
    care = await session.row(CARE, {"registration": camp_registration})
    if care is None:
        raise not_found("camp_registration")
    subject = ("CampRegistration", camp_registration)
    await record(session, request, "camp_registration.care_read", subject=subject, change={})
    return {name: care[name] for name in ("diet", "fit_seen", "guardian_consent")}


async def _registration(session: Transaction, request: Request, key: uuid.UUID) -> Any:
    found = await session.row(_found(request.actor.kind), {**request.parameters, "registration": key})
    if found is None:
        raise not_found("camp_registration")
    return found


_REGISTRATION = sa.bindparam("registration", type_=sa.Uuid())


@cache
def _found(kind: Kind) -> CompiledStatement:
    may = sa.or_(
        access.answers_registration(kind, CampRegistration), access.receives_registration(kind, CampRegistration)
    )
    medic = access.is_medic(kind, Camp)
    return compile_statement(
        sa.select(Camp.c.status, may.label("may"), medic.label("is_medic"), is_minor(Volunteer, Camp).label("is_minor"))
        .select_from(
            CampRegistration.join(Camp, Camp.c.id == CampRegistration.c.camp_id).outerjoin(
                Volunteer, Volunteer.c.id == CampRegistration.c.volunteer_id
            )
        )
        .where(CampRegistration.c.id == _REGISTRATION, sa.or_(access.sees_registration(kind, CampRegistration), medic))
    )


CARE = compile_statement(sa.select(CampCare).where(CampCare.c.registration_id == _REGISTRATION))
_COLUMNS = ("id", "registration_id", "diet", "fit_seen", "guardian_consent")
_values = {name: sa.bindparam(name, type_=CampCare.c[name].type) for name in _COLUMNS}
KEEP = compile_statement(
    insert(CampCare)
    .values(_values)
    .on_conflict_do_update(index_elements=["registration_id"], set_={name: _values[name] for name in _COLUMNS[2:]})
)
_old = (
    sa.select(CampRegistration.c.id)
    .join(Camp, Camp.c.id == CampRegistration.c.camp_id)
    .where(sa.func.least(Camp.c.ends_at, Camp.c.ended_at) <= access.NOW - sa.func.make_interval(0, 0, 0, KEPT_DAYS))
)
# What is kept of camps that ended so long ago.
DELETE_OLD = compile_statement(sa.delete(CampCare).where(CampCare.c.registration_id.in_(_old)))
