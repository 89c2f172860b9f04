"""Raising needs."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Cluster, Incident, Need, Rank, Site, Skill
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.services.change import Changeable
from api.services.composition import TOO_MANY, Minimum, read_minimums, replace_minimums
from api.services.feed import record
from api.services.incident import check_incident
from api.services.place import coordinated_kabupatens
from api.services.position import Point, check_point
from api.services.problem import Problems
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, verb

NEEDS = Changeable(Need, access.sees_need)
MAX_NEED_PERIOD = timedelta(days=366)


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
        "site": "Site",
        "minimums.rank": "Rank",
    },
    conflicts=TOO_MANY,
    codes=(ProblemCode.NEED_CLOSED, ProblemCode.PERIOD_PAST, ProblemCode.SITE_CLOSED),
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
    site: uuid.UUID | None = None,
    position: Point | None = None,
    minimums: Sequence[Minimum] | None = None,
) -> uuid.UUID:
    """In one of the kabupaten that the incident affects."""
    problems = Problems()
    places = await coordinated_kabupatens(session, request, problems, [kabupaten], "kabupaten")
    await check_incident(session, request, problems, incident, kabupaten if places and places[0].may else None)
    codes = {"skill": (Skill, skill), "cluster": (Cluster, cluster), "minimum_rank": (Rank, minimum_rank)}
    await check_codes(session, problems, codes)
    check_people_and_period(problems, people_wanted, starts_at, ends_at, request.now)
    composition = await read_minimums(session, problems, minimums or (), people_wanted)
    problems.read(check_point, "position", value=position, kabupatens=places)
    at_site = await check_site(session, problems, site, incident, kabupaten)
    problems.refuse()

    place = at_site or places[0]
    key = new_id()
    await session.insert(
        Need,
        id=key,
        incident_id=incident,
        skill_code=skill,
        cluster_code=cluster,
        site_id=site,
        minimum_rank_code=minimum_rank,
        kabupaten_code=kabupaten,
        people_wanted=people_wanted,
        priority=priority,
        starts_at=starts_at,
        ends_at=ends_at,
        latitude=position["latitude"] if position else place.latitude,
        longitude=position["longitude"] if position else place.longitude,
    )
    await replace_minimums(session, key, composition)
    change = {"incident": str(incident), "skill": skill, "people_wanted": people_wanted, "kabupaten": kabupaten}
    await record(session, request, "need.raised", subject=("Need", key), change=change)
    return key


async def check_site(
    session: Transaction, problems: Problems, key: uuid.UUID | None, incident: uuid.UUID, kabupaten: str
) -> Row | None:
    """The open site of the incident in the kabupaten, shared, so that it is not closed meanwhile."""
    if key is None:
        return None
    found = await session.row(SITE, {"site": key})
    if found is None:
        problems.add(ProblemCode.NOT_FOUND, "site")
    elif found.closed_at is not None:
        problems.add(ProblemCode.SITE_CLOSED, "site")
    elif (found.incident_id, found.kabupaten_code) != (incident, kabupaten):
        problems.invalid(
            "site",
            indonesian="Pos ini bukan milik kejadian di kabupaten itu.",
            english="The site is not one of the incident in this kabupaten.",
        )
    return found


async def check_changed_site(
    session: Transaction, problems: Problems, at: Row | None, changes: Mapping[str, Any], period: Sequence[str]
) -> None:
    """The site that a need gets, or the one that it keeps where one of the fields of its period changes.

    A site is closed once its needs have ended: none of them begins again there.
    """
    if at is not None and ("site" in changes or any(changes.get(name) is not None for name in period)):
        await check_site(session, problems, changes.get("site", at.site_id), at.incident_id, at.kabupaten_code)


def check_same_site(at: Row | None, held: Row) -> None:
    """Tries again where the need, before it was locked, was given another site than the one that was checked."""
    if at is not None and at.site_id != held.site_id:
        raise asyncpg.SerializationError("The need was given another site meanwhile.")


async def share_incident(session: Transaction, need: uuid.UUID) -> None:
    """Locks the incident of a need, shared: always before the need, so that neither waits for the other in a circle."""
    await session.rows(SHARE_INCIDENT, {"need": need})


SHARE_INCIDENT = compile_statement(
    sa.select(Incident.c.id)
    .where(
        Incident.c.id
        == sa.select(Need.c.incident_id).where(Need.c.id == sa.bindparam("need", type_=sa.Uuid())).scalar_subquery()
    )
    .with_for_update(read=True)
)
SITE = compile_statement(
    sa.select(Site).where(Site.c.id == sa.bindparam("site", type_=sa.Uuid())).with_for_update(read=True)
)


def check_people_and_period(
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
