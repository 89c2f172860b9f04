"""Revoking certificates: nothing is cancelled silently, everybody whose duty rests on one is told."""

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

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
from api.services.person_lock import lock_people, merged_meanwhile
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
    """From today on, the day at the issuer. An acceptance that rests on it is finished first, and none follows.

    The holder is locked first, as a trigger does when the certificate is written.
    """
    text = read_reason(reason)
    holder = await session.value(HOLDER, {"certificate": certificate})
    await lock_people(session, {holder} - {None})
    held = await CERTIFICATES.lock(session, request, certificate, version, may=access.revokes_certificate)
    if held.volunteer_id != holder:
        raise merged_meanwhile()
    if held.revoked_on is not None:
        raise Refused(Problem(ProblemCode.ALREADY_ENDED, input_path("certificate")))
    today = await session.value(TODAY, {"certificate": certificate, "now": request.now})
    duties = await resting(session, request, [certificate])
    columns = {"revoked_on": today, "revocation_reason": text}
    change = {"duties": [str(duty.id) for duty in duties]}
    await CERTIFICATES.change(session, request, held, "revoked", columns=columns, change=change, reason=text)
    await tell(session, request, "certificate_revoked", duties, reason=text)
    key: uuid.UUID = held.id
    return key


async def resting(session: Transaction, request: Request, keys: Sequence[uuid.UUID]) -> list[Row]:
    """The duties and offers that rest on certificates which are revoked now, with the certificate; each duty once."""
    return await session.rows(RESTING, {"certificates": keys, "now": request.now})


async def tell(
    session: Transaction, request: Request, event: str, duties: Sequence[Row], *, reason: str | None
) -> None:
    """Everybody who follows the duties is told which certificate does not cover them any more."""
    changes = [(duty.id, {"certificate": str(duty.certificate_id), "type": duty.type}) for duty in duties]
    await record_all(session, request, f"assignment.{event}", "Assignment", changes, reason=reason)


def select_duties(condition: Any) -> sa.Select[Any]:
    """As `tell` takes them: duties of the holders of certificates."""
    return (
        sa.select(
            Assignment.c.id,
            Certificate.c.id.label("certificate_id"),
            Certificate.c.certificate_type_code.label("type"),
        )
        .ext(distinct_on(Assignment.c.id))
        .join(Certificate, Certificate.c.volunteer_id == Assignment.c.volunteer_id)
        .where(condition)
        .order_by(Assignment.c.id, Certificate.c.id)
    )


_HOME = sa.select(Organization.c.kabupaten_code).where(Organization.c.id == Certificate.c.issuer_id)
TODAY = compile_statement(
    sa.select(local_day(_HOME.correlate(Certificate).scalar_subquery(), NOW)).where(
        Certificate.c.id == sa.bindparam("certificate", type_=sa.Uuid())
    )
)
HOLDER = compile_statement(
    sa.select(Certificate.c.volunteer_id).where(Certificate.c.id == sa.bindparam("certificate", type_=sa.Uuid()))
)
RESTING = compile_statement(
    select_duties(rests_on_certificate(Certificate, Assignment)).where(
        Certificate.c.id == sa.any_(sa.bindparam("certificates", type_=sa.ARRAY(sa.Uuid())))
    )
)
