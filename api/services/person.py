"""Registering volunteers, each person once."""

import uuid
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Kabupaten, Membership, Organization, Rank, Volunteer
from api.models.base import new_id
from api.models.organization import Verification
from api.models.person import VolunteerStatus
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.position import Point, check_point
from api.services.problem import Problem, Problems, input_path
from api.services.reference import check_codes
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import OneThing, verb
from api.values.day import check_earliest, local_day
from api.values.key import code_key
from api.values.nik import birth_date, parse_nik
from api.values.phone import parse_phone
from api.values.text import line, paragraph

JAKARTA = "Asia/Jakarta"


@verb(
    "register_volunteer",
    "Registers a volunteer with recorded consent, as a member at once where an organization is named.",
    answers=OneThing("Volunteer"),
    callers=access.REGISTRARS,
    ids={"kabupaten": "Kabupaten", "organization": "Organization", "rank": "Rank"},
    conflicts={
        "uq_volunteer_nik_index": Problem(ProblemCode.ALREADY_REGISTERED, input_path("nik")),
        "uq_membership_organization_id_number_key": Problem(ProblemCode.NUMBER_TAKEN, input_path("number")),
    },
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED,),
    needs_vault=True,
)
async def register(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    name: str,
    kabupaten: str,
    reach: str,
    consent_purpose: str,
    phone: str | None = None,
    nik: str | None = None,
    position: Point | None = None,
    organization: uuid.UUID | None = None,
    number: str | None = None,
    rank: str | None = None,
    since: date | None = None,
) -> uuid.UUID:
    """The NIK is looked at last, when all else is right: else the answers would tell who is registered."""
    problems = Problems()
    # access.py judges by the day in Jakarta who is a member; elsewhere in the country that day has begun already.
    today = local_day(request.now, JAKARTA)
    person = {
        "name": problems.read(line, "name", value=name, minimum=1, maximum=200),
        "phone": problems.read(parse_phone, "phone", value=phone),
        "consent_purpose": problems.read(paragraph, "consent_purpose", value=consent_purpose, minimum=3, maximum=500),
    }
    digits = problems.read(parse_nik, "nik", value=nik)
    problems.read(check_earliest, "since", value=since, birth_date=birth_date(digits, today) if digits else None)
    number_line = problems.read(line, "number", value=number, minimum=1, maximum=100)
    place = await _check_place_and_organization(session, request, problems, kabupaten, organization)
    problems.read(check_point, "position", value=position, kabupatens=[place] if place else [])
    await check_codes(session, problems, {"rank": (Rank, rank)})
    _check_membership(problems, organization, number=number, rank=rank, since=since, today=today)
    problems.refuse()
    await _refuse_duplicates(session, vault, organization, number=number_line, nik=digits)

    key = new_id()
    await session.insert(
        Volunteer,
        id=key,
        status=VolunteerStatus.ACTIVE,
        kabupaten_code=kabupaten,
        latitude=position and position["latitude"],
        longitude=position and position["longitude"],
        reach=reach,
        consent_given_at=request.now,
        **person,
        **_nik_columns(vault, digits),
    )
    if organization is not None:
        await session.insert(
            Membership,
            id=new_id(),
            volunteer_id=key,
            organization_id=organization,
            since=since or today,
            number=number_line,
            rank_code=rank,
        )
    change = {"kabupaten": kabupaten, "reach": reach, "organization": organization and str(organization)}
    await record(session, request, "volunteer.registered", subject=("Volunteer", key), change=change)
    return key


def _check_membership(
    problems: Problems,
    organization: uuid.UUID | None,
    *,
    number: str | None,
    rank: str | None,
    since: date | None,
    today: date,
) -> None:
    if organization is None and any(value is not None for value in (number, rank, since)):
        problems.invalid(
            "organization",
            indonesian="Sebutkan organisasinya.",
            english="Number, rank and day of joining need an organization.",
        )
    if since is not None and since > today:
        problems.invalid("since", indonesian="Hari bergabung belum tiba.", english="The day of joining has not come.")


async def _check_place_and_organization(
    session: Transaction, request: Request, problems: Problems, kabupaten: str, organization: uuid.UUID | None
) -> Row | None:
    """The kabupaten. A manager registers members of the managed organization; a coordinator, people and members of the scope."""
    parameters = {**request.parameters, "kabupaten": kabupaten, "organization": organization}
    place = await session.row(_place(request.actor.kind), parameters)
    if place is None:
        problems.add(ProblemCode.NOT_FOUND, "kabupaten")
    if organization is not None:
        found = await session.row(_organization(request.actor.kind), parameters)
        _check_organization(problems, found, is_home_in_scope=place is not None and place.may)
    elif place is not None and not place.may:
        problems.add(ProblemCode.FORBIDDEN, "kabupaten")
    return place


def _check_organization(problems: Problems, organization: Row | None, *, is_home_in_scope: bool) -> None:
    if organization is None:
        problems.add(ProblemCode.NOT_FOUND, "organization")
    elif not (organization.manages or (is_home_in_scope and organization.enrols)):
        problems.add(ProblemCode.FORBIDDEN, "organization")
    elif organization.verification != Verification.VERIFIED:
        problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, "organization")


@cache
def _place(kind: Kind) -> CompiledStatement:
    scope = access.coordinates(kind, Kabupaten.c.code).label("may")
    return compile_statement(
        sa.select(Kabupaten, scope).where(Kabupaten.c.code == sa.bindparam("kabupaten", type_=sa.Text()))
    )


@cache
def _organization(kind: Kind) -> CompiledStatement:
    manages = access.manages(kind, Organization.c.id).label("manages")
    enrols = access.enrols(kind, Organization).label("enrols")
    return compile_statement(
        sa.select(Organization.c.verification, manages, enrols).where(
            Organization.c.id == sa.bindparam("organization", type_=sa.Uuid()),
            access.sees_organization(kind, Organization),
        )
    )


def _nik_columns(vault: Vault, nik: str | None) -> dict[str, Any]:
    if nik is None:
        return {}
    return {"nik_cipher": vault.encrypt(nik), "nik_index": vault.blind_index(nik), "nik_tail": nik[-4:]}


async def _refuse_duplicates(
    session: Transaction, vault: Vault, organization: uuid.UUID | None, *, number: str | None, nik: str | None
) -> None:
    problems = Problems()
    if number is not None and await session.value(
        SAME_NUMBER, {"organization": organization, "number_key": code_key(number)}
    ):
        problems.add(ProblemCode.NUMBER_TAKEN, "number")
    problems.refuse()
    if nik is not None and await session.value(SAME_NIK, {"nik_index": vault.blind_index(nik)}):
        problems.add(ProblemCode.ALREADY_REGISTERED, "nik")
    problems.refuse()


SAME_NUMBER = compile_statement(
    sa.select(Membership.c.id).where(
        Membership.c.organization_id == sa.bindparam("organization", type_=sa.Uuid()),
        Membership.c.number_key == sa.bindparam("number_key", type_=sa.Text()),
    )
)
SAME_NIK = compile_statement(
    sa.select(Volunteer.c.id).where(Volunteer.c.nik_index == sa.bindparam("nik_index", type_=sa.LargeBinary()))
)
