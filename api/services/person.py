"""Registering volunteers, each person once."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from api import access
from api.database.engine import Transaction
from api.models import Account, Volunteer
from api.models.base import new_id
from api.models.person import VolunteerStatus
from api.rules.code import ProblemCode
from api.services import membership
from api.services.duplicate import ask_same_people, refuse_taken, remember_distinct
from api.services.enrolment import OF_CORPS, check_enrolment
from api.services.feed import record
from api.services.person_input import check_birth_date, check_home, find_home, read_person
from api.services.problem import Problem, Problems, forbidden, input_path
from api.services.registered import refuse_registered
from api.services.request import Request
from api.services.suspected import suspect
from api.services.vault import Vault
from api.services.verb import OneThing, verb
from api.values import nik as identity
from api.values.text import line, paragraph


@verb(
    "register_volunteer",
    "Registers a volunteer with recorded consent, as a member at once where an organization is named; or yourself (`own`).",
    answers=OneThing("Volunteer"),
    callers=access.REGISTRARS_OR_ONESELF,
    ids={"kabupaten": "Kabupaten", "kecamatan": "Kecamatan", "organization": "Organization", "rank": "Rank"},
    conflicts={
        "uq_volunteer_nik_index": Problem(ProblemCode.ALREADY_REGISTERED, input_path("nik")),
        "uq_membership_organization_id_number_key": Problem(ProblemCode.NUMBER_TAKEN, input_path("number")),
        **OF_CORPS,
    },
    codes=(
        *(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.SAME_PERSON),
        *(ProblemCode.REQUEST_SENT, ProblemCode.TOO_MANY_ATTEMPTS, ProblemCode.HAS_ACCOUNT),
    ),
    needs_vault=True,
    changes_actor=True,
)
async def register(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    kabupaten: str,
    consent_purpose: str,
    nik: str | None = None,
    organization: uuid.UUID | None = None,
    number: str | None = None,
    rank: str | None = None,
    since: date | None = None,
    confirm_distinct: str | None = None,
    own: bool | None = None,
    **about: Any,
) -> uuid.UUID:
    """Who is registered already is asked last, when all else is right."""
    problems = Problems()
    await _check_oneself(session, request, problems, own=bool(own), nik=nik, organization=organization)
    place = await find_home(session, request, problems, kabupaten)
    today = place.today if place else request.now.date()
    digits, born = _read_identity(problems, nik, about.get("birth_date"), about.get("sex"), today)
    purpose = problems.read(paragraph, "consent_purpose", value=consent_purpose, minimum=3, maximum=500)
    person = {
        **read_person(problems, {**about, "kabupaten": kabupaten}),
        "consent_purpose": purpose,
        **_nik_columns(vault, digits),
    }
    distinct = problems.read(paragraph, "confirm_distinct", value=confirm_distinct, minimum=3, maximum=500)
    await check_home(session, problems, place, kecamatan=about.get("kecamatan"), position=about.get("position"))
    number_line = problems.read(line, "number", value=number, minimum=1, maximum=100)
    joining = {"organization": organization, "number": number, "rank": rank, "since": since}
    first_day = await check_enrolment(session, request, problems, joining, place=place, born=born, own=bool(own))
    problems.refuse()
    await refuse_taken(session, organization, number=number_line)
    alike = await ask_same_people(session, request, person, is_confirmed=distinct is not None)
    joining |= {"number": number_line, "name": person["name"]}
    await refuse_registered(session, request, nik_index=person.get("nik_index"), joining=joining)

    key = await _insert(session, request, person, {**joining, "since": first_day})
    if own:
        await _bind(session, request, key)
    await remember_distinct(session, request, key, [row.id for row in alike], reason=distinct)
    await suspect(session, request, key)
    change: dict[str, Any] = {
        "kabupaten": kabupaten,
        "reach": person["reach"],
        "organization": organization and str(organization),
    }
    if alike:
        change["distinct_from"] = [str(row.id) for row in alike]
    reason = distinct if alike else None
    await record(session, request, "volunteer.registered", subject=("Volunteer", key), change=change, reason=reason)
    return key


async def _check_oneself(
    session: Transaction,
    request: Request,
    problems: Problems,
    *,
    own: bool,
    nik: str | None,
    organization: uuid.UUID | None,
) -> None:
    """The account is nobody's yet, and locked. Whose NIK is registered is told to those alone who answer for people."""
    if not own:
        return
    account = request.actor.account_id
    if request.actor.key_id is not None or account is None:
        raise forbidden("own")
    if (await session.lock_all(Account, [account]))[account].volunteer_id is not None:
        problems.add(ProblemCode.HAS_ACCOUNT, "own")
    for name, value in (("nik", nik), ("organization", organization)):
        if value is not None:
            problems.invalid(
                name,
                indonesian="Diisi oleh organisasi yang Anda mintai keanggotaan.",
                english="The organization that you ask for a membership fills this in.",
            )


async def _bind(session: Transaction, request: Request, volunteer: uuid.UUID) -> None:
    """The account is that of the volunteer, as after an invitation."""
    account = request.actor.account_id
    assert account is not None
    await session.update(Account, account, volunteer_id=volunteer)
    await record(session, request, "account.bound", subject=("Account", account), change={"volunteer": str(volunteer)})


async def _insert(
    session: Transaction, request: Request, person: Mapping[str, Any], joining: Mapping[str, Any]
) -> uuid.UUID:
    """The volunteer, a member where an organization is named."""
    key, organization = new_id(), joining["organization"]
    status = VolunteerStatus.ACTIVE
    await session.insert(Volunteer, id=key, status=status, consent_given_at=request.now, **person)
    if organization is not None:
        terms = {"number": joining["number"], "rank_code": joining["rank"], "kecamatan_code": None}
        ends = {"volunteer": key, "organization": organization}
        await membership.begin(session, request, **ends, since=joining["since"], terms=terms)
    return key


def _read_identity(
    problems: Problems, nik: str | None, birth_date: date | None, sex: str | None, today: date
) -> tuple[str | None, date | None]:
    """The digits of the NIK, and the day of birth as far as it is known; NIK, day and sex must agree."""
    check_birth_date(problems, birth_date, today)
    digits = problems.read(identity.parse_nik, "nik", value=nik)
    known = {"known_birth_date": birth_date, "known_sex": sex}
    problems.read(identity.check_nik_agrees, "nik", value=digits, **known)
    return digits, birth_date or (identity.birth_date(digits, today) if digits else None)


def _nik_columns(vault: Vault, nik: str | None) -> Mapping[str, Any]:
    if nik is None:
        return {}
    return {"nik_cipher": vault.encrypt(nik), "nik_index": vault.blind_index(nik), "nik_tail": nik[-4:]}
