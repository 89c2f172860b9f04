"""Issuing certificates."""

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
from api.models import Certificate, CertificateType, Organization, Volunteer
from api.models.base import new_id
from api.models.day import local_day
from api.rules.code import ProblemCode
from api.rules.organization import issued_types
from api.services import standing
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
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.TYPE_NOT_ISSUED),
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
    # Before the issuer, as a trigger locks who gets a certificate.
    await session.lock_all(Volunteer, [volunteer])
    await session.rows(standing.LOCK, {"organization": issuer})
    parameters = {**request.parameters, "volunteer": volunteer, "issuer": issuer, "type": type}
    (found,) = await session.rows(_holder_and_issuer(request.actor.kind), parameters)
    if found.sees_volunteer is None:
        problems.add(ProblemCode.NOT_FOUND, "volunteer")
    if found.today is None:
        problems.add(ProblemCode.NOT_FOUND, "issuer")
    elif found.sees_volunteer and not found.may:
        problems.add(ProblemCode.FORBIDDEN, "issuer")
    elif not found.stands:
        problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, "issuer", organization_id=issuer)
    elif found.is_type and not found.issues_type:
        problems.add(ProblemCode.TYPE_NOT_ISSUED, "issuer", organization_id=issuer)
    expiry = await read_days(session, problems, type, issued_on, expires_on, today=found.today)
    problems.read(check_earliest, "issued_on", value=issued_on, birth_date=found.birth_date if found.may else None)
    number_line = problems.read(line, "number", value=number, minimum=1, maximum=100)
    problems.refuse()
    columns = {"volunteer_id": volunteer, "issuer_id": issuer, "certificate_type_code": type}
    days = {"issued_on": issued_on, "expires_on": expiry}
    return await insert(session, request, {**columns, "number": number_line, **days})


async def insert(session: Transaction, request: Request, columns: Mapping[str, Any]) -> uuid.UUID:
    """A certificate, with its event."""
    key = new_id()
    await session.insert(Certificate, id=key, **columns)
    await record(session, request, "certificate.issued", subject=("Certificate", key), change=change_of(columns))
    return key


def change_of(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    names = {"volunteer": "volunteer_id", "type": "certificate_type_code", "issuer": "issuer_id"}
    return {name: str(columns[column]) for name, column in names.items()}


async def read_days(
    session: Transaction,
    problems: Problems,
    type_: str,
    issued_on: date,
    expires_on: date | None,
    *,
    today: date | None,
) -> date | None:
    """The day of expiry; the day of issue has come, today at the issuer."""
    expiry = await _expiry(session, problems, type_, issued_on, expires_on)
    if today is not None and issued_on > today:
        problems.invalid("issued_on", indonesian="Tanggal terbit belum tiba.", english="The day of issue has not come.")
    return expiry


@cache
def _holder_and_issuer(kind: Kind) -> CompiledStatement:
    """What the actor sees of the volunteer and the issuer, how the issuer stands, and whether the actor may certify.

    There is one row in any case; what the actor does not see is null.
    """
    type_ = sa.bindparam("type", type_=sa.Text())
    this_volunteer = Volunteer.c.id == sa.bindparam("volunteer", type_=sa.Uuid())
    this_issuer = Organization.c.id == sa.bindparam("issuer", type_=sa.Uuid())
    today = local_day(Organization.c.kabupaten_code, access.NOW)
    holder = (
        sa.select(sa.true().label("sees_volunteer"), Volunteer.c.birth_date)
        .where(this_volunteer, access.sees_volunteer(kind, Volunteer))
        .subquery()
    )
    issuer = (
        sa.select(
            today.label("today"),
            access.is_standing(Organization, today).label("stands"),
            type_.in_(issued_types(Organization)).label("issues_type"),
        )
        .where(this_issuer, access.sees_organization(kind, Organization))
        .subquery()
    )
    is_type = sa.select(CertificateType.c.code).where(CertificateType.c.code == type_).exists()
    may = sa.select(access.certifies(kind, Volunteer, Organization)).where(this_volunteer, this_issuer)
    one_row = sa.select(sa.literal(1)).subquery()
    return compile_statement(
        sa.select(*holder.c, *issuer.c, is_type.label("is_type"), may.scalar_subquery().label("may")).select_from(
            one_row.outerjoin(holder, sa.true()).outerjoin(issuer, sa.true())
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
