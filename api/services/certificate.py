"""Revoking certificates: nothing is cancelled silently, everybody whose duty rests on one is told."""

import uuid
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Assignment, Certificate, Organization
from api.models.day import local_day
from api.rules.code import ProblemCode
from api.rules.resting import rests_on_certificate
from api.services.change import Changeable
from api.services.feed import record_all
from api.services.problem import Problem, Refused, input_path, read_reason
from api.services.request import Request
from api.services.verb import OneThing, verb

CERTIFICATES = Changeable(Certificate, access.sees_certificate)


@verb(
    "revoke_certificate",
    "Revokes a certificate; it proves nothing from then on. Duties and offers that rest on it are listed, and told to "
    "everybody who follows them, but not cancelled.",
    answers=OneThing("Certificate"),
    callers=access.CERTIFICATE_ISSUERS,
    ids={"certificate": "Certificate"},
    codes=(ProblemCode.ALREADY_ENDED,),
    updates=True,
)
async def revoke(
    session: Transaction, request: Request, *, certificate: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    """From today on, the day at the issuer. An acceptance that rests on it is finished first, and none follows."""
    text = read_reason(reason)
    held = await CERTIFICATES.lock(session, request, certificate, version, may=access.revokes_certificate)
    if held.revoked_on is not None:
        raise Refused(Problem(ProblemCode.ALREADY_ENDED, input_path("certificate")))
    (duties,) = await session.rows(RESTING, {"certificate": certificate, "now": request.now})
    columns = {"revoked_on": duties.today, "revocation_reason": text}
    change = {"duties": [str(duty) for duty in duties.keys_]}
    await CERTIFICATES.change(session, request, held, "revoked", columns=columns, change=change, reason=text)
    await _tell(session, request, held, duties, reason=text)
    key: uuid.UUID = held.id
    return key


async def _tell(session: Transaction, request: Request, held: Row, duties: Row, *, reason: str | None) -> None:
    change = {"certificate": str(held.id), "type": held.certificate_type_code}
    changes = [(duty, change) for duty in duties.keys_]
    await record_all(session, request, "assignment.certificate_revoked", "Assignment", changes, reason=reason)


def _resting() -> sa.Select[Any]:
    """The duties and offers that rest on a certificate, and today at the issuer."""
    duties = sa.select(Assignment.c.id).where(rests_on_certificate(Certificate, Assignment)).order_by(Assignment.c.id)
    home = sa.select(Organization.c.kabupaten_code).where(Organization.c.id == Certificate.c.issuer_id)
    today = local_day(home.correlate(Certificate).scalar_subquery(), NOW)
    listed: Any = sa.func.array(duties.correlate(Certificate).scalar_subquery(), type_=sa.ARRAY(sa.Uuid()))
    this: sa.Select[Any] = sa.select(today.label("today"), listed.label("keys_"))
    return this.where(Certificate.c.id == sa.bindparam("certificate", type_=sa.Uuid()))


RESTING = compile_statement(_resting())
