"""Registering volunteers: one person, once."""

import uuid
from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from api import access
from api.models import Kabupaten, Membership, Organization, Province, Rank, Volunteer
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.frame import Request
from api.services.problem import Problem, Refused, at, forbidden, invalid, not_found
from api.services.vault import Vault, is_nik


async def register(
    session: AsyncSession,
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
    zone = await _permitted(session, request, kabupaten, organization)

    volunteer = Volunteer(
        name=name.strip(),
        phone=phone,
        kabupaten_code=kabupaten,
        latitude=latitude,
        longitude=longitude,
        reach=reach,
        consent_given_at=request.now,
        consent_purpose=consent_purpose.strip(),
    )
    if nik is not None:
        await _once(session, vault.indexed(nik))
        volunteer.nik_cipher, volunteer.nik_index, volunteer.nik_tail = vault.sealed(nik), vault.indexed(nik), nik[-4:]
    session.add(volunteer)
    await session.flush()
    change = {"kabupaten": kabupaten, "reach": reach, "organization": organization and str(organization)}
    record(session, request.actor, "volunteer.registered", subject=("Volunteer", volunteer.id), change=change)
    if organization is not None:
        today = request.now.astimezone(zone).date()
        await _join(session, volunteer.id, organization, number=number, rank=rank, since=since or today)
    elif number is not None or rank is not None or since is not None:
        raise invalid(
            "organization", "Sebutkan organisasinya.", "Number, rank and day of joining need an organization."
        )
    return volunteer.id


async def _permitted(
    session: AsyncSession, request: Request, kabupaten: str, organization: uuid.UUID | None
) -> ZoneInfo:
    """A manager registers members of the managed organization; a coordinator, people at home in the scope."""
    kind = request.actor.kind
    place = (
        await session.execute(
            sa.select(Province.time_zone, access.coordinates(kind, Kabupaten.columns().c.code))
            .join(Kabupaten, Kabupaten.province_code == Province.code)
            .where(Kabupaten.code == kabupaten),
            request.parameters,
        )
    ).one_or_none()
    if place is None:
        raise not_found("kabupaten")
    is_manager = False
    if organization is not None:
        table = Organization.columns()
        seen = sa.select(table.c.verification, access.manages(kind, table.c.id)).where(
            table.c.id == organization, access.sees_organization(kind, table)
        )
        found = (await session.execute(seen, request.parameters)).one_or_none()
        if found is None:
            raise not_found("organization")
        if found[0] != "VERIFIED":
            raise Refused(Problem(ProblemCode.ORGANIZATION_NOT_VERIFIED, at("organization")))
        is_manager = bool(found[1])
    if not (is_manager or place[1]):
        raise forbidden("kabupaten" if organization is None else "organization")
    return ZoneInfo(place[0])


async def _once(session: AsyncSession, index: bytes) -> None:
    if await session.scalar(sa.select(Volunteer.id).where(Volunteer.nik_index == index)) is not None:
        raise Refused(Problem(ProblemCode.ALREADY_REGISTERED, at("nik")))


async def _join(
    session: AsyncSession,
    volunteer: uuid.UUID,
    organization: uuid.UUID,
    *,
    number: str | None,
    rank: str | None,
    since: date,
) -> None:
    if rank is not None and await session.get(Rank, rank) is None:
        raise not_found("rank")
    if number is not None:
        taken = sa.select(Membership.id).where(Membership.organization_id == organization, Membership.number == number)
        if await session.scalar(taken) is not None:
            raise Refused(Problem(ProblemCode.NUMBER_TAKEN, at("number")))
    session.add(
        Membership(volunteer_id=volunteer, organization_id=organization, number=number, rank_code=rank, since=since)
    )
