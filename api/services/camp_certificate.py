"""The certificates of a camp: agreed by their issuer, issued in bulk when it is completed, revoked when it goes on."""

import uuid
from collections.abc import Collection, Container, Mapping
from datetime import date
from itertools import count
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Camp, CampRegistration, CampStaffMember, Certificate, CertificateType, Event, Organization
from api.models.base import INSTANT, new_id
from api.models.camp import CampDuty, CampStatus
from api.models.day import local_day
from api.rules.camp_completion import CAME, completion
from api.rules.code import ProblemCode
from api.rules.organization import issued_types
from api.services import certificate
from api.services.camp import CAMPS
from api.services.change import check_status
from api.services.feed import record, record_all
from api.services.person_lock import lock_people, merged_meanwhile
from api.services.problem import Problem, Refused, input_path
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.key import code_key


@verb(
    "agree_issuer",
    "Agrees that the certificates of a camp are given in the name of the organization that the camp names.",
    answers=OneThing("Camp"),
    callers=access.CAMP_ISSUERS,
    ids={"camp": "Camp"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.TYPE_NOT_ISSUED),
    updates=True,
)
async def agree(session: Transaction, request: Request, *, camp: uuid.UUID, version: int) -> uuid.UUID:
    """The issuer stands, and may issue both types."""
    held = await CAMPS.lock(session, request, camp, version, may=access.issues_for_camp)
    check_status(held, (CampStatus.DRAFT, CampStatus.OPEN, CampStatus.CLOSED, CampStatus.RUNNING), "camp")
    code = await _cannot_issue(session, request, held)
    if code is not None:
        raise Refused(Problem(code, input_path("camp"), {"organization_id": held.issuer_id}))
    columns = {"issuer_agreed_at": request.now}
    return await CAMPS.change(session, request, held, "issuer_agreed", columns=columns, change={})


async def _obstacle(session: Transaction, request: Request, camp: Row) -> ProblemCode | None:
    """Why the issuer gives no certificates of the camp's types."""
    if camp.issuer_agreed_at is None:
        return ProblemCode.ISSUER_NOT_AGREED
    return await _cannot_issue(session, request, camp)


async def _cannot_issue(session: Transaction, request: Request, camp: Row) -> ProblemCode | None:
    # Stronger than FOR SHARE, as the numbers that the issuer has given are read next.
    await session.lock_all(Organization, [camp.issuer_id])
    issuer = await session.row(ISSUER, {**request.parameters, "issuer": camp.issuer_id})
    if issuer is None or not issuer.stands:
        return ProblemCode.ORGANIZATION_NOT_VERIFIED
    wanted = {camp.participant_certificate_code, camp.instructor_certificate_code} - {None}
    return None if wanted <= {*issuer.types} else ProblemCode.TYPE_NOT_ISSUED


async def lock_holders(session: Transaction, camp: uuid.UUID, *, others: Collection[uuid.UUID] = ()) -> None:
    """Locks who may get or lose a certificate of a locked camp, and `others` with them.

    A certificate that is written locks its holder, by a trigger; people come before registrations, issuers and certificates.
    """
    holders = {row.volunteer_id for row in await session.rows(MAY_HOLD, {"camp": camp})}
    await lock_people(session, holders | {*others})
    if not holders >= {row.volunteer_id for row in await session.rows(MAY_HOLD, {"camp": camp})}:
        raise merged_meanwhile()


async def issue(session: Transaction, request: Request, camp: Row, *, is_optional: bool) -> None:
    """Issues to all who met the rule and have none yet, in the name of the issuer that agreed.

    Whose certificate of the camp was revoked otherwise than by its reopening gets no other one of this type; what a camp gives
    instead of a type that was a mistake, they get as all others.
    Where the issuer cannot give them that is refused; where they are optional, an event says so.
    """
    found = await session.rows(HOLDERS, {**request.parameters, "camp": camp.id})
    holders = [holder for holder in found if _type(camp, holder) is not None]
    code = await _obstacle(session, request, camp) if holders else None
    if code is not None and not is_optional:
        raise Refused(Problem(code, input_path("camp"), {"organization_id": camp.issuer_id}))
    if code is not None:
        change = {"code": code, "count": len(holders)}
        await record(session, request, "camp.certificates_withheld", subject=("Camp", camp.id), change=change)
        return
    # Under the lock of the issuer, for which whoever gives a number by hand waits.
    first = code_key(_prefix(camp))
    taken = {row.number_key for row in await session.rows(TAKEN, {"issuer": camp.issuer_id, "first": first})}
    rows = {new_id(): _row(camp, holder, taken) for holder in holders}
    issued = await session.insert_all(
        Certificate, [{"id": key, **row} for key, row in rows.items()], sorted_by="number"
    )
    assert issued == rows.keys(), "a number was given twice"
    changes = [
        (key, {"volunteer": str(row["volunteer_id"]), "type": row["certificate_type_code"], "camp": str(camp.id)})
        for key, row in rows.items()
    ]
    await record_all(session, request, "certificate.issued", "Certificate", changes)


def _prefix(camp: Row) -> str:
    """With which the numbers of all certificates of the camp begin."""
    return f"{camp.id.hex[-8:].upper()}-"


def _number(camp: Row, holder: Row, taken: Container[str]) -> str:
    """Says of which camp, of whom, and for the how many-eth time; past what the issuer has given by hand."""
    first = f"{_prefix(camp)}{'I' if holder.is_instructor else ''}{holder.number:04}"
    numbers = (f"{first}/{time}" if time > 1 else first for time in count(holder.earlier + 1))
    return next(number for number in numbers if code_key(number) not in taken)


def _type(camp: Row, holder: Row) -> str | None:
    """The type of certificate of the person; none where the camp gives none of the kind."""
    type_: str | None = camp.instructor_certificate_code if holder.is_instructor else camp.participant_certificate_code
    return type_


def _row(camp: Row, holder: Row, taken: Container[str]) -> Mapping[str, Any]:
    expires: date | None = holder.instructor_expires_on if holder.is_instructor else holder.participant_expires_on
    return {
        "volunteer_id": holder.volunteer_id,
        "certificate_type_code": _type(camp, holder),
        "issuer_id": camp.issuer_id,
        "camp_id": camp.id,
        "number": _number(camp, holder, taken),
        "issued_on": holder.day,
        "expires_on": expires,
    }


async def revoke(session: Transaction, request: Request, camp: uuid.UUID, *, reason: str | None) -> None:
    """Revokes exactly the certificates that the completion of the camp has issued; who rests a duty on one is told."""
    rows = await session.rows(REVOKE, {**request.parameters, "camp": camp, "reason": reason})
    revoked = sorted(row.id for row in rows)
    changes = [(key, {"camp": str(camp)}) for key in revoked]
    await record_all(session, request, "certificate.revoked", "Certificate", changes, reason=reason)
    duties = await certificate.resting(session, request, revoked)
    await certificate.tell(session, request, "certificate_revoked", duties, reason=reason)


def _id(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Uuid())


_TODAY = local_day(Organization.c.kabupaten_code, access.NOW)
ISSUER = compile_statement(
    sa.select(
        access.is_standing(Organization, _TODAY).label("stands"),
        sa.func.array(issued_types(Organization).scalar_subquery()).label("types"),
    ).where(Organization.c.id == _id("issuer"))
)

# The last day of the camp, or that on which it was completed before.
_DAY = local_day(Camp.c.kabupaten_code, sa.func.least(Camp.c.ends_at, Camp.c.ended_at, access.NOW, type_=INSTANT))


def _expires(name: str) -> Any:
    type_ = CertificateType.alias()
    last = sa.cast(_DAY + sa.func.make_interval(0, type_.c.validity_months), sa.Date)
    found = sa.select(last).where(type_.c.code == Camp.c[f"{name}_certificate_code"])
    return found.correlate(Camp).scalar_subquery().label(f"{name}_expires_on")


def _has_none(volunteer_id: Any, name: str) -> Any:
    """Whether the person neither holds the certificate of the camp already, nor lost it otherwise than by its reopening."""
    earlier = Certificate.alias()
    found = sa.exists().where(
        earlier.c.camp_id == Camp.c.id,
        earlier.c.volunteer_id == volunteer_id,
        earlier.c.certificate_type_code == Camp.c[f"{name}_certificate_code"],
        sa.not_(_was_revoked_by_reopening(earlier)),
    )
    return sa.not_(found.correlate_except(earlier))


def _was_revoked_by_reopening(certificate: sa.FromClause) -> Any:
    """The event of `revoke` names the camp; that of `revokeCertificate` does not."""
    revoked = sa.exists().where(
        Event.c.kind == "certificate.revoked",
        Event.c.subject_type == "Certificate",
        Event.c.subject_key == sa.cast(certificate.c.id, sa.Text()),
        Event.c.change.has_key("camp"),
    )
    return revoked.correlate_except(Event)


def _holder(volunteer_id: Any, number: Any, *, is_instructor: bool) -> Any:
    earlier = sa.select(sa.cast(sa.func.count(), sa.Integer)).where(
        Certificate.c.camp_id == Camp.c.id, Certificate.c.volunteer_id == volunteer_id
    )
    return sa.select(
        volunteer_id.label("volunteer_id"),
        number.label("number"),
        sa.literal_column("true" if is_instructor else "false", sa.Boolean).label("is_instructor"),
        earlier.correlate_except(Certificate).scalar_subquery().label("earlier"),
        _DAY.label("day"),
        _expires("participant"),
        _expires("instructor"),
    )


_completed = completion(CampRegistration, Camp).lateral()
# Who was released and came again is one participant, by the last registration.
_again = CampRegistration.alias()
_last = (
    sa.select(sa.func.max(_again.c.number))
    .where(
        _again.c.camp_id == CampRegistration.c.camp_id,
        _again.c.volunteer_id == CampRegistration.c.volunteer_id,
        _again.c.status.in_(CAME),
    )
    .correlate(CampRegistration)
    .scalar_subquery()
)
_participants = (
    _holder(CampRegistration.c.volunteer_id, CampRegistration.c.number, is_instructor=False)
    .select_from(
        Camp.join(CampRegistration, CampRegistration.c.camp_id == Camp.c.id).join(_completed, _completed.c.is_met)
    )
    .where(Camp.c.id == _id("camp"), CampRegistration.c.number == _last, CampRegistration.c.status.in_(CAME))
    .where(_has_none(CampRegistration.c.volunteer_id, "participant"))
)
# As many numbers of instructors are taken at most; participants have digits only.
_taken = (
    sa.select(sa.func.count())
    .where(Certificate.c.camp_id == Camp.c.id, Certificate.c.number.contains("-I"))
    .correlate(Camp)
    .scalar_subquery()
)
_instructors = (
    _holder(
        CampStaffMember.c.volunteer_id,
        _taken + sa.func.row_number().over(order_by=CampStaffMember.c.id),
        is_instructor=True,
    )
    .select_from(Camp.join(CampStaffMember, CampStaffMember.c.camp_id == Camp.c.id))
    .where(
        Camp.c.id == _id("camp"),
        CampStaffMember.c.duty == CampDuty.INSTRUCTOR,
        CampStaffMember.c.ended_at.is_(None),
        _has_none(CampStaffMember.c.volunteer_id, "instructor"),
    )
)
_FIRST = sa.bindparam("first", type_=sa.Text())
TAKEN = compile_statement(
    sa.select(Certificate.c.number_key).where(
        Certificate.c.issuer_id == _id("issuer"), Certificate.c.number_key.between(_FIRST, _FIRST + "~")
    )
)
HOLDERS = compile_statement(sa.union_all(_participants, _instructors))
_gives = sa.exists().where(
    Camp.c.id == _id("camp"),
    sa.or_(Camp.c.participant_certificate_code.is_not(None), Camp.c.instructor_certificate_code.is_not(None)),
)
_comers, _staff, _holding = (
    sa.select(table.c.volunteer_id).where(table.c.camp_id == _id("camp"), table.c.volunteer_id.is_not(None))
    for table in (CampRegistration, CampStaffMember, Certificate)
)
MAY_HOLD = compile_statement(sa.union(_comers.where(_gives), _staff.where(_gives), _holding))
REVOKE = compile_statement(
    sa.update(Certificate)
    .where(Certificate.c.camp_id == _id("camp"), Certificate.c.revoked_on.is_(None))
    .values(
        revoked_on=sa.func.greatest(
            Certificate.c.issued_on,
            sa.select(local_day(Camp.c.kabupaten_code, access.NOW)).where(Camp.c.id == _id("camp")).scalar_subquery(),
            type_=sa.Date(),
        ),
        revocation_reason=sa.bindparam("reason", type_=sa.Text()),
        version=Certificate.c.version + 1,
        updated_at=access.NOW,
    )
    .returning(Certificate.c.id)
)
