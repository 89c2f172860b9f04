"""Registering volunteers, each person once."""

import uuid
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Kabupaten, Kecamatan, Membership, Volunteer
from api.models.base import new_id
from api.models.day import local_day
from api.models.person import VolunteerStatus
from api.rules.code import ProblemCode
from api.services.duplicate import refuse_same_people, refuse_taken, same_people
from api.services.enrolment import check_enrolment
from api.services.feed import record
from api.services.position import Point, check_point
from api.services.problem import Problem, Problems, input_path
from api.services.registered import refuse_registered
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import OneThing, verb
from api.values import nik as identity
from api.values.phone import parse_phone
from api.values.text import line, paragraph


@verb(
    "register_volunteer",
    "Registers a volunteer with recorded consent, as a member at once where an organization is named.",
    answers=OneThing("Volunteer"),
    callers=access.REGISTRARS,
    ids={"kabupaten": "Kabupaten", "kecamatan": "Kecamatan", "organization": "Organization", "rank": "Rank"},
    conflicts={
        "uq_volunteer_nik_index": Problem(ProblemCode.ALREADY_REGISTERED, input_path("nik")),
        "uq_membership_organization_id_number_key": Problem(ProblemCode.NUMBER_TAKEN, input_path("number")),
    },
    codes=(
        *(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.SAME_PERSON),
        *(ProblemCode.REQUEST_SENT, ProblemCode.TOO_MANY_ATTEMPTS),
    ),
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
    birth_date: date | None = None,
    sex: str | None = None,
    kecamatan: str | None = None,
    position: Point | None = None,
    organization: uuid.UUID | None = None,
    number: str | None = None,
    rank: str | None = None,
    since: date | None = None,
    confirm_distinct: str | None = None,
) -> uuid.UUID:
    """Who is registered already is asked last, when all else is right."""
    problems = Problems()
    place = await session.row(_place(request.actor.kind), {**request.parameters, "kabupaten": kabupaten})
    if place is None:
        problems.add(ProblemCode.NOT_FOUND, "kabupaten")
    today = place.today if place else request.now.date()
    digits, born = _read_identity(problems, nik, birth_date, sex, today)
    person = {
        "name": problems.read(line, "name", value=name, minimum=1, maximum=200),
        "phone": problems.read(parse_phone, "phone", value=phone),
        "consent_purpose": problems.read(paragraph, "consent_purpose", value=consent_purpose, minimum=3, maximum=500),
        "birth_date": birth_date,
        "sex": sex,
        **_nik_columns(vault, digits),
    }
    distinct = problems.read(paragraph, "confirm_distinct", value=confirm_distinct, minimum=3, maximum=500)
    problems.read(check_point, "position", value=position, kabupatens=[place] if place else [])
    await check_kecamatan(session, problems, kecamatan, kabupaten)
    number_line = problems.read(line, "number", value=number, minimum=1, maximum=100)
    joining = {"organization": organization, "number": number, "rank": rank, "since": since}
    first_day = await check_enrolment(session, request, problems, joining, place=place, born=born)
    problems.refuse()
    await refuse_taken(session, organization, number=number_line)
    alike = await same_people(session, request, person)
    if distinct is None:
        refuse_same_people(alike)
    joining |= {"number": number_line, "name": person["name"]}
    await refuse_registered(session, request, nik_index=person.get("nik_index"), joining=joining)

    key = new_id()
    await session.insert(
        Volunteer,
        id=key,
        status=VolunteerStatus.ACTIVE,
        kabupaten_code=kabupaten,
        kecamatan_code=kecamatan,
        latitude=position and position["latitude"],
        longitude=position and position["longitude"],
        reach=reach,
        consent_given_at=request.now,
        **person,
    )
    if organization is not None:
        await session.insert(
            Membership,
            id=new_id(),
            volunteer_id=key,
            organization_id=organization,
            since=first_day,
            number=number_line,
            rank_code=rank,
        )
    change: dict[str, Any] = {
        "kabupaten": kabupaten,
        "reach": reach,
        "organization": organization and str(organization),
    }
    if alike:
        change["distinct_from"] = [str(row.id) for row in alike]
    reason = distinct if alike else None
    await record(session, request, "volunteer.registered", subject=("Volunteer", key), change=change, reason=reason)
    return key


async def check_kecamatan(session: Transaction, problems: Problems, kecamatan: str | None, kabupaten: str) -> None:
    """Adds a problem where there is no such kecamatan, or it lies in another kabupaten."""
    if kecamatan is None:
        return
    around = await session.value(KABUPATEN_OF, {"kecamatan": kecamatan})
    if around is None:
        problems.add(ProblemCode.NOT_FOUND, "kecamatan")
    elif around != kabupaten:
        problems.invalid(
            "kecamatan",
            indonesian="Kecamatan ini tidak terletak di kabupaten asal.",
            english="This kecamatan is not in the home kabupaten.",
        )


def _read_identity(
    problems: Problems, nik: str | None, birth_date: date | None, sex: str | None, today: date
) -> tuple[str | None, date | None]:
    """The digits of the NIK, and the day of birth as far as it is known; NIK, day and sex must agree."""
    if birth_date is not None and birth_date > today:
        problems.invalid("birth_date", indonesian="Tanggal lahir belum tiba.", english="The day of birth has not come.")
    digits = problems.read(identity.parse_nik, "nik", value=nik)
    known = {"known_birth_date": birth_date, "known_sex": sex}
    problems.read(identity.check_nik_agrees, "nik", value=digits, **known)
    return digits, birth_date or (identity.birth_date(digits, today) if digits else None)


@cache
def _place(kind: Kind) -> CompiledStatement:
    """The kabupaten, whether the actor coordinates it, and the day there."""
    scope = access.coordinates(kind, Kabupaten.c.code).label("may")
    today = local_day(Kabupaten.c.code, access.NOW).label("today")
    code = sa.bindparam("kabupaten", type_=sa.Text())
    return compile_statement(sa.select(Kabupaten, scope, today).where(Kabupaten.c.code == code))


KABUPATEN_OF = compile_statement(
    sa.select(Kecamatan.c.kabupaten_code).where(Kecamatan.c.code == sa.bindparam("kecamatan", type_=sa.Text()))
)


def _nik_columns(vault: Vault, nik: str | None) -> Mapping[str, Any]:
    if nik is None:
        return {}
    return {"nik_cipher": vault.encrypt(nik), "nik_index": vault.blind_index(nik), "nik_tail": nik[-4:]}
