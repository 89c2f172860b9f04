"""Issuing certificates."""

import uuid
from datetime import date, timedelta
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Certificate, CertificateType, Organization, Volunteer
from api.models.base import new_id
from api.models.organization import Verification
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.problem import Problem, Problems, input_path
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.day import check_earliest
from api.values.text import line


@verb(
    "issue_certificate",
    "Issues a certificate to a volunteer.",
    answers=OneThing("Certificate"),
    callers=access.CERTIFIERS,
    ids={"volunteer": "Volunteer", "issuer": "Organization", "type": "CertificateType"},
    conflicts={
        "uq_certificate_issuer_id_number_key": Problem(ProblemCode.NUMBER_TAKEN, input_path("number")),
    },
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED,),
)
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
    """It expires after the type's validity, unless an earlier day is given."""
    problems = Problems()
    parameters = {**request.parameters, "volunteer": volunteer, "issuer": issuer}
    (found,) = await session.rows(_holder_and_issuer(request.actor.kind), parameters)
    if found.sees_volunteer is None:
        problems.add(ProblemCode.NOT_FOUND, "volunteer")
    if found.verification is None:
        problems.add(ProblemCode.NOT_FOUND, "issuer")
    elif found.sees_volunteer and not found.may:
        problems.add(ProblemCode.FORBIDDEN, "issuer")
    elif found.verification != Verification.VERIFIED:
        problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, "issuer", organization_id=issuer)
    expiry = await _expiry(session, problems, type, issued_on, expires_on)
    if issued_on > request.now.date() + timedelta(days=1):
        problems.invalid("issued_on", indonesian="Tanggal terbit belum tiba.", english="The day of issue has not come.")
    problems.read(check_earliest, "issued_on", value=issued_on)
    number_line = problems.read(line, "number", value=number, minimum=1, maximum=100)
    problems.refuse()

    key = new_id()
    await session.insert(
        Certificate,
        id=key,
        volunteer_id=volunteer,
        certificate_type_code=type,
        issuer_id=issuer,
        number=number_line,
        issued_on=issued_on,
        expires_on=expiry,
    )
    change = {"volunteer": str(volunteer), "type": type, "issuer": str(issuer)}
    await record(session, request, "certificate.issued", subject=("Certificate", key), change=change)
    return key


@cache
def _holder_and_issuer(kind: Kind) -> CompiledStatement:
    """Whether the actor sees the volunteer and the issuer, how the issuer stands, and whether the actor may certify."""
    this_volunteer = Volunteer.c.id == sa.bindparam("volunteer", type_=sa.Uuid())
    this_issuer = Organization.c.id == sa.bindparam("issuer", type_=sa.Uuid())
    seen = sa.select(sa.true()).where(this_volunteer, access.sees_volunteer(kind, Volunteer))
    verification = sa.select(Organization.c.verification).where(
        this_issuer, access.sees_organization(kind, Organization)
    )
    may = sa.select(access.certifies(kind, Volunteer, Organization)).where(this_volunteer, this_issuer)
    return compile_statement(
        sa.select(
            seen.scalar_subquery().label("sees_volunteer"),
            verification.scalar_subquery().label("verification"),
            may.scalar_subquery().label("may"),
        )
    )


async def _expiry(
    session: Transaction, problems: Problems, type_: str, issued_on: date, expires_on: date | None
) -> date | None:
    """The day asked for, no later than the type allows; the last day of validity where none is asked for."""
    validity = await session.row(VALIDITY, {"type": type_, "issued_on": issued_on})
    if validity is None:
        problems.add(ProblemCode.NOT_FOUND, "type")
        return None
    latest: date | None = validity.end
    if expires_on is None:
        return latest
    if expires_on < issued_on or (latest is not None and expires_on > latest):
        problems.invalid(
            "expires_on",
            indonesian="Masa berlaku tidak sesuai jenis sertifikat.",
            english="The type does not allow this day of expiry.",
        )
    return expires_on


VALIDITY = compile_statement(
    sa.select(
        sa.cast(
            sa.bindparam("issued_on", type_=sa.Date()) + sa.func.make_interval(0, CertificateType.c.validity_months),
            sa.Date,
        ).label("end")
    ).where(CertificateType.c.code == sa.bindparam("type", type_=sa.Text()))
)
