"""The end of a camp: completing it, going on with it, cancelling it."""

import uuid

import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import CampStaffMember, Contingent
from api.models.camp import CampAction, CampStatus
from api.models.camp_registration import CampRegistrationStatus
from api.models.contingent import CONTINGENT, ContingentStatus
from api.rules.code import ProblemCode
from api.services import camp_certificate
from api.services.camp import CAMPS, set_site_closed
from api.services.camp_line import CONTINGENTS, end_all
from api.services.camp_staff import end_staff
from api.services.problem import read_reason
from api.services.request import Request
from api.services.scan_settlement import settle_camp
from api.services.verb import OneThing, verb

_S = CampRegistrationStatus


@verb(
    "complete_camp",
    "Ends a camp: who came has completed it, who did not is a no-show, whose offers and waiting end. Certificates are given by its rule.",
    answers=OneThing("Camp"),
    callers=access.CAMP_RUNNERS,
    ids={"camp": "Camp"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def complete(session: Transaction, request: Request, *, camp: uuid.UUID, version: int) -> uuid.UUID:
    """By the scan log, in which there may be entries of people who got their place afterwards."""
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.COMPLETE)
    await settle_camp(session, request, camp, CampStatus.RUNNING)
    await set_site_closed(session, held, request.now)
    key = await CAMPS.move(session, request, held, CampStatus.COMPLETED)
    await end_all(session, request, camp, (_S.WAITLISTED, _S.OFFERED), _S.EXPIRED)
    await end_all(session, request, camp, (_S.REGISTERED,), _S.NO_SHOW)
    await end_all(session, request, camp, (_S.CHECKED_IN,), _S.COMPLETED, frees=False)
    await camp_certificate.issue(session, request, held)
    return key


@verb(
    "reopen_camp",
    "Goes on with a completed camp, for a reason; who came is there again, and the certificates that it gave are revoked.",
    answers=OneThing("Camp"),
    callers=access.CAMP_KEEPERS,
    ids={"camp": "Camp"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def reopen(session: Transaction, request: Request, *, camp: uuid.UUID, version: int, reason: str) -> uuid.UUID:
    text = read_reason(reason)
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.REOPEN)
    await set_site_closed(session, held, None)
    key = await CAMPS.move(session, request, held, CampStatus.RUNNING, reason=text, columns={"reason": text})
    await end_all(session, request, camp, (_S.COMPLETED,), _S.CHECKED_IN, frees=False)
    await settle_camp(session, request, camp, CampStatus.RUNNING)
    await camp_certificate.revoke(session, request, camp, reason=text)
    return key


@verb(
    "cancel_camp",
    "Cancels a camp, for a reason; all registrations end.",
    answers=OneThing("Camp"),
    callers=access.CAMP_KEEPERS,
    ids={"camp": "Camp"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def cancel(session: Transaction, request: Request, *, camp: uuid.UUID, version: int, reason: str) -> uuid.UUID:
    text = read_reason(reason)
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.CANCEL)
    await settle_camp(session, request, camp, CampStatus.RUNNING)
    await set_site_closed(session, held, request.now)
    key = await CAMPS.move(session, request, held, CampStatus.CANCELLED, reason=text, columns={"reason": text})
    await end_all(session, request, camp, (_S.WAITLISTED, _S.OFFERED, _S.REGISTERED), _S.CANCELLED, reason=text)
    await end_all(session, request, camp, (_S.CHECKED_IN,), _S.RELEASED, reason=text)
    for contingent in await session.rows(OPEN_CONTINGENTS, {"camp": camp}):
        await CONTINGENTS.move(
            session, request, contingent, ContingentStatus.RELEASED, reason=text, columns={"reason": text}
        )
    await session.rows(END_STAFF, {**request.parameters, "camp": camp})
    await end_staff(session, request, camp)
    return key


OPEN_CONTINGENTS = compile_statement(
    sa.select(Contingent)
    .where(
        Contingent.c.camp_id == sa.bindparam("camp", type_=sa.Uuid()),
        Contingent.c.status.in_(CONTINGENT.group("OPEN")),
    )
    .order_by(Contingent.c.id)
)
END_STAFF = compile_statement(
    sa.update(CampStaffMember)
    .where(CampStaffMember.c.camp_id == sa.bindparam("camp", type_=sa.Uuid()), CampStaffMember.c.ended_at.is_(None))
    .values(ended_at=access.NOW, version=CampStaffMember.c.version + 1, updated_at=access.NOW)
)
