"""Extending certificates by decree, and taking the decree back."""

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import (
    Assignment,
    Certificate,
    CertificateExtension,
    CertificateType,
    ExtendedCertificate,
    Volunteer,
)
from api.models.base import new_id
from api.models.certificate_extension import (
    CERTIFICATE_EXTENSION,
    CertificateExtensionAction,
    CertificateExtensionStatus,
)
from api.rules.code import ProblemCode
from api.rules.resting import rested_on_certificate
from api.services import certificate
from api.services.change import Changeable
from api.services.feed import record, record_all
from api.services.problem import Problem, Problems, Refused, input_path, read_reason
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.text import line

EXTENSIONS = Changeable(CertificateExtension, access.sees_extension, CERTIFICATE_EXTENSION)


@verb(
    "extend_certificates",
    "Extends all certificates of a type that expire between two days, by a decree.",
    answers=OneThing("CertificateExtension"),
    callers=access.COORDINATORS_OF_NATION,
    ids={"type": "CertificateType"},
    conflicts={"uq_certificate_extension_decree": Problem(ProblemCode.NUMBER_TAKEN, input_path("decree_number"))},
)
async def extend(
    session: Transaction,
    request: Request,
    *,
    type: str,
    expiring_from: date,
    expiring_until: date,
    extended_to: date,
    decree_number: str,
) -> uuid.UUID:
    """Those that were revoked are left as they are."""
    if not request.actor.nation:
        raise Refused(Problem(ProblemCode.FORBIDDEN))
    problems = Problems()
    number = problems.read(line, "decree_number", value=decree_number, minimum=1, maximum=100)
    if not expiring_from <= expiring_until < extended_to:
        problems.invalid("extended_to", indonesian="Urutan tanggalnya salah.", english="The days are not in order.")
    if not await session.value(TYPE, {"type": type}):
        problems.add(ProblemCode.NOT_FOUND, "type")
    problems.refuse()
    days = {"expiring_from": expiring_from, "expiring_until": expiring_until, "extended_to": extended_to}
    await session.rows(LOCK_HOLDERS, {"type": type, **days})
    keys = [row.id for row in await session.rows(LOCK, {"type": type, **days})]
    key, status = new_id(), CertificateExtensionStatus.IN_FORCE
    columns = {"certificate_type_code": type, "decree_number": number, "certificates": len(keys), **days}
    await session.insert(CertificateExtension, id=key, status=status, **columns)
    parameters = {"extension": key, "certificates": keys, "extended_to": extended_to, "now": request.now}
    await session.rows(REMEMBER, parameters)
    await session.rows(EXTEND, parameters)
    change = {"status": status, "type": type, "certificates": len(keys)}
    subject = ("CertificateExtension", key)
    await record(session, request, "certificate_extension.in_force", subject=subject, change=change)
    change = {"expires_on": extended_to.isoformat(), "extension": str(key)}
    await record_all(session, request, "certificate.extended", "Certificate", [(each, change) for each in keys])
    return key


@verb(
    "revert_extension",
    "Takes a decree back that extended certificates: they have the day of expiry of before again. Duties and offers that rest "
    "on the days in between are listed by the event, and told to everybody who follows them, but not cancelled.",
    answers=OneThing("CertificateExtension"),
    callers=access.COORDINATORS_OF_NATION,
    ids={"certificate_extension": "CertificateExtension"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def revert(
    session: Transaction, request: Request, *, certificate_extension: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    """Those that another decree has extended further keep that day; without it, they have the one of before both."""
    text = read_reason(reason)
    action = CertificateExtensionAction.REVERT
    await session.rows(LOCK_HOLDERS_EXTENDED, {"extension": certificate_extension})
    held = await EXTENSIONS.lock_for(session, request, certificate_extension, version, action)
    parameters = {"extension": held.id, "extended_to": held.extended_to, "now": request.now}
    await session.rows(LOCK_EXTENDED, parameters)
    keys = [row.id for row in await session.rows(RESTORE, parameters)]
    await session.rows(PASS_ON, parameters)
    duties = await session.rows(STRANDED, {**parameters, "certificates": keys})
    status = CertificateExtensionStatus.REVERTED
    listed = {"duties": [str(duty.id) for duty in duties]}
    key = await EXTENSIONS.move(session, request, held, status, reason=text, columns={"reason": text}, change=listed)
    change = {"extension": str(held.id)}
    await record_all(
        session,
        request,
        "certificate.extension_reverted",
        "Certificate",
        [(each, change) for each in keys],
        reason=text,
    )
    await certificate.tell(session, request, "certificate_shortened", duties, reason=text)
    return key


# The statements, compiled once.

_EXTENSION = sa.bindparam("extension", type_=sa.Uuid())
_EXTENDED_TO = sa.bindparam("extended_to", type_=sa.Date())
_CHANGED = {"version": Certificate.c.version + 1, "updated_at": access.NOW}
_CERTIFICATES = sa.any_(sa.bindparam("certificates", type_=sa.ARRAY(sa.Uuid())))
TYPE = compile_statement(
    sa.select(CertificateType.c.code).where(CertificateType.c.code == sa.bindparam("type", type_=sa.Text()))
)


def _lock(condition: sa.ColumnElement[bool]) -> Sequence[CompiledStatement]:
    """Locks the holders of certificates, as a trigger does when these are written, and then the certificates."""
    holders = Volunteer.c.id.in_(sa.select(Certificate.c.volunteer_id).where(condition))
    return tuple(
        compile_statement(sa.select(table.c.id).where(which).order_by(table.c.id).with_for_update(key_share=True))
        for table, which in ((Volunteer, holders), (Certificate, condition))
    )


LOCK_HOLDERS, LOCK = _lock(
    sa.and_(
        Certificate.c.certificate_type_code == sa.bindparam("type", type_=sa.Text()),
        Certificate.c.revoked_on.is_(None),
        Certificate.c.expires_on.between(
            sa.bindparam("expiring_from", type_=sa.Date()), sa.bindparam("expiring_until", type_=sa.Date())
        ),
    )
)
REMEMBER = compile_statement(
    sa.insert(ExtendedCertificate).from_select(
        ["extension_id", "certificate_id", "expired_on"],
        sa.select(_EXTENSION, Certificate.c.id, Certificate.c.expires_on).where(Certificate.c.id == _CERTIFICATES),
    )
)
EXTEND = compile_statement(
    sa.update(Certificate).where(Certificate.c.id == _CERTIFICATES).values(expires_on=_EXTENDED_TO, **_CHANGED)
)
_OWN = sa.and_(
    ExtendedCertificate.c.extension_id == _EXTENSION, ExtendedCertificate.c.certificate_id == Certificate.c.id
)
LOCK_HOLDERS_EXTENDED, LOCK_EXTENDED = _lock(
    sa.select(ExtendedCertificate.c.certificate_id).where(_OWN).correlate(Certificate).exists()
)
RESTORE = compile_statement(
    sa.update(Certificate)
    .where(_OWN, Certificate.c.expires_on == _EXTENDED_TO)
    .values(expires_on=ExtendedCertificate.c.expired_on, **_CHANGED)
    .returning(Certificate.c.id)
)
# Read once the certificates have their days of before again.
_LOST = sa.func.daterange(ExtendedCertificate.c.expired_on, _EXTENDED_TO, "(]")
STRANDED = compile_statement(
    certificate.select_duties(rested_on_certificate(Certificate, Assignment, _LOST)).where(
        Certificate.c.id == _CERTIFICATES, _OWN
    )
)
_TAKEN_BACK = ExtendedCertificate.alias("taken_back")
PASS_ON = compile_statement(
    sa.update(ExtendedCertificate)
    .where(
        ExtendedCertificate.c.certificate_id == _TAKEN_BACK.c.certificate_id,
        _TAKEN_BACK.c.extension_id == _EXTENSION,
        ExtendedCertificate.c.extension_id != _EXTENSION,
        ExtendedCertificate.c.expired_on == _EXTENDED_TO,
    )
    .values(expired_on=_TAKEN_BACK.c.expired_on)
)
