"""Reporting, declaring, verifying, activating and changing incidents."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement, with_stored_keys
from api.models import (
    Hazard,
    Incident,
    IncidentKabupaten,
)
from api.models.base import new_id
from api.models.incident import INCIDENT, IncidentAction, IncidentStatus
from api.rules.code import ProblemCode
from api.services.change import Changeable, check_status, move_verb
from api.services.feed import record
from api.services.incident_kabupaten import KABUPATENS, change_kabupatens
from api.services.place import CODES, coordinated_kabupatens, known_kabupatens
from api.services.position import Point, check_point
from api.services.problem import Problems
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.day import check_earliest
from api.values.text import line

INCIDENTS = Changeable(Incident, access.sees_incident, INCIDENT)


@verb(
    "report_incident",
    "Reports an incident; the coordinators of the kabupaten verify or reject it.",
    answers=OneThing("Incident"),
    callers=access.SIGNED_IN,
    ids={"hazard": "Hazard", "kabupatens": "Kabupaten"},
)
async def report(
    session: Transaction,
    request: Request,
    *,
    hazard: str,
    title: str,
    kabupatens: Sequence[str],
    started_at: datetime,
    position: Point | None = None,
) -> uuid.UUID:
    problems = Problems()
    places = await known_kabupatens(session, request, problems, kabupatens, "kabupatens")
    columns = {"status": IncidentStatus.REPORTED, "reporter_id": request.actor.account_id}
    values = await _read(
        session, request, problems, places=places, hazard=hazard, title=title, started_at=started_at, position=position
    )
    return await _insert(session, request, places, {**values, **columns}, "reported")


@verb(
    "declare_incident",
    "Declares an incident, which is active at once.",
    answers=OneThing("Incident"),
    callers=access.COORDINATORS,
    ids={"hazard": "Hazard", "kabupatens": "Kabupaten"},
)
async def declare(
    session: Transaction,
    request: Request,
    *,
    hazard: str,
    title: str,
    kabupatens: Sequence[str],
    started_at: datetime,
    position: Point | None = None,
) -> uuid.UUID:
    problems = Problems()
    places = await coordinated_kabupatens(session, request, problems, kabupatens, "kabupatens")
    columns = {"status": IncidentStatus.ACTIVE, "verified_at": request.now}
    values = await _read(
        session, request, problems, places=places, hazard=hazard, title=title, started_at=started_at, position=position
    )
    return await _insert(session, request, places, {**values, **columns}, "declared")


async def _read(
    session: Transaction,
    request: Request,
    problems: Problems,
    *,
    places: Sequence[Row],
    hazard: str,
    title: str,
    started_at: datetime,
    position: Point | None,
) -> dict[str, Any]:
    """The columns that a report and a declaration share; the position is the seat of the first kabupaten by default."""
    values = {"hazard_code": hazard, "title": _title(problems, title), "started_at": started_at}
    problems.read(check_earliest, "started_at", value=started_at.date())
    if started_at > request.now + timedelta(days=1):
        problems.invalid("started_at", indonesian="Kejadian belum mulai.", english="The incident has not begun.")
    await check_codes(session, problems, {"hazard": (Hazard, hazard)})
    problems.read(check_point, "position", value=position, kabupatens=places)
    problems.refuse()
    return {**values, **(position or {"latitude": places[0].latitude, "longitude": places[0].longitude})}


def _title(problems: Problems, title: str | None) -> str | None:
    return problems.read(line, "title", value=title, minimum=3, maximum=200)


async def _insert(
    session: Transaction, request: Request, places: Sequence[Row], values: Mapping[str, Any], event: str
) -> uuid.UUID:
    key, codes = new_id(), [place.code for place in places]
    row = with_stored_keys(Incident, {"id": key, **values})
    await session.rows(_insert_statement(tuple(row)), {**row, "codes": codes})
    change = {"status": values["status"], "hazard": values["hazard_code"], "kabupaten": codes}
    await record(session, request, f"incident.{event}", subject=("Incident", key), change=change)
    return key


@cache
def _insert_statement(names: tuple[str, ...]) -> CompiledStatement:
    """An incident with its kabupaten, by one statement; the parameters have the names of the columns."""
    row = {name: sa.bindparam(name, type_=Incident.c[name].type) for name in names}
    incident = sa.insert(Incident).values(row).returning(Incident.c.id).cte("inserted")
    pairs = sa.select(incident.c.id, sa.func.unnest(CODES, type_=sa.Text()))
    return compile_statement(sa.insert(IncidentKabupaten).from_select(["incident_id", "kabupaten_code"], pairs))


@verb(
    "verify_incident",
    "Confirms a report: the incident is public, and needs can be raised.",
    answers=OneThing("Incident"),
    callers=access.COORDINATORS_OF_INCIDENT,
    ids={"incident": "Incident"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def verify(session: Transaction, request: Request, *, incident: uuid.UUID, version: int) -> uuid.UUID:
    held = await INCIDENTS.lock_for(session, request, incident, version, IncidentAction.VERIFY)
    columns = {"verified_at": request.now}
    return await INCIDENTS.move(session, request, held, IncidentStatus.VERIFIED, columns=columns)


reject = move_verb(
    INCIDENTS,
    "reject_incident",
    "Rejects a report; it stays hidden from the public.",
    IncidentAction.REJECT,
    callers=access.COORDINATORS_OF_INCIDENT,
)


activate = move_verb(
    INCIDENTS,
    "activate_incident",
    "Begins the work: from now on duties are offered.",
    IncidentAction.ACTIVATE,
    callers=access.COORDINATORS_OF_INCIDENT,
)


@verb(
    "change_incident",
    "Changes the title, the position or the kabupaten of an incident; what is left out stays.",
    answers=OneThing("Incident"),
    callers=access.COORDINATORS_OF_INCIDENT,
    ids={"incident": "Incident", "add_kabupatens": "Kabupaten", "remove_kabupatens": "Kabupaten"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.STILL_USED),
    updates=True,
)
async def change(
    session: Transaction,
    request: Request,
    *,
    incident: uuid.UUID,
    version: int,
    title: str | None = None,
    position: Point | None = None,
    add_kabupatens: Sequence[str] | None = None,
    remove_kabupatens: Sequence[str] | None = None,
) -> uuid.UUID:
    """The kabupaten added and removed must be in the actor's scope."""
    problems = Problems()
    columns: dict[str, Any] = {} if title is None else {"title": _title(problems, title)}
    columns |= position or {}
    added = await coordinated_kabupatens(session, request, problems, add_kabupatens or (), "add_kabupatens", least=0)
    removed = await coordinated_kabupatens(
        session, request, problems, remove_kabupatens or (), "remove_kabupatens", least=0
    )
    held = await INCIDENTS.lock(session, request, incident, version, may=access.coordinates_incident)
    check_status(held, INCIDENT.group("OPEN"), "incident")
    codes = {"added": [place.code for place in added], "removed": [place.code for place in removed]}
    await change_kabupatens(session, problems, incident, **codes)
    problems.read(
        check_point, "position", value=position, kabupatens=await session.rows(KABUPATENS, {"incident": incident})
    )
    problems.refuse()
    change = {name: value for name, value in {**columns, **codes}.items() if value != []}
    return await INCIDENTS.change(session, request, held, "changed", columns=columns, change=change)


async def check_incident(
    session: Transaction,
    request: Request,
    problems: Problems,
    key: uuid.UUID,
    kabupaten: str | None,
    *,
    code: ProblemCode = ProblemCode.NEED_CLOSED,
) -> None:
    """It must be verified or active and affect the kabupaten, if there is one; locked, so that it is not closed meanwhile."""
    parameters = {**request.parameters, "incident": key, "kabupaten": kabupaten}
    incident = await session.row(_seen_incident(request.actor.kind), parameters)
    if incident is None:
        problems.add(ProblemCode.NOT_FOUND, "incident")
    elif incident.status not in INCIDENT.group("TAKES_NEEDS"):
        problems.add(code, "incident", status=incident.status)
    elif kabupaten is not None and not incident.affects:
        problems.invalid(
            "kabupaten",
            indonesian="Kabupaten ini tidak terdampak.",
            english="The incident does not affect this kabupaten.",
        )


@cache
def _seen_incident(kind: Kind) -> CompiledStatement:
    affected = IncidentKabupaten.alias()
    affects = access.exists_where(
        Incident,
        affected.c.incident_id == Incident.c.id,
        affected.c.kabupaten_code == sa.bindparam("kabupaten", type_=sa.Text()),
    )
    return compile_statement(
        sa.select(Incident.c.status, affects.label("affects"))
        .where(Incident.c.id == sa.bindparam("incident", type_=sa.Uuid()), access.sees_incident(kind, Incident))
        # Shared: several needs are raised at once, but the incident cannot be closed meanwhile.
        .with_for_update(read=True, of=Incident)
    )
