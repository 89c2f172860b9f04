"""Declaring incidents and raising needs."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.models import Cluster, Hazard, Incident, IncidentKabupaten, Kabupaten, Need, Rank, Skill
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.frame import Request
from api.services.problem import Problem, Refused, forbidden, input_path, invalid, not_found

LONGEST_NEED = timedelta(days=366)


async def declare(
    session: Transaction,
    request: Request,
    *,
    hazard: str,
    title: str,
    kabupaten: Sequence[str],
    started_at: datetime,
    latitude: float | None = None,
    longitude: float | None = None,
) -> uuid.UUID:
    """An active incident. Its position is the seat of the first kabupaten unless one is given."""
    if not 3 <= len(title.strip()) <= 200:
        raise invalid("title", "Judul 3 sampai 200 huruf.", "A title has 3 to 200 characters.")
    if started_at > request.now + timedelta(days=1):
        raise invalid("started_at", "Kejadian belum mulai.", "The incident has not begun.")
    await _known(session, Hazard, "hazard", hazard)
    places = [await _coordinated(session, request, code) for code in dict.fromkeys(kabupaten)]
    if not places:
        raise invalid("kabupaten", "Sebutkan kabupaten terdampak.", "Name the kabupaten affected.")

    north, east = _position(latitude, longitude) or (places[0].latitude, places[0].longitude)
    key = new_id()
    await session.rows(
        sa.insert(Incident).values(
            id=key,
            hazard_code=hazard,
            title=title.strip(),
            latitude=north,
            longitude=east,
            status="ACTIVE",
            started_at=started_at,
        )
    )
    touched = [{"incident_id": key, "kabupaten_code": place.code} for place in places]
    await session.rows(sa.insert(IncidentKabupaten).values(touched))
    change = {"hazard": hazard, "kabupaten": [place.code for place in places]}
    await record(session, request.actor, "incident.declared", subject=("Incident", key), change=change)
    return key


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
    latitude: float | None = None,
    longitude: float | None = None,
) -> uuid.UUID:
    """People wanted for an open incident, in one of the kabupaten it touches."""
    place = await _coordinated(session, request, kabupaten)
    await _open_incident(session, request, incident, kabupaten)
    for table, name, code in (
        (Skill, "skill", skill),
        (Cluster, "cluster", cluster),
        (Rank, "minimum_rank", minimum_rank),
    ):
        if code is not None:
            await _known(session, table, name, code)
    if not 1 <= people_wanted <= 10_000:
        raise invalid("people_wanted", "Antara 1 dan 10.000 orang.", "Between 1 and 10,000 people.")
    if not starts_at < ends_at <= starts_at + LONGEST_NEED:
        raise invalid("ends_at", "Masa tugas tidak masuk akal.", "The need must end after it starts, within a year.")
    if ends_at <= request.now:
        raise Refused(Problem(ProblemCode.PERIOD_PAST, input_path("ends_at"), {"ends_at": ends_at}))

    north, east = _position(latitude, longitude) or (place.latitude, place.longitude)
    key = new_id()
    need = sa.insert(Need).values(
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
        latitude=north,
        longitude=east,
    )
    await session.rows(need)
    change = {"incident": str(incident), "skill": skill, "people_wanted": people_wanted, "kabupaten": kabupaten}
    await record(session, request.actor, "need.raised", subject=("Need", key), change=change)
    return key


async def _open_incident(session: Transaction, request: Request, key: uuid.UUID, kabupaten: str) -> None:
    seen = (
        sa.select(Incident.c.status)
        .where(Incident.c.id == key, access.sees_incident(request.actor.kind, Incident))
        # A share lock: the incident cannot be closed while a need is being raised.
        .with_for_update(read=True)
    )
    status = await session.value(seen, request.parameters)
    if status is None:
        raise not_found("incident")
    if status not in ("VERIFIED", "ACTIVE"):
        raise Refused(Problem(ProblemCode.NEED_CLOSED, input_path("incident")))
    touched = sa.select(IncidentKabupaten.c.incident_id).where(
        IncidentKabupaten.c.incident_id == key, IncidentKabupaten.c.kabupaten_code == kabupaten
    )
    if await session.value(touched) is None:
        raise invalid("kabupaten", "Kabupaten ini tidak terdampak.", "The incident does not touch this kabupaten.")


async def _coordinated(session: Transaction, request: Request, code: str) -> Row:
    """A kabupaten in the actor's scope."""
    scope = access.coordinates(request.actor.kind, Kabupaten.c.code).label("may")
    found = sa.select(Kabupaten, scope).where(Kabupaten.c.code == code)
    kabupaten = await session.row(found, request.parameters)
    if kabupaten is None:
        raise not_found("kabupaten")
    if not kabupaten.may:
        raise forbidden("kabupaten")
    return kabupaten


async def _known(session: Transaction, table: sa.Table, name: str, code: str) -> None:
    if await session.value(sa.select(table.c.code).where(table.c.code == code)) is None:
        raise not_found(name)


def _position(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    if latitude is None and longitude is None:
        return None
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise invalid("latitude", "Posisi tidak lengkap atau salah.", "The position is incomplete or wrong.")
    return latitude, longitude
