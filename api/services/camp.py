"""Camps: preparing, changing and announcing them, from the first draft to the end."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Camp, CampKind, CertificateType, Rank, Site
from api.models.base import new_id
from api.models.camp import CAMP, CampAction, CampStatus
from api.models.site import SiteKind
from api.rules.code import ProblemCode
from api.services.camp_change import (
    QUOTA_IDS,
    check_capacity,
    check_days,
    check_quotas,
    move_days,
    read_quota_inputs,
    write_quotas,
)
from api.services.camp_limit import MOST_PLACES
from api.services.camp_line import update_line
from api.services.change import Changeable, check_status, move_verb
from api.services.feed import record
from api.services.place import known_kabupatens
from api.services.position import Point, check_point
from api.services.problem import Problem, Problems, input_path
from api.services.reference import check_codes
from api.services.request import Request
from api.services.standing import check_verified
from api.services.verb import OneThing, verb
from api.values.day import EARLIEST
from api.values.text import line

CAMPS = Changeable(Camp, access.sees_camp, CAMP)
LONGEST = timedelta(days=92)

# What a camp takes from its kind, unless it is said otherwise.
OF_KIND = (
    *("attendees", "minimum_age", "minimum_rank_code", "certificate_type_code", "lapsed_years"),
    *("needs_consent", "attendance_percent", "needs_result"),
)
# Inputs whose column has another name.
COLUMNS = {
    "kind": "kind_code",
    "kabupaten": "kabupaten_code",
    "host": "host_id",
    "issuer": "issuer_id",
    "minimum_rank": "minimum_rank_code",
    "certificate_type": "certificate_type_code",
    "participant_certificate": "participant_certificate_code",
    "instructor_certificate": "instructor_certificate_code",
}
BOUNDS = {
    "capacity": (1, MOST_PLACES),
    "offer_hours": (1, 720),
    "minimum_age": (0, 100),
    "lapsed_years": (0, 50),
    "attendance_percent": (0, 100),
}
TEXTS = {"name": (2, 200), "venue": (2, 300), "series": (2, 200)}
OF_QUOTAS = {f"quotas.{name}": type_ for name, type_ in QUOTA_IDS.items()}
# What a change may not remove.
REQUIRED = (
    *("name", "venue", "starts_at", "ends_at", "capacity", "offer_hours", "self_registration"),
    *("needs_consent", "attendance_percent", "needs_result"),
)
IDS = {
    "minimum_rank": "Rank",
    "certificate_type": "CertificateType",
    "issuer": "Organization",
    "participant_certificate": "CertificateType",
    "instructor_certificate": "CertificateType",
}


@verb(
    "create_camp",
    "Prepares a camp; what is left out is as usual for its kind.",
    answers=OneThing("Camp"),
    callers=access.CAMP_KEEPERS,
    ids={"kind": "CampKind", "host": "Organization", "kabupaten": "Kabupaten", **IDS, **OF_QUOTAS},
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED,),
)
async def create(
    session: Transaction,
    request: Request,
    *,
    kind: str,
    host: uuid.UUID,
    kabupaten: str,
    **values: Any,
) -> uuid.UUID:
    """The host is a verified organization; its position is the seat of the kabupaten, unless one is given."""
    problems = Problems()
    places = await known_kabupatens(session, request, problems, [kabupaten], "kabupaten")
    await check_verified(session, request, problems, host, may=bool(places and places[0].may), name="host")
    defaults = await session.row(KIND, {"kind": kind})
    if defaults is None:
        problems.add(ProblemCode.NOT_FOUND, "kind")
    quotas = await read_quota_inputs(session, problems, values.pop("quotas", None) or ())
    columns = await read_columns(session, request, problems, values, places)
    problems.refuse()
    assert defaults is not None

    key = new_id()
    start = {name: defaults[name] for name in OF_KIND}
    start |= {"latitude": places[0].latitude, "longitude": places[0].longitude}
    own = {"kind_code": kind, "host_id": host, "kabupaten_code": kabupaten, "status": CampStatus.DRAFT}
    await session.insert(Camp, id=key, **{**start, **columns, **own})
    change = {"status": CampStatus.DRAFT, "kind": kind, "host": str(host), "kabupaten": kabupaten}
    await write_quotas(session, request, key, quotas)
    await record(session, request, "camp.created", subject=("Camp", key), change=change)
    return key


@verb(
    "change_camp",
    "Changes a camp; what is left out stays, and null removes it. Its sessions, the arrivals of contingents and the roles of its "
    "staff move with its days; an API key moves no role to a time at which it is not in force.",
    answers=OneThing("Camp"),
    callers=access.CAMP_KEEPERS,
    ids={"camp": "Camp", **IDS, **OF_QUOTAS},
    conflicts={"ex_commitment_one_place_at_a_time": Problem(ProblemCode.DAYS_TAKEN, input_path("starts_at"))},
    codes=(*(ProblemCode.WRONG_STATUS, ProblemCode.BELOW_TAKEN), *(ProblemCode.PLACE_HELD, ProblemCode.DAYS_TAKEN)),
    updates=True,
)
async def change(session: Transaction, request: Request, *, camp: uuid.UUID, version: int, **values: Any) -> uuid.UUID:
    held = await CAMPS.lock(session, request, camp, version, may=access.keeps_camp)
    check_status(held, (*CAMP.group("AHEAD"), CampStatus.RUNNING), "camp")
    limits = await update_line(session, request, camp)
    problems = Problems()
    places = await known_kabupatens(session, request, problems, [held.kabupaten_code], "camp")
    quotas = values.pop("quotas", ...)
    wanted = None if quotas is ... else await read_quota_inputs(session, problems, quotas or ())
    columns = await read_columns(session, request, problems, values, places, held=held)
    problems.refuse()
    capacity = columns.get("capacity", limits.capacity)
    await check_capacity(session, problems, camp, taken=limits.taken, capacity=capacity)
    await check_quotas(session, problems, camp, wanted or ())
    await check_days(session, request, problems, held, columns)
    problems.refuse()
    key = await CAMPS.change(session, request, held, "changed", columns=columns, change=columns)
    if wanted is not None:
        await write_quotas(session, request, camp, wanted)
    await move_days(session, request, held, columns)
    await update_line(session, request, camp)
    return key


async def read_columns(
    session: Transaction,
    request: Request,
    problems: Problems,
    values: Mapping[str, Any],
    places: Sequence[Row],
    *,
    held: Row | None = None,
) -> dict[str, Any]:
    """The columns of the inputs, which must make sense together with what is `held` already."""
    read = dict(values)
    for name in REQUIRED:
        if name in values and values[name] is None:
            problems.invalid(name, indonesian="Tidak boleh dikosongkan.", english="It cannot be removed.")
            del read[name]
    for name, (least, most) in TEXTS.items():
        if name in read:
            read[name] = problems.read(line, name, value=read[name], minimum=least, maximum=most)
    for name, (least, most) in BOUNDS.items():
        if read.get(name) is not None and not least <= read[name] <= most:
            problems.invalid(
                name, indonesian=f"Antara {least} dan {most}.", english=f"It must be between {least:,} and {most:,}."
            )
    await _check_references(session, request, problems, read)
    _check_times(problems, {**(held or {}), **read}, request.now, is_new=held is None)
    position: Point | None = read.pop("position", None)
    problems.read(check_point, "position", value=position, kabupatens=places)
    return {COLUMNS.get(name, name): value for name, value in read.items()} | dict(position or {})


async def _check_references(
    session: Transaction, request: Request, problems: Problems, values: Mapping[str, Any]
) -> None:
    tables = {"minimum_rank": Rank, "certificate_type": CertificateType}
    tables |= dict.fromkeys(("participant_certificate", "instructor_certificate"), CertificateType)
    await check_codes(session, problems, {name: (table, values.get(name)) for name, table in tables.items()})
    if values.get("issuer") is not None:
        await check_verified(session, request, problems, values["issuer"], may=True, name="issuer")


def _check_times(problems: Problems, values: Mapping[str, Any], now: datetime, *, is_new: bool) -> None:
    starts, ends = values["starts_at"], values["ends_at"]
    opens, closes = values.get("registration_opens_at"), values.get("registration_closes_at")
    if not starts < ends <= starts + LONGEST:
        problems.invalid(
            "ends_at", indonesian="Sesudah awalnya, paling lama 92 hari.", english="After the start, at most 92 days."
        )
    if starts.date() < EARLIEST or (is_new and starts > now + timedelta(days=3660)):
        problems.invalid("starts_at", indonesian="Periksa tahunnya.", english="Check the year.")
    if closes is not None and (closes > ends or (opens is not None and closes <= opens)):
        problems.invalid(
            "registration_closes_at",
            indonesian="Sesudah dibuka, dan sebelum kemah berakhir.",
            english="After it opens, and before the camp ends.",
        )
    # What was set stays where the days of a camp move, and is not left after them.
    for name in ("registration_opens_at", "offers_from"):
        if values.get(name) is not None and values[name] >= ends:
            problems.invalid(name, indonesian="Sebelum kemah berakhir.", english="Before the camp ends.")


def check_not_over(problems: Problems, request: Request, camp: Row, name: str = "camp") -> bool:
    """Whether the end of the camp lies ahead; that it does not is a problem."""
    is_over = bool(camp.ends_at <= request.now)
    if is_over:
        problems.add(ProblemCode.PERIOD_PAST, name, ends_at=camp.ends_at)
    return not is_over


@verb(
    "open_camp",
    "Announces a camp; people register from now on, or from the start of its window.",
    answers=OneThing("Camp"),
    callers=access.CAMP_KEEPERS,
    ids={"camp": "Camp"},
    codes=(
        ProblemCode.WRONG_STATUS,
        ProblemCode.PERIOD_PAST,
        ProblemCode.ISSUER_NOT_AGREED,
        ProblemCode.ORGANIZATION_NOT_VERIFIED,
    ),
    updates=True,
)
async def open_camp(session: Transaction, request: Request, *, camp: uuid.UUID, version: int) -> uuid.UUID:
    """A host that does not stand goes on with what it has announced, and announces nothing new."""
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.OPEN)
    problems = Problems()
    await check_verified(session, request, problems, held.host_id, may=True, name="camp")
    check_not_over(problems, request, held)
    gives = (held.issuer_id, held.participant_certificate_code, held.instructor_certificate_code)
    if any(each is not None for each in gives) and held.issuer_agreed_at is None:
        problems.add(ProblemCode.ISSUER_NOT_AGREED, "camp", organization_id=held.issuer_id)
    problems.refuse()
    return await CAMPS.move(session, request, held, CampStatus.OPEN, columns={"opened_at": request.now})


close = move_verb(
    CAMPS,
    "close_camp",
    "Closes the registration; who waits still gets what is freed.",
    CampAction.CLOSE,
    callers=access.CAMP_KEEPERS,
)


@verb(
    "start_camp",
    "Begins a camp; its venue is a site from then on.",
    answers=OneThing("Camp"),
    callers=access.CAMP_RUNNERS,
    ids={"camp": "Camp"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def start(session: Transaction, request: Request, *, camp: uuid.UUID, version: int) -> uuid.UUID:
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.START)
    site = await _open_site(session, request, held)
    return await CAMPS.move(session, request, held, CampStatus.RUNNING, columns={"site_id": site})


async def _open_site(session: Transaction, request: Request, camp: Row) -> uuid.UUID:
    key = new_id()
    columns = {name: camp[name] for name in ("name", "kabupaten_code", "latitude", "longitude", "capacity")}
    own = {"kind": SiteKind.CAMP, "organization_id": camp.host_id, "opened_at": request.now}
    await session.insert(Site, id=key, **columns, **own)
    change = {"camp": str(camp.id), "kind": SiteKind.CAMP, "kabupaten": camp.kabupaten_code}
    await record(session, request, "site.opened", subject=("Site", key), change=change)
    return key


async def set_site_closed(session: Transaction, camp: Row, at: datetime | None) -> None:
    """Closes the site of a camp, or opens it again."""
    if camp.site_id is not None:
        await session.update(Site, camp.site_id, closed_at=at)


KIND = compile_statement(sa.select(CampKind).where(CampKind.c.code == sa.bindparam("kind", type_=sa.Text())))
