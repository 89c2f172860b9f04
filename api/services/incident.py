"""Declaring incidents and raising needs."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Cluster, Hazard, Incident, IncidentKabupaten, Kabupaten, Need, Rank, Skill
from api.models.base import new_id
from api.models.incident import IncidentStatus
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.position import Point, check_point
from api.services.problem import Problems
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.text import line

MAX_NEED_PERIOD = timedelta(days=366)


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
    """Its position is the seat of the first kabupaten, unless one is given."""
    problems = Problems()
    title_line = problems.read(line, "title", value=title, minimum=3, maximum=200)
    if started_at > request.now + timedelta(days=1):
        problems.invalid("started_at", indonesian="Kejadian belum mulai.", english="The incident has not begun.")
    await check_codes(session, problems, {"hazard": (Hazard, hazard)})
    places = await _coordinated_kabupatens(session, request, problems, kabupatens)
    problems.read(check_point, "position", value=position, kabupatens=places)
    problems.refuse()

    key = new_id()
    await session.insert(
        Incident,
        id=key,
        hazard_code=hazard,
        title=title_line,
        latitude=position["latitude"] if position else places[0].latitude,
        longitude=position["longitude"] if position else places[0].longitude,
        status=IncidentStatus.ACTIVE,
        started_at=started_at,
    )
    await session.rows(INSERT_KABUPATENS, {"incident": key, "codes": [place.code for place in places]})
    change = {"hazard": hazard, "kabupaten": [place.code for place in places]}
    await record(session, request, "incident.declared", subject=("Incident", key), change=change)
    return key


@verb(
    "raise_need",
    "Asks for people for an open incident.",
    answers=OneThing("Need"),
    callers=access.COORDINATORS,
    ids={
        "incident": "Incident",
        "skill": "Skill",
        "cluster": "Cluster",
        "kabupaten": "Kabupaten",
        "minimum_rank": "Rank",
    },
    codes=(ProblemCode.NEED_CLOSED, ProblemCode.PERIOD_PAST),
)
async def raise_need(
    session: Transaction,
    request: Request,
    *,
    incident: uuid.UUID,
    skill: str,
    cluster: str,
    kabupaten: str,
    people_wanted: int,
    starts_at: datetime,
    ends_at: datetime,
    priority: str,
    minimum_rank: str | None = None,
    position: Point | None = None,
) -> uuid.UUID:
    """In one of the kabupaten that the incident affects."""
    problems = Problems()
    places = await _coordinated_kabupatens(session, request, problems, [kabupaten], name="kabupaten")
    await _check_incident(session, request, problems, incident, kabupaten if places and places[0].may else None)
    codes = {"skill": (Skill, skill), "cluster": (Cluster, cluster), "minimum_rank": (Rank, minimum_rank)}
    await check_codes(session, problems, codes)
    _check_people_and_period(problems, people_wanted, starts_at, ends_at, request.now)
    problems.read(check_point, "position", value=position, kabupatens=places)
    problems.refuse()

    (place,) = places
    key = new_id()
    await session.insert(
        Need,
        id=key,
        incident_id=incident,
        skill_code=skill,
        cluster_code=cluster,
        minimum_rank_code=minimum_rank,
        kabupaten_code=kabupaten,
        people_wanted=people_wanted,
        priority=priority,
        starts_at=starts_at,
        ends_at=ends_at,
        latitude=position["latitude"] if position else place.latitude,
        longitude=position["longitude"] if position else place.longitude,
    )
    change = {"incident": str(incident), "skill": skill, "people_wanted": people_wanted, "kabupaten": kabupaten}
    await record(session, request, "need.raised", subject=("Need", key), change=change)
    return key


def _check_people_and_period(
    problems: Problems, people_wanted: int, starts_at: datetime, ends_at: datetime, now: datetime
) -> None:
    if not 1 <= people_wanted <= 10_000:
        problems.invalid(
            "people_wanted", indonesian="Antara 1 dan 10.000 orang.", english="Between 1 and 10,000 people."
        )
    if not starts_at < ends_at <= starts_at + MAX_NEED_PERIOD:
        problems.invalid(
            "ends_at",
            indonesian="Masa tugas tidak masuk akal.",
            english="The need must end after it starts, within a year.",
        )
    elif ends_at <= now:
        problems.add(ProblemCode.PERIOD_PAST, "ends_at", ends_at=ends_at)


async def _check_incident(
    session: Transaction, request: Request, problems: Problems, key: uuid.UUID, kabupaten: str | None
) -> None:
    """It must be open and affect the kabupaten, if there is one; it is locked, so that it is not closed meanwhile."""
    parameters = {**request.parameters, "incident": key, "kabupaten": kabupaten}
    incident = await session.row(_seen_incident(request.actor.kind), parameters)
    if incident is None:
        problems.add(ProblemCode.NOT_FOUND, "incident")
    elif incident.status not in (IncidentStatus.VERIFIED, IncidentStatus.ACTIVE):
        problems.add(ProblemCode.NEED_CLOSED, "incident")
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


async def _coordinated_kabupatens(
    session: Transaction, request: Request, problems: Problems, codes: Sequence[str], name: str = "kabupatens"
) -> list[Row]:
    """The kabupaten of the codes, in their order; each must be in the actor's scope."""
    if not codes:
        problems.invalid(name, indonesian="Sebutkan kabupaten terdampak.", english="Name the kabupaten affected.")
    statement = _kabupatens(request.actor.kind)
    rows = {row.code: row for row in await session.rows(statement, {**request.parameters, "codes": [*codes]})}
    is_list = name == "kabupatens"
    for index, code in enumerate(codes):
        steps = (name, str(index)) if is_list else (name,)
        if code not in rows:
            problems.add(ProblemCode.NOT_FOUND, *steps)
        elif not rows[code].may:
            problems.add(ProblemCode.FORBIDDEN, *steps)
    return [rows[code] for code in dict.fromkeys(codes) if code in rows]


@cache
def _kabupatens(kind: Kind) -> CompiledStatement:
    may = access.coordinates(kind, Kabupaten.c.code).label("may")
    return compile_statement(sa.select(Kabupaten, may).where(Kabupaten.c.code == sa.any_(CODES)))


CODES = sa.bindparam("codes", type_=ARRAY(sa.Text()))
INSERT_KABUPATENS = compile_statement(
    sa.insert(IncidentKabupaten).from_select(
        ["incident_id", "kabupaten_code"],
        sa.select(sa.bindparam("incident", type_=sa.Uuid()), sa.func.unnest(CODES, type_=sa.Text())),
    )
)
