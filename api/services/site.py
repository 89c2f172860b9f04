"""Opening, changing and closing sites, and recording how full they are."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Camp, GoodsNeed, KitchenType, Need, Site, SiteLoad
from api.models.base import new_id
from api.models.camp import CampStatus
from api.models.site import SiteKind
from api.rules.code import ProblemCode
from api.rules.need import is_open, is_open_for_goods
from api.services.change import Changeable
from api.services.feed import record
from api.services.incident import check_incident
from api.services.place import known_kabupatens
from api.services.position import Point, check_point
from api.services.problem import Problem, Problems, Refused, input_path, read_reason
from api.services.reference import check_codes
from api.services.request import Request
from api.services.standing import check_verified
from api.services.verb import OneThing, verb
from api.values.text import line

SITES = Changeable(Site, access.sees_part_of_incident)
KITCHEN = "FIELD_KITCHEN"  # The type of a public kitchen for which none is named.
MOST_PEOPLE = 1_000_000
SAME_LOAD = {"uq_site_load_site_id_at": Problem(ProblemCode.ALREADY_RECORDED, input_path("at"))}


@verb(
    "open_site",
    "Opens a site of an incident: a post, a kitchen, a shelter.",
    answers=OneThing("Site"),
    callers=access.SITE_KEEPERS,
    ids={
        "incident": "Incident",
        "kabupaten": "Kabupaten",
        "organization": "Organization",
        "kitchen": "Site",
        "kitchen_type": "KitchenType",
    },
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ORGANIZATION_NOT_VERIFIED),
)
async def open_site(
    session: Transaction,
    request: Request,
    *,
    incident: uuid.UUID,
    kind: str,
    name: str,
    kabupaten: str,
    capacity: int | None = None,
    position: Point | None = None,
    organization: uuid.UUID | None = None,
    kitchen: uuid.UUID | None = None,
    kitchen_type: str | None = None,
) -> uuid.UUID:
    """Its position is the seat of the kabupaten, unless one is given."""
    problems = Problems()
    places = await known_kabupatens(session, request, problems, [kabupaten], "kabupaten")
    is_coordinated = bool(places and places[0].may)
    await _check_organization(session, request, problems, organization, is_coordinated=is_coordinated)
    await check_incident(
        session, request, problems, incident, kabupaten if places else None, code=ProblemCode.WRONG_STATUS
    )
    columns = _read(problems, places, name=name, capacity=capacity, position=position)
    columns |= await _read_kitchen(session, problems, kind, kitchen_type)
    await _check_kitchen(session, problems, {"kind": kind, "kitchen_id": kitchen, "incident_id": incident})
    problems.refuse()
    key = new_id()
    columns |= {"kind": kind, "organization_id": organization, "kitchen_id": kitchen, "kabupaten_code": kabupaten}
    seat = {"latitude": places[0].latitude, "longitude": places[0].longitude}
    await session.insert(Site, id=key, incident_id=incident, opened_at=request.now, **{**seat, **columns})
    change = {"incident": str(incident), "kind": kind, "kabupaten": kabupaten}
    await record(session, request, "site.opened", subject=("Site", key), change=change)
    return key


def _read(problems: Problems, places: Sequence[Row], **values: Any) -> dict[str, Any]:
    """The columns of the values: name, capacity and position."""
    columns: dict[str, Any] = {}
    if values.get("name") is not None:
        columns["name"] = problems.read(line, "name", value=values["name"], minimum=2, maximum=200)
    if "capacity" in values:
        columns["capacity"] = values["capacity"]
        _check_people(problems, "capacity", values["capacity"], least=1)
    if values.get("position") is not None:
        problems.read(check_point, "position", value=values["position"], kabupatens=places)
        columns |= values["position"]
    return columns


def _check_people(problems: Problems, name: str, people: int | None, *, least: int) -> None:
    if people is not None and not least <= people <= MOST_PEOPLE:
        problems.invalid(
            name,
            indonesian=f"Antara {least} dan 1.000.000 orang.",
            english=f"Between {least} and 1,000,000 people.",
        )


async def _read_kitchen(
    session: Transaction, problems: Problems, kind: str, kitchen_type: str | None
) -> dict[str, str | None]:
    """A public kitchen has a type, another site none; a camp is opened by its own verb."""
    is_kitchen = kind == SiteKind.PUBLIC_KITCHEN
    if kind == SiteKind.CAMP:
        problems.invalid("kind", indonesian="Kemah dibuka dengan memulainya.", english="A camp opens when it starts.")
    if kitchen_type is not None and not is_kitchen:
        problems.invalid("kitchen_type", indonesian="Bukan dapur umum.", english="It is not a public kitchen.")
    await check_codes(session, problems, {"kitchen_type": (KitchenType, kitchen_type)})
    return {"kitchen_type_code": (kitchen_type or KITCHEN) if is_kitchen else None}


async def _check_organization(
    session: Transaction, request: Request, problems: Problems, key: uuid.UUID | None, *, is_coordinated: bool
) -> None:
    """The actor coordinates the kabupaten or manages the organization, which must be verified."""
    if key is not None:
        await check_verified(session, request, problems, key, may=is_coordinated)
    elif not is_coordinated:
        problems.add(ProblemCode.FORBIDDEN, "kabupaten")


async def _check_kitchen(session: Transaction, problems: Problems, site: Mapping[str, Any]) -> None:
    """The kitchen of a shelter is an open public kitchen of the same incident."""
    if site["kitchen_id"] is None:
        return
    is_kitchen = await session.value(IS_KITCHEN, {"kitchen": site["kitchen_id"], "incident": site["incident_id"]})
    if is_kitchen is None:
        problems.add(ProblemCode.NOT_FOUND, "kitchen")
    elif not is_kitchen or site["kind"] != SiteKind.SHELTER:
        problems.invalid(
            "kitchen",
            indonesian="Dapur umum hanya untuk pengungsian kejadian yang sama.",
            english="A public kitchen cooks for shelters of its own incident.",
        )


@verb(
    "change_site",
    "Changes a site; what is left out stays, and null removes it.",
    answers=OneThing("Site"),
    callers=access.SITE_KEEPERS,
    ids={"site": "Site", "organization": "Organization", "kitchen": "Site"},
    codes=(ProblemCode.SITE_CLOSED, ProblemCode.ORGANIZATION_NOT_VERIFIED),
    updates=True,
)
async def change(session: Transaction, request: Request, *, site: uuid.UUID, version: int, **changes: Any) -> uuid.UUID:
    held = await _open(session, request, site, version)
    problems = Problems()
    places = await known_kabupatens(session, request, problems, [held.kabupaten_code], "site")
    columns = _read(problems, places, **changes)
    if "organization" in changes:
        columns["organization_id"] = changes["organization"]
        may = places[0].may or held.organization_id in request.actor.organization_ids
        await _check_organization(session, request, problems, changes["organization"], is_coordinated=may)
    if "kitchen" in changes:
        columns["kitchen_id"] = changes["kitchen"]
        await _check_kitchen(session, problems, {**held, **columns})
    problems.refuse()
    return await SITES.change(session, request, held, "changed", columns=columns, change=columns)


async def _open(session: Transaction, request: Request, site: uuid.UUID, version: int | None) -> Row:
    """The site, locked, which must be open and in the actor's charge."""
    held = await SITES.lock(session, request, site, version, may=access.keeps_site)
    if held.closed_at is not None:
        raise Refused(Problem(ProblemCode.SITE_CLOSED, input_path("site")))
    return held


@verb(
    "record_load",
    "Records how many people are at a site.",
    answers=OneThing("Site"),
    callers=access.SITE_KEEPERS,
    ids={"site": "Site"},
    conflicts=SAME_LOAD,
    codes=(ProblemCode.SITE_CLOSED,),
)
async def record_load(
    session: Transaction, request: Request, *, site: uuid.UUID, people: int, at: datetime | None = None
) -> uuid.UUID:
    problems = Problems()
    held = await _open(session, request, site, None)
    counted_at = at or request.now
    _check_people(problems, "people", people, least=0)
    if not held.opened_at - timedelta(days=1) <= counted_at <= request.now + timedelta(minutes=5):
        problems.invalid(
            "at", indonesian="Waktu hitung tidak masuk akal.", english="It must be while the site is open, and past."
        )
    problems.refuse()
    await session.insert(SiteLoad, id=new_id(), site_id=site, at=counted_at, people=people)
    change = {"incident": held.incident_id and str(held.incident_id), "people": people, "at": counted_at}
    await record(session, request, "site.counted", subject=("Site", site), change=change)
    return site


@verb(
    "close_site",
    "Closes a site; refused while a need for it is open, its camp runs or it cooks for an open shelter.",
    answers=OneThing("Site"),
    callers=access.SITE_KEEPERS,
    ids={"site": "Site"},
    codes=(ProblemCode.SITE_CLOSED, ProblemCode.STILL_USED),
    updates=True,
)
async def close(
    session: Transaction, request: Request, *, site: uuid.UUID, version: int, reason: str | None = None
) -> uuid.UUID:
    text = read_reason(reason)
    held = await _open(session, request, site, version)
    if await session.value(IS_USED, {**request.parameters, "site": site}):
        raise Refused(Problem(ProblemCode.STILL_USED, input_path("site")))
    columns = {"closed_at": request.now, "reason": text}
    return await SITES.change(session, request, held, "closed", columns=columns, change={}, reason=text)


IS_KITCHEN = compile_statement(
    sa.select(
        sa.and_(
            Site.c.kind == SiteKind.PUBLIC_KITCHEN,
            Site.c.closed_at.is_(None),
            Site.c.incident_id == sa.bindparam("incident", type_=sa.Uuid()),
        )
    )
    .where(Site.c.id == sa.bindparam("kitchen", type_=sa.Uuid()))
    # Shared, so that it is not closed meanwhile.
    .with_for_update(read=True)
)
_SITE = sa.bindparam("site", type_=sa.Uuid())
IS_USED = compile_statement(
    sa.select(
        sa.or_(
            sa.exists().where(Need.c.site_id == _SITE, is_open(Need, access.NOW)),
            sa.exists().where(GoodsNeed.c.site_id == _SITE, is_open_for_goods(GoodsNeed, access.NOW)),
            sa.exists().where(Camp.c.site_id == _SITE, Camp.c.status == CampStatus.RUNNING),
            sa.exists().where(Site.c.kitchen_id == _SITE, Site.c.closed_at.is_(None)),
        )
    )
)
