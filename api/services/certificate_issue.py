"""Issuing certificates to many people at once."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Certificate, CertificateType, Organization, Volunteer
from api.models.base import new_id
from api.models.day import local_day
from api.rules.code import ProblemCode
from api.rules.organization import issued_types
from api.services import standing
from api.services.feed import record_all
from api.services.frame import ItemResult
from api.services.problem import Problem, Problems, input_path
from api.services.request import Request
from api.services.skill import change_of, read_days
from api.services.verb import ResultPerItem, verb
from api.values.day import check_earliest
from api.values.key import code_key
from api.values.text import line

MOST = 1_000


@verb(
    "issue_certificates",
    "Issues certificates of one type to up to 1,000 people; who is refused does not keep the others from theirs.",
    answers=ResultPerItem("Certificate", items="certificates"),
    callers=access.CERTIFIERS,
    ids={"issuer": "Organization", "type": "CertificateType", "certificates.volunteer": "Volunteer"},
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.TYPE_NOT_ISSUED, ProblemCode.NUMBER_TAKEN),
)
async def issue_all(
    session: Transaction,
    request: Request,
    *,
    type: str,
    issuer: uuid.UUID,
    issued_on: date,
    certificates: Sequence[Mapping[str, Any]],
    expires_on: date | None = None,
) -> Sequence[ItemResult]:
    """However many, by as many statements."""
    problems = Problems()
    problems.at_most(MOST, "certificates", certificates)
    # Before the issuer, as a trigger locks who gets a certificate.
    await session.lock_all(Volunteer, [item["volunteer"] for item in certificates[:MOST]])
    today = await check_issuer(session, request, problems, issuer, type)
    expiry = await read_days(session, problems, type, issued_on, expires_on, today=today)
    problems.refuse()
    listed = {"volunteers": [item["volunteer"] for item in certificates], "issuer": issuer}
    found = await session.rows(_holders(request.actor.kind), {**request.parameters, **listed})
    holders = {row.id: row for row in found}
    same = {"certificate_type_code": type, "issuer_id": issuer, "issued_on": issued_on, "expires_on": expiry}
    results, rows = _checked(certificates, holders, same)
    made = await session.insert_all(Certificate, rows, sorted_by="number_key")
    changes = [(row["id"], change_of(row)) for row in rows if row["id"] in made]
    await record_all(session, request, "certificate.issued", "Certificate", changes)
    return [result if result.key is None or result.key in made else NUMBER_TAKEN for result in results]


NUMBER_TAKEN = ItemResult(problems=[Problem(ProblemCode.NUMBER_TAKEN, input_path("number"))])


def _checked(
    certificates: Sequence[Mapping[str, Any]], holders: Mapping[uuid.UUID, Row], same: Mapping[str, Any]
) -> tuple[list[ItemResult], list[dict[str, Any]]]:
    """The results of all, as far as they are known, and the rows of those that are not refused."""
    results, rows, numbers = [], [], set()
    for item in certificates:
        problems = Problems()
        number = problems.read(line, "number", value=item["number"], minimum=1, maximum=100)
        _check_holder(problems, holders.get(item["volunteer"]), same["issued_on"])
        if number is not None and code_key(number) in numbers:
            problems.add(ProblemCode.NUMBER_TAKEN, "number")
        if problems:
            results.append(ItemResult(problems=problems.listed))
            continue
        numbers.add(code_key(number or ""))
        rows.append({"id": new_id(), "volunteer_id": item["volunteer"], "number": number, **same})
        results.append(ItemResult(key=rows[-1]["id"]))
    return results, rows


def _check_holder(problems: Problems, holder: Row | None, issued_on: date) -> None:
    if holder is None:
        problems.add(ProblemCode.NOT_FOUND, "volunteer")
    elif not holder.may:
        problems.add(ProblemCode.FORBIDDEN, "volunteer")
    else:
        problems.read(check_earliest, "volunteer", value=issued_on, birth_date=holder.birth_date)


async def check_issuer(
    session: Transaction,
    request: Request,
    problems: Problems,
    issuer: uuid.UUID,
    type_: str,
    *,
    name: str = "issuer",
) -> date | None:
    """Today at the issuer, which the actor sees, which stands and which may issue the type; whoever suspends it waits.

    `name` is the input field by which the issuer is known.
    """
    await session.rows(standing.LOCK, {"organization": issuer})
    parameters = {**request.parameters, "issuer": issuer, "type": type_}
    found = await session.row(_issuer(request.actor.kind), parameters)
    if found is None:
        problems.add(ProblemCode.NOT_FOUND, name)
        return None
    if not found.stands:
        problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, name, organization_id=issuer)
    elif found.is_type and not found.issues_type:
        problems.add(ProblemCode.TYPE_NOT_ISSUED, name, organization_id=issuer)
    today: date = found.today
    return today


_ISSUER = sa.bindparam("issuer", type_=sa.Uuid())


@cache
def _issuer(kind: Kind) -> CompiledStatement:
    type_ = sa.bindparam("type", type_=sa.Text())
    today = local_day(Organization.c.kabupaten_code, access.NOW)
    return compile_statement(
        sa.select(
            today.label("today"),
            access.is_standing(Organization, today).label("stands"),
            type_.in_(issued_types(Organization)).label("issues_type"),
            sa.select(CertificateType.c.code).where(CertificateType.c.code == type_).exists().label("is_type"),
        ).where(Organization.c.id == _ISSUER, access.sees_organization(kind, Organization))
    )


@cache
def _holders(kind: Kind) -> CompiledStatement:
    """Those of the volunteers whom the actor sees, and whether the actor may issue to them for the issuer."""
    listed = sa.bindparam("volunteers", type_=ARRAY(sa.Uuid()))
    return compile_statement(
        sa.select(
            Volunteer.c.id,
            Volunteer.c.birth_date,
            access.certifies(kind, Volunteer, Organization).label("may"),
        )
        .join_from(Volunteer, Organization, Organization.c.id == _ISSUER)
        .where(Volunteer.c.id == sa.any_(listed), access.sees_volunteer(kind, Volunteer))
    )
