"""Declaring, extending and ending emergency statuses."""

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import EmergencyStatus, Incident, IncidentKabupaten
from api.models.base import new_id
from api.models.emergency import EmergencyLevel
from api.models.incident import INCIDENT
from api.rules.code import ProblemCode
from api.services.change import Changeable
from api.services.feed import record
from api.services.problem import Problem, Problems, input_path
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.day import check_earliest
from api.values.text import line

STATUSES = Changeable(EmergencyStatus, access.sees_part_of_incident)
MAX_PERIOD = timedelta(days=366)
OVERLAP = {"ex_emergency_status_once": Problem(ProblemCode.STATUS_OVERLAPS, input_path("starts_on"))}


@verb(
    "declare_emergency_status",
    "Records a decree that declares an emergency status for a territory of an incident.",
    answers=OneThing("EmergencyStatus"),
    callers=access.COORDINATORS_OF_TERRITORY,
    ids={"incident": "Incident", "kabupaten": "Kabupaten", "province": "Province"},
    conflicts=OVERLAP,
    codes=(ProblemCode.WRONG_STATUS,),
)
async def declare(
    session: Transaction,
    request: Request,
    *,
    incident: uuid.UUID,
    kind: str,
    level: str,
    decree_number: str,
    starts_on: date,
    ends_on: date,
    kabupaten: str | None = None,
    province: str | None = None,
) -> uuid.UUID:
    problems = Problems()
    number = problems.read(line, "decree_number", value=decree_number, minimum=1, maximum=100)
    problems.read(check_earliest, "starts_on", value=starts_on)
    _check_period(problems, starts_on, ends_on)
    territory = {EmergencyLevel.KABUPATEN: kabupaten, EmergencyLevel.PROVINCE: province}
    if _fits_level(problems, {str(each).lower(): (code, each == level) for each, code in territory.items()}):
        await _check_territory(session, request, problems, incident, kabupaten=kabupaten, province=province)
    problems.refuse()

    columns = {"kind": kind, "level": level, "kabupaten_code": kabupaten, "province_code": province}
    key = new_id()
    await session.insert(
        EmergencyStatus,
        id=key,
        incident_id=incident,
        decree_number=number,
        starts_on=starts_on,
        ends_on=ends_on,
        **columns,
    )
    change = {**columns, "incident": str(incident), "starts_on": starts_on, "ends_on": ends_on, "decree_number": number}
    subject = ("EmergencyStatus", key)
    await record(session, request, "emergency_status.declared", subject=subject, change=change)
    return key


def _check_period(problems: Problems, starts_on: date, ends_on: date) -> None:
    if not starts_on <= ends_on <= starts_on + MAX_PERIOD:
        problems.invalid(
            "ends_on",
            indonesian="Masa status tidak masuk akal.",
            english="The status must end after it starts, within a year.",
        )


def _fits_level(problems: Problems, territory: Mapping[str, tuple[str | None, bool]]) -> bool:
    """A level has its own territory and no other."""
    wrong = [name for name, (code, is_wanted) in territory.items() if (code is not None) != is_wanted]
    for name in wrong:
        problems.invalid(
            name, indonesian="Wilayah tidak sesuai tingkat.", english="The territory does not fit the level."
        )
    return not wrong


async def _check_territory(
    session: Transaction,
    request: Request,
    problems: Problems,
    incident: uuid.UUID,
    *,
    kabupaten: str | None,
    province: str | None,
) -> None:
    """The incident must be open and touch the territory, which the actor coordinates."""
    parameters = {**request.parameters, "incident": incident, "kabupaten": kabupaten, "province": province}
    found = await session.row(_incident(request.actor.kind), parameters)
    name = "kabupaten" if kabupaten else "province" if province else "level"
    if found is None:
        problems.add(ProblemCode.NOT_FOUND, "incident")
    elif not found.may:
        problems.add(ProblemCode.FORBIDDEN, name)
    elif found.status not in INCIDENT.group("TAKES_NEEDS"):
        problems.add(ProblemCode.WRONG_STATUS, "incident", status=found.status)
    elif not found.touches:
        problems.invalid(
            name, indonesian="Wilayah ini tidak terdampak.", english="The incident does not affect this territory."
        )


@verb(
    "extend_emergency_status",
    "Extends an emergency status by another decree.",
    answers=OneThing("EmergencyStatus"),
    callers=access.COORDINATORS_OF_TERRITORY,
    ids={"emergency_status": "EmergencyStatus"},
    conflicts={"ex_emergency_status_once": Problem(ProblemCode.STATUS_OVERLAPS, input_path("ends_on"))},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def extend(
    session: Transaction,
    request: Request,
    *,
    emergency_status: uuid.UUID,
    version: int,
    ends_on: date,
    decree_number: str,
) -> uuid.UUID:
    incident = await session.row(SHARE_INCIDENT, {"emergency_status": emergency_status})
    held = await STATUSES.lock(session, request, emergency_status, version, may=access.coordinates_territory)
    problems = Problems()
    if incident is not None and incident.status not in INCIDENT.group("TAKES_NEEDS"):
        problems.add(ProblemCode.WRONG_STATUS, "emergency_status", status=incident.status)
    number = problems.read(line, "decree_number", value=decree_number, minimum=1, maximum=100)
    if not held.ends_on < ends_on <= held.ends_on + MAX_PERIOD:
        problems.invalid(
            "ends_on", indonesian="Bukan perpanjangan.", english="It must end later than before, by at most a year."
        )
    problems.refuse()
    return await _set_end(session, request, held, "extended", ends_on, decree_number=number)


@verb(
    "end_emergency_status",
    "Ends an emergency status before its last day.",
    answers=OneThing("EmergencyStatus"),
    callers=access.COORDINATORS_OF_TERRITORY,
    ids={"emergency_status": "EmergencyStatus"},
    updates=True,
)
async def end(
    session: Transaction,
    request: Request,
    *,
    emergency_status: uuid.UUID,
    version: int,
    ends_on: date,
    reason: str | None = None,
) -> uuid.UUID:
    held = await STATUSES.lock(session, request, emergency_status, version, may=access.coordinates_territory)
    problems = Problems()
    text = problems.reason(reason)
    if not held.starts_on <= ends_on < held.ends_on:
        problems.invalid(
            "ends_on", indonesian="Di luar masa status.", english="It must be a day of the status before its last."
        )
    problems.refuse()
    return await _set_end(session, request, held, "ended", ends_on, reason=text)


async def _set_end(
    session: Transaction,
    request: Request,
    held: Row,
    event: str,
    ends_on: date,
    *,
    decree_number: str | None = None,
    reason: str | None = None,
) -> uuid.UUID:
    columns: dict[str, Any] = {"ends_on": ends_on}
    columns |= {"decree_number": decree_number} if decree_number else {}
    change = {"incident": str(held.incident_id), **columns}
    return await STATUSES.change(session, request, held, event, columns=columns, change=change, reason=reason)


# The incident of a status, locked before it, shared, so that it is neither closed nor merged meanwhile.
SHARE_INCIDENT = compile_statement(
    sa.select(Incident.c.status)
    .join(EmergencyStatus, EmergencyStatus.c.incident_id == Incident.c.id)
    .where(EmergencyStatus.c.id == sa.bindparam("emergency_status", type_=sa.Uuid()))
    .with_for_update(read=True, of=Incident)
)


@cache
def _incident(kind: Kind) -> CompiledStatement:
    """An incident that the actor sees, shared with others who add to it but not with its closing."""
    kabupaten, province = (sa.bindparam(name, type_=sa.Text()) for name in ("kabupaten", "province"))
    touched = IncidentKabupaten.alias()
    touches = access.exists_where(
        Incident,
        touched.c.incident_id == Incident.c.id,
        sa.func.coalesce(kabupaten, touched.c.kabupaten_code) == touched.c.kabupaten_code,
        sa.func.coalesce(province, sa.func.left(touched.c.kabupaten_code, 2))
        == sa.func.left(touched.c.kabupaten_code, 2),
    )
    may = access.decrees_for(kind, kabupaten, province)
    return compile_statement(
        sa.select(Incident.c.status, touches.label("touches"), may.label("may"))
        .where(Incident.c.id == sa.bindparam("incident", type_=sa.Uuid()), access.sees_incident(kind, Incident))
        .with_for_update(read=True, of=Incident)
    )
