"""Asking an issuer for a certificate, and answering."""

import uuid
from datetime import date
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import CertificateRequest, Volunteer
from api.models.base import new_id
from api.models.certificate_request import (
    CERTIFICATE_REQUEST,
    CertificateRequestAction,
    CertificateRequestStatus,
)
from api.rules.code import ProblemCode
from api.services import skill
from api.services import upload as uploads
from api.services.certificate_issue import check_issuer
from api.services.change import Changeable, move_verb
from api.services.feed import record
from api.services.membership import BORN
from api.services.person_lock import lock_people, merged_meanwhile
from api.services.problem import Problem, Problems, input_path
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import OneThing, verb
from api.values.day import check_earliest
from api.values.text import line, paragraph

REQUESTS = Changeable(CertificateRequest, access.sees_certificate_request, CERTIFICATE_REQUEST)

# What the certificate takes from the request.
COLUMNS = ("volunteer_id", "certificate_type_code", "issuer_id", "number", "issued_on", "expires_on")


@verb(
    "request_certificate",
    "Asks an organization to issue a certificate, or to record one that it has issued on paper.",
    answers=OneThing("CertificateRequest"),
    callers=access.VOLUNTEER_OR_STANDING_MANAGERS,
    ids={"volunteer": "Volunteer", "type": "CertificateType", "issuer": "Organization"},
    conflicts={"uq_certificate_request_pending": Problem(ProblemCode.ALREADY_ASKED, input_path("number"))},
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.TYPE_NOT_ISSUED),
    needs_vault=True,
)
async def request_certificate(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    type: str,
    issuer: uuid.UUID,
    number: str,
    issued_on: date,
    volunteer: uuid.UUID | None = None,
    expires_on: date | None = None,
    note: str | None = None,
    evidence: str | None = None,
) -> uuid.UUID:
    """Without a volunteer, the actor's own."""
    problems = Problems()
    person = volunteer or request.actor.volunteer_id
    found = await session.row(_person(request.actor.kind), {**request.parameters, "volunteer": person})
    if found is None:
        problems.add(ProblemCode.NOT_FOUND, "volunteer")
    elif not found.may:
        problems.add(ProblemCode.FORBIDDEN, "volunteer")
    today = await check_issuer(session, request, problems, issuer, type)
    expiry = await skill.read_days(session, problems, type, issued_on, expires_on, today=today)
    born = found.birth_date if found is not None and found.may else None
    problems.read(check_earliest, "issued_on", value=issued_on, birth_date=born)
    columns = {
        "volunteer_id": person,
        "certificate_type_code": type,
        "issuer_id": issuer,
        "number": problems.read(line, "number", value=number, minimum=1, maximum=100),
        "note": problems.read(paragraph, "note", value=note, minimum=1, maximum=1000),
        "issued_on": issued_on,
        "expires_on": expiry,
    }
    problems.refuse()
    if evidence is not None:
        columns["evidence_id"] = await _use(session, request, vault, evidence)
    key, status = new_id(), CertificateRequestStatus.PENDING
    await session.insert(CertificateRequest, id=key, status=status, **columns)
    change = {"status": status, **skill.change_of(columns)}
    await record(session, request, "certificate_request.pending", subject=("CertificateRequest", key), change=change)
    return key


async def _use(session: Transaction, request: Request, vault: Vault, evidence: str) -> uuid.UUID:
    problems = Problems()
    key = await uploads.use(session, request, vault, evidence, is_table=False)
    if key is None:
        problems.invalid(
            "evidence",
            indonesian="Berkas ini tidak ada atau sudah dipakai; kirim lagi sebagai PDF, JPEG atau PNG.",
            english="There is no such upload, or it was used; send the file again, as PDF, JPEG or PNG.",
        )
    problems.refuse()
    assert key is not None
    return key


@verb(
    "approve_certificate",
    "Accepts a request for a certificate, which is issued.",
    answers=OneThing("CertificateRequest"),
    callers=access.CERTIFICATE_ISSUERS,
    ids={"certificate_request": "CertificateRequest"},
    conflicts={
        "uq_certificate_issuer_id_number_key": Problem(ProblemCode.NUMBER_TAKEN, input_path("certificate_request"))
    },
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.TYPE_NOT_ISSUED),
    updates=True,
)
async def approve(session: Transaction, request: Request, *, certificate_request: uuid.UUID, version: int) -> uuid.UUID:
    """Who gets the certificate is locked first, as a trigger does when it is written."""
    person = await session.value(PERSON, {"certificate_request": certificate_request})
    await lock_people(session, {person} - {None})
    held = await REQUESTS.lock_for(session, request, certificate_request, version, CertificateRequestAction.APPROVE)
    if held.volunteer_id != person:
        raise merged_meanwhile()
    problems = Problems()
    await check_issuer(
        session, request, problems, held.issuer_id, held.certificate_type_code, name="certificate_request"
    )
    born = await session.value(BORN, {"volunteer": held.volunteer_id})
    problems.read(check_earliest, "certificate_request", value=held.issued_on, birth_date=born)
    problems.refuse()
    made = await skill.insert(session, request, {name: held[name] for name in COLUMNS})
    columns, status = {"certificate_id": made}, CertificateRequestStatus.ACCEPTED
    return await REQUESTS.move(session, request, held, status, columns=columns, change={"certificate": str(made)})


refuse = move_verb(
    REQUESTS,
    "refuse_certificate",
    "Refuses a request for a certificate.",
    CertificateRequestAction.REFUSE,
    callers=access.CERTIFICATE_ISSUERS,
)


withdraw = move_verb(
    REQUESTS,
    "withdraw_certificate_request",
    "Withdraws a request for a certificate.",
    CertificateRequestAction.WITHDRAW,
    callers=access.VOLUNTEER_OR_MANAGERS,
)


PERSON = compile_statement(
    sa.select(CertificateRequest.c.volunteer_id).where(
        CertificateRequest.c.id == sa.bindparam("certificate_request", type_=sa.Uuid())
    )
)


@cache
def _person(kind: Kind) -> CompiledStatement:
    """A volunteer whom the actor sees, and whether the actor asks for the volunteer."""
    return compile_statement(
        sa.select(
            Volunteer.c.birth_date, access.answers_for(kind, Volunteer.c.id, of_standing=True).label("may")
        ).where(Volunteer.c.id == sa.bindparam("volunteer", type_=sa.Uuid()), access.sees_volunteer(kind, Volunteer))
    )
