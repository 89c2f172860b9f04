"""Registering volunteers: one person, once."""

import uuid
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.models import Kabupaten, Membership, Organization, Rank, Volunteer
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.frame import Request
from api.services.problem import Problem, Refused, forbidden, input_path, invalid, not_found
from api.services.vault import Vault, is_nik

JAKARTA = ZoneInfo("Asia/Jakarta")


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
    latitude: float | None = None,
    longitude: float | None = None,
    organization: uuid.UUID | None = None,
    number: str | None = None,
    rank: str | None = None,
    since: date | None = None,
) -> uuid.UUID:
    """A volunteer with recorded consent, a member at once where an organization is named."""
    _check(name, consent_purpose, nik, latitude=latitude, longitude=longitude)
    await _permitted(session, request, kabupaten, organization)

    key = new_id()
    person: dict[str, Any] = {
        "id": key,
        "status": "ACTIVE",
        "name": name.strip(),
        "phone": phone,
        "kabupaten_code": kabupaten,
        "latitude": latitude,
        "longitude": longitude,
        "reach": reach,
        "consent_given_at": request.now,
        "consent_purpose": consent_purpose.strip(),
    }
    if nik is not None:
        await _once(session, vault.blind_index(nik))
        person |= {"nik_cipher": vault.encrypt(nik), "nik_index": vault.blind_index(nik), "nik_tail": nik[-4:]}
    await session.rows(sa.insert(Volunteer).values(person))
    change = {"kabupaten": kabupaten, "reach": reach, "organization": organization and str(organization)}
    await record(session, request.actor, "volunteer.registered", subject=("Volunteer", key), change=change)
    if organization is not None:
        await _join(session, request, key, organization, number=number, rank=rank, since=since)
    elif number is not None or rank is not None or since is not None:
        raise invalid(
            "organization", "Sebutkan organisasinya.", "Number, rank and day of joining need an organization."
        )
    return key


def _check(
    name: str, consent_purpose: str, nik: str | None, *, latitude: float | None, longitude: float | None
) -> None:
    if not 1 <= len(name.strip()) <= 200:
        raise invalid("name", "Nama 1 sampai 200 huruf.", "A name has 1 to 200 characters.")
    if not 3 <= len(consent_purpose.strip()) <= 500:
        raise invalid("consent_purpose", "Tujuan 3 sampai 500 huruf.", "The purpose has 3 to 500 characters.")
    if (latitude is None) != (longitude is None) or not (
        -90 <= (latitude or 0) <= 90 and -180 <= (longitude or 0) <= 180
    ):
        raise invalid("latitude", "Posisi tidak lengkap atau salah.", "The position is incomplete or wrong.")
    if nik is not None and not is_nik(nik):
        raise invalid("nik", "NIK tidak benar.", "This is not a NIK.")


async def _permitted(session: Transaction, request: Request, kabupaten: str, organization: uuid.UUID | None) -> None:
    """A manager registers members of the managed organization; a coordinator, people and members of the scope."""
    kind = request.actor.kind
    scope = access.coordinates(kind, Kabupaten.c.code).label("may")
    place = await session.row(sa.select(scope).where(Kabupaten.c.code == kabupaten), request.parameters)
    if place is None:
        raise not_found("kabupaten")
    if organization is None:
        if not place.may:
            raise forbidden("kabupaten")
        return
    manages = access.manages(kind, Organization.c.id).label("manages")
    enrols = access.enrols(kind, Organization).label("enrols")
    sees = access.sees_organization(kind, Organization)
    seen = sa.select(Organization.c.verification, manages, enrols).where(Organization.c.id == organization, sees)
    found = await session.row(seen, request.parameters)
    if found is None:
        raise not_found("organization")
    if not (found.manages or (place.may and found.enrols)):
        raise forbidden("organization")
    if found.verification != "VERIFIED":
        raise Refused(Problem(ProblemCode.ORGANIZATION_NOT_VERIFIED, input_path("organization")))


async def _once(session: Transaction, index: bytes) -> None:
    if await session.value(sa.select(Volunteer.c.id).where(Volunteer.c.nik_index == index)) is not None:
        raise Refused(Problem(ProblemCode.ALREADY_REGISTERED, input_path("nik")))


async def _join(
    session: Transaction,
    request: Request,
    volunteer: uuid.UUID,
    organization: uuid.UUID,
    *,
    number: str | None,
    rank: str | None,
    since: date | None,
) -> None:
    # The day by which access.py judges who is a member; elsewhere in the country it is no earlier.
    today = request.now.astimezone(JAKARTA).date()
    if since is not None and since > today:
        raise invalid("since", "Hari bergabung belum tiba.", "The day of joining has not come.")
    if rank is not None and await session.value(sa.select(Rank.c.code).where(Rank.c.code == rank)) is None:
        raise not_found("rank")
    if number is not None:
        number = number.strip()
        if not 1 <= len(number) <= 100:
            raise invalid("number", "Nomor 1 sampai 100 huruf.", "A number has 1 to 100 characters.")
        taken = sa.select(Membership.c.id).where(
            Membership.c.organization_id == organization, Membership.c.number == number
        )
        if await session.value(taken) is not None:
            raise Refused(Problem(ProblemCode.NUMBER_TAKEN, input_path("number")))
    member = {"id": new_id(), "volunteer_id": volunteer, "organization_id": organization, "since": since or today}
    await session.rows(sa.insert(Membership).values(**member, number=number, rank_code=rank))
