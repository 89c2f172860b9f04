"""Contingents: asked for, allotted, changed, given back."""

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import CampCategory, Contingent, Organization, Payer
from api.models.base import new_id
from api.models.camp import CAMP
from api.models.contingent import CONTINGENT, ContingentAction, ContingentStatus
from api.rules.code import ProblemCode
from api.services.camp import CAMPS, check_not_over
from api.services.camp_holder import add_holders
from api.services.camp_limit import MOST_PLACES
from api.services.camp_line import CONTINGENTS, LEAVE_CONTINGENT, lock_camp, next_number, update_line
from api.services.change import check_status
from api.services.feed import record
from api.services.place import known_kabupatens
from api.services.problem import Problems, not_found, read_reason
from api.services.reference import check_codes
from api.services.request import Request
from api.services.sight import check_seen
from api.services.standing import check_verified
from api.services.verb import OneThing, verb
from api.values.text import line

_S = ContingentStatus
IDS = {
    "camp": "Camp",
    "organization": "Organization",
    "kabupaten": "Kabupaten",
    "category": "CampCategory",
    "payer": "Payer",
    "leader": "Volunteer",
}
CODES = (ProblemCode.WRONG_STATUS, ProblemCode.PERIOD_PAST, ProblemCode.ORGANIZATION_NOT_VERIFIED)
COLUMNS = {"category": "category_code", "payer": "payer_code", "leader": "leader_id", "kabupaten": "kabupaten_code"}

# What a contingent always has: null leaves it as it is.
REQUIRED = ("places", "payer")


@verb(
    "ask_contingent",
    "Asks for places of a camp, for an organization or a kabupaten.",
    answers=OneThing("Contingent"),
    callers=access.CONTINGENT_ASKERS,
    ids=IDS,
    codes=CODES,
)
async def ask_contingent(session: Transaction, request: Request, *, camp: uuid.UUID, **values: Any) -> uuid.UUID:
    held = await CAMPS.lock(session, request, camp, None, may=access.is_signed_in)
    check_status(held, CAMP.group("NAMING"), "camp")
    columns = await _read_new(session, request, held, values, is_kept=False)
    return await _insert(session, request, camp, _S.ASKED, columns)


@verb(
    "allot_contingent",
    "Allots places of a camp to an organization or a kabupaten; without so many free ones they wait in the line.",
    answers=OneThing("Contingent"),
    callers=access.CAMP_KEEPERS,
    ids=IDS,
    codes=CODES,
)
async def allot(session: Transaction, request: Request, *, camp: uuid.UUID, **values: Any) -> uuid.UUID:
    held = await CAMPS.lock(session, request, camp, None, may=access.keeps_camp)
    check_status(held, CAMP.group("AHEAD"), "camp")
    columns = await _read_new(session, request, held, values, is_kept=True)
    status, number = await _standing(session, request, camp, columns["places"])
    return await _insert(session, request, camp, status, {**columns, "number": number})


async def _standing(
    session: Transaction, request: Request, camp: uuid.UUID, places: int
) -> tuple[ContingentStatus, int | None]:
    """Whether so many places are free now; if not, the next number in the line."""
    limits = await update_line(session, request, camp)
    if limits.free >= places:
        return _S.ALLOTTED, None
    return _S.WAITLISTED, await next_number(session, camp)


async def _read_new(
    session: Transaction, request: Request, camp: Row, values: Mapping[str, Any], *, is_kept: bool
) -> dict[str, Any]:
    """The columns of a new contingent, of one organization or one kabupaten."""
    problems = Problems()
    check_not_over(problems, request, camp)
    organization, kabupaten = values.get("organization"), values.get("kabupaten")
    if (organization is None) == (kabupaten is None):
        problems.invalid(
            "organization", indonesian="Sebutkan satu.", english="Name an organization, or else a kabupaten."
        )
    if kabupaten is not None:
        places = await known_kabupatens(session, request, problems, [kabupaten], "kabupaten")
        if places and not (is_kept or places[0].may):
            problems.add(ProblemCode.FORBIDDEN, "kabupaten")
    if organization is not None:
        may = is_kept or await session.value(
            _keeps_organization(request.actor.kind), {**request.parameters, "key": organization}
        )
        await check_verified(session, request, problems, organization, may=bool(may))
    columns = await _read(session, request, problems, camp, values, of=(organization, kabupaten))
    problems.refuse()
    return columns


async def _read(
    session: Transaction,
    request: Request,
    problems: Problems,
    camp: Row,
    values: Mapping[str, Any],
    *,
    of: tuple[Any, Any],
) -> dict[str, Any]:
    """The columns of the values; `of` are the organization and the kabupaten that it is for, one of them None."""
    read = dict(values)
    for name, most in (("letter_number", 100), ("transport", 200)):
        if name in read:
            read[name] = problems.read(line, name, value=read[name], minimum=1, maximum=most)
    if "places" in read and not 1 <= (read["places"] or 0) <= MOST_PLACES:
        problems.invalid("places", indonesian="Antara 1 dan 100.000.", english="Between 1 and 100,000 places.")
    due = read.get("names_due_at")
    if due is not None and not request.now < due <= camp.starts_at:
        problems.invalid(
            "names_due_at",
            indonesian="Harus di masa depan, paling lambat saat kemah dimulai.",
            english="It must lie ahead, and not after the start of the camp.",
        )
    codes = {"category": (CampCategory, read.get("category")), "payer": (Payer, read.get("payer"))}
    await check_codes(session, problems, codes)
    if "leader" in read:
        read["has_own_leader"] = await _check_leader(session, request, problems, read["leader"], of)
    if "organization" in read:
        read["organization_id"] = read.pop("organization")
    return {COLUMNS.get(name, name): value for name, value in read.items()}


async def _check_leader(
    session: Transaction, request: Request, problems: Problems, leader: uuid.UUID | None, of: tuple[Any, Any]
) -> bool:
    """Whether the actor names the leader for the organization or kabupaten itself."""
    if leader is None:
        return False
    await check_seen(session, request, problems, leader, "leader")
    named = {**request.parameters, "organization": of[0], "kabupaten": of[1]}
    return bool(await session.value(_owns(request.actor.kind), named))


async def _insert(
    session: Transaction, request: Request, camp: uuid.UUID, status: ContingentStatus, columns: Mapping[str, Any]
) -> uuid.UUID:
    key = new_id()
    await session.insert(Contingent, id=key, camp_id=camp, status=status, **columns)
    change = {"status": status, "camp": str(camp), "places": columns["places"]}
    await record(session, request, f"contingent.{status.lower()}", subject=("Contingent", key), change=change)
    return key


@verb(
    "grant_contingent",
    "Allots the places that were asked for; without so many free ones they wait in the line.",
    answers=OneThing("Contingent"),
    callers=access.CAMP_KEEPERS,
    ids={"contingent": "Contingent"},
    codes=(*CODES, ProblemCode.NAMES_DUE),
    updates=True,
)
async def grant(session: Transaction, request: Request, *, contingent: uuid.UUID, version: int) -> uuid.UUID:
    camp = await _lock_camp_of(session, request, contingent)
    check_status(camp, CAMP.group("AHEAD"), "contingent")
    held = await CONTINGENTS.lock_for(session, request, contingent, version, ContingentAction.GRANT)
    problems = Problems()
    check_not_over(problems, request, camp, "contingent")
    if held.names_due_at is not None and held.names_due_at <= request.now:
        problems.add(ProblemCode.NAMES_DUE, "contingent", ends_at=held.names_due_at)
    if held.organization_id is not None:
        await check_verified(session, request, problems, held.organization_id, may=True, name="contingent")
    problems.refuse()
    status, number = await _standing(session, request, camp.id, held.places)
    return await CONTINGENTS.move(session, request, held, status, columns={"number": number})


@verb(
    "change_contingent",
    "Changes a contingent; what is left out stays, and null removes it, but for places and payer, which stay. The host alone changes when names are due and, once it is granted, its places and who pays.",
    answers=OneThing("Contingent"),
    callers=access.CONTINGENT_KEEPERS,
    ids={"contingent": "Contingent", "payer": "Payer", "leader": "Volunteer"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.CAMP_FULL, ProblemCode.BELOW_TAKEN, ProblemCode.PLACE_HELD),
    updates=True,
)
async def change(
    session: Transaction, request: Request, *, contingent: uuid.UUID, version: int, **values: Any
) -> uuid.UUID:
    camp = await _lock_camp_of(session, request, contingent)
    # Names that become due meanwhile are due for all of the change, or for nothing of it.
    request = request.at(request.now)
    held = await CONTINGENTS.lock(session, request, contingent, version, may=access.fills_contingent)
    check_status(held, CONTINGENT.group("OPEN"), "contingent")
    problems = Problems()
    is_kept = await session.value(_keeps(request.actor.kind), {**request.parameters, "key": contingent})
    own = {"names_due_at"} if held.status == _S.ASKED else {"names_due_at", "payer", "places"}
    for name in sorted(own & values.keys()):
        if not is_kept:
            problems.add(ProblemCode.FORBIDDEN, name)
    wanted = {name: value for name, value in values.items() if name not in REQUIRED or value is not None}
    columns = await _read(session, request, problems, camp, wanted, of=(held.organization_id, held.kabupaten_code))
    await _check_places(session, request, problems, held, columns.get("places", held.places))
    problems.refuse()
    key = await CONTINGENTS.change(session, request, held, "changed", columns=columns, change=columns)
    await update_line(session, request, held.camp_id)
    return key


async def _check_places(session: Transaction, request: Request, problems: Problems, held: Row, places: int) -> None:
    """Not fewer than are named, whose names are given; not more than are free, once what has lapsed is recorded."""
    if held.current_status != _S.ALLOTTED:
        return
    limits = await update_line(session, request, held.camp_id)
    named, _ = limits.contingents[held.id]
    if places < named:
        problems.add(ProblemCode.BELOW_TAKEN, "places", count=named, limit=places)
        await add_holders(session, problems, "places", count=named - places, camp=held.camp_id, contingent_id=held.id)
    if places > held.places and limits.free < places - held.places:
        taken = limits.taken + places - held.places
        problems.add(ProblemCode.CAMP_FULL, "places", count=taken, limit=limits.capacity)


@verb(
    "release_contingent",
    "Gives the places that are not named back, for a reason; they go to who waits in the line.",
    answers=OneThing("Contingent"),
    callers=access.CONTINGENT_KEEPERS,
    ids={"contingent": "Contingent"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def release(
    session: Transaction, request: Request, *, contingent: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    text = read_reason(reason)
    await _lock_camp_of(session, request, contingent)
    held = await CONTINGENTS.lock_for(session, request, contingent, version, ContingentAction.RELEASE)
    key = await CONTINGENTS.move(session, request, held, _S.RELEASED, reason=text, columns={"reason": text})
    await session.rows(LEAVE_CONTINGENT, {"contingent": contingent})
    await update_line(session, request, held.camp_id)
    return key


async def _lock_camp_of(session: Transaction, request: Request, contingent: uuid.UUID) -> Row:
    """The camp of a contingent that the actor sees, locked before it."""
    key = await session.value(_camp_of(request.actor.kind), {**request.parameters, "key": contingent})
    camp = await lock_camp(session, key) if key is not None else None
    if camp is None:
        raise not_found("contingent")
    return camp


_KEY: sa.BindParameter[uuid.UUID] = sa.bindparam("key", type_=sa.Uuid())


@cache
def _camp_of(kind: Kind) -> CompiledStatement:
    sees = access.sees_contingent(kind, Contingent)
    return compile_statement(sa.select(Contingent.c.camp_id).where(Contingent.c.id == _KEY, sees))


@cache
def _keeps(kind: Kind) -> CompiledStatement:
    return compile_statement(sa.select(access.allots_contingent(kind, Contingent)).where(Contingent.c.id == _KEY))


@cache
def _keeps_organization(kind: Kind) -> CompiledStatement:
    return compile_statement(sa.select(access.keeps_organization(kind, Organization)).where(Organization.c.id == _KEY))


@cache
def _owns(kind: Kind) -> CompiledStatement:
    of = sa.select(
        sa.bindparam("organization", type_=sa.Uuid()).label("organization_id"),
        sa.bindparam("kabupaten", type_=sa.Text()).label("kabupaten_code"),
    ).subquery()
    return compile_statement(sa.select(access.owns_contingent(kind, of)))
