"""Issuing certificates."""

import uuid
from datetime import date, timedelta

import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.models import Certificate, CertificateType, Organization, Volunteer
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.frame import Request
from api.services.problem import Problem, Refused, forbidden, input_path, invalid, not_found


async def issue(
    session: Transaction,
    request: Request,
    *,
    volunteer: uuid.UUID,
    type: str,
    issuer: uuid.UUID,
    number: str,
    issued_on: date,
    expires_on: date | None = None,
) -> uuid.UUID:
    """A certificate; it expires after the type's validity unless an earlier day is given."""
    kind = request.actor.kind
    person, organization = Volunteer, Organization
    if not await _exists(session, request, person, volunteer, access.sees_volunteer(kind, person)):
        raise not_found("volunteer")
    if not await _exists(session, request, organization, issuer, access.sees_organization(kind, organization)):
        raise not_found("issuer")
    may = sa.select(access.certifies(kind, person, organization)).where(
        person.c.id == volunteer, organization.c.id == issuer
    )
    if not await session.value(may, request.parameters):
        raise forbidden("issuer")
    if await session.value(sa.select(organization.c.verification).where(organization.c.id == issuer)) != "VERIFIED":
        raise Refused(Problem(ProblemCode.ORGANIZATION_NOT_VERIFIED, input_path("issuer"), {"organization_id": issuer}))
    expiry = await _expiry(session, type, issued_on, expires_on)
    if issued_on > request.now.date() + timedelta(days=1):
        raise invalid("issued_on", "Tanggal terbit belum tiba.", "The day of issue has not come.")
    if not 1 <= len(number.strip()) <= 100:
        raise invalid("number", "Nomor 1 sampai 100 huruf.", "A number has 1 to 100 characters.")

    key = new_id()
    certificate = sa.insert(Certificate).values(
        id=key,
        volunteer_id=volunteer,
        certificate_type_code=type,
        issuer_id=issuer,
        number=number.strip(),
        issued_on=issued_on,
        expires_on=expiry,
    )
    await session.rows(certificate)
    change = {"volunteer": str(volunteer), "type": type, "issuer": str(issuer)}
    await record(session, request.actor, "certificate.issued", subject=("Certificate", key), change=change)
    return key


async def _exists(
    session: Transaction, request: Request, table: sa.Table, key: uuid.UUID, seen: sa.ColumnElement[bool]
) -> bool:
    found = await session.value(sa.select(table.c.id).where(table.c.id == key, seen), request.parameters)
    return found is not None


async def _expiry(session: Transaction, type_: str, issued_on: date, expires_on: date | None) -> date | None:
    """The day asked for, no later than the type allows; the last day of validity where none is asked for."""
    end = sa.literal(issued_on, sa.Date) + sa.func.make_interval(0, CertificateType.c.validity_months)
    validity = sa.select(sa.cast(end, sa.Date).label("end")).where(CertificateType.c.code == type_)
    found = await session.row(validity)
    if found is None:
        raise not_found("type")
    latest: date | None = found.end
    if expires_on is None:
        return latest
    if expires_on < issued_on or (latest is not None and expires_on > latest):
        raise invalid(
            "expires_on", "Masa berlaku tidak sesuai jenis sertifikat.", "The type does not allow this day of expiry."
        )
    return expires_on
