"""The end of a camp: completing it, going on with it, cancelling it."""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import CampStaffMember, Contingent
from api.models.camp import CampAction, CampStatus
from api.models.camp_registration import CampRegistrationStatus
from api.models.contingent import CONTINGENT, ContingentStatus
from api.rules.code import ProblemCode
from api.services import camp_certificate
from api.services.camp import CAMPS, set_site_closed
from api.services.camp_days import cut_days, resume_days
from api.services.camp_line import CONTINGENTS, end_all
from api.services.camp_staff import end_members
from api.services.problem import read_reason
from api.services.request import Request
from api.services.scan_settlement import settle_camp
from api.services.verb import OneThing, verb

_S = CampRegistrationStatus
PROMISED = "Sejak kemah selesai, hari-harinya dijanjikan untuk hal lain."


@verb(
    "complete_camp",
    "Ends a camp: who came has completed it, who did not is a no-show, whose offers and waiting end. Certificates are given by its rule.",
    answers=OneThing("Camp"),
    callers=access.CAMP_RUNNERS,
    ids={"camp": "Camp"},
    codes=(
        *(ProblemCode.WRONG_STATUS, ProblemCode.ISSUER_NOT_AGREED),
        *(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.TYPE_NOT_ISSUED),
    ),
    updates=True,
)
async def complete(
    session: Transaction, request: Request, *, camp: uuid.UUID, version: int, without_certificates: bool
) -> uuid.UUID:
    """By the scan log, in which there may be entries of people who got their place afterwards.

    Refused where somebody has met the rule and the issuer cannot give the certificate, unless that is accepted.
    """
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.COMPLETE)
    contingents = await _lock_contingents(session, request, camp)
    await camp_certificate.lock_holders(session, camp)
    await settle_camp(session, request, held)
    key = await _end(session, request, held, CampStatus.COMPLETED)
    await end_all(session, request, camp, (_S.WAITLISTED, _S.OFFERED), _S.EXPIRED)
    await end_all(session, request, camp, (_S.REGISTERED,), _S.NO_SHOW)
    await end_all(session, request, camp, (_S.CHECKED_IN,), _S.COMPLETED, frees=False)
    await cut_days(session, camp)
    await _end_contingents(session, request, contingents, named=ContingentStatus.NAMED, reason=None)
    await camp_certificate.issue(session, request, held, is_optional=without_certificates)
    return key


@verb(
    "reopen_camp",
    "Goes on with a completed camp, for a reason; who came is there again unless the days were promised elsewhere since, and the "
    "certificates that it gave are revoked.",
    answers=OneThing("Camp"),
    callers=access.CAMP_KEEPERS,
    ids={"camp": "Camp"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def reopen(session: Transaction, request: Request, *, camp: uuid.UUID, version: int, reason: str) -> uuid.UUID:
    text = read_reason(reason)
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.REOPEN)
    await camp_certificate.lock_holders(session, camp)
    await set_site_closed(session, held, None)
    columns = {"reason": text, "ended_at": None}
    key = await CAMPS.move(session, request, held, CampStatus.RUNNING, reason=text, columns=columns)
    await _resume(session, request, camp)
    await settle_camp(session, request, held, CampStatus.RUNNING)
    await camp_certificate.revoke(session, request, camp, reason=text)
    return key


async def _resume(session: Transaction, request: Request, camp: uuid.UUID) -> None:
    """Who came is there again; whose days were promised elsewhere since has left, and works there no more."""
    taken = await resume_days(session, request, camp)
    people = {row.registration_id for row in taken} - {None}
    await end_all(session, request, camp, (_S.COMPLETED,), _S.RELEASED, reason=PROMISED, only=people, frees=False)
    await end_all(session, request, camp, (_S.COMPLETED,), _S.CHECKED_IN, frees=False)
    await end_members(session, request, camp, [row.staff_member_id for row in taken if row.staff_member_id])


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
    """An entry of somebody who had a place may still arrive."""
    text = read_reason(reason)
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.CANCEL)
    contingents = await _lock_contingents(session, request, camp)
    await settle_camp(session, request, held)
    key = await _end(session, request, held, CampStatus.CANCELLED, text)
    await end_all(session, request, camp, (_S.WAITLISTED, _S.OFFERED), _S.CANCELLED, reason=text)
    had_place = {"had_place": True}
    await end_all(session, request, camp, (_S.REGISTERED,), _S.CANCELLED, reason=text, columns=had_place)
    await end_all(session, request, camp, (_S.CHECKED_IN,), _S.RELEASED, reason=text)
    await _end_contingents(session, request, contingents, named=ContingentStatus.RELEASED, reason=text)
    members = [row.id for row in await session.rows(STAFF, {"camp": camp})]
    await end_members(session, request, camp, members)
    return key


async def _end(
    session: Transaction, request: Request, camp: Row, status: CampStatus, reason: str | None = None
) -> uuid.UUID:
    now = request.now
    await set_site_closed(session, camp, now)
    columns = {"ended_at": now, **({"reason": reason} if reason else {})}
    return await CAMPS.move(session, request, camp, status, reason=reason, columns=columns)


async def _lock_contingents(session: Transaction, request: Request, camp: uuid.UUID) -> Sequence[Row]:
    """The open contingents, locked before the people of the camp."""
    return await session.rows(OPEN_CONTINGENTS, {**request.parameters, "camp": camp})


async def _end_contingents(
    session: Transaction, request: Request, contingents: Sequence[Row], *, named: ContingentStatus, reason: str | None
) -> None:
    """Contingents that were allotted are `named` from then on, unless they lapsed before; the others are released."""
    for held in contingents:
        if held.current_status == ContingentStatus.NAMED:
            await CONTINGENTS.move(session, request, held, held.current_status, lapsed_at=held.names_due_at)
            continue
        status = named if held.status == ContingentStatus.ALLOTTED else ContingentStatus.RELEASED
        await CONTINGENTS.move(session, request, held, status, reason=reason, columns={"reason": reason})


_CAMP: sa.BindParameter[uuid.UUID] = sa.bindparam("camp", type_=sa.Uuid())
OPEN_CONTINGENTS = compile_statement(
    sa.select(Contingent, CONTINGENT.current(Contingent, access.NOW).label("current_status"))
    .where(Contingent.c.camp_id == _CAMP, Contingent.c.status.in_(CONTINGENT.group("OPEN")))
    .order_by(Contingent.c.id)
    .with_for_update(key_share=True, of=Contingent)
)
STAFF = compile_statement(
    sa.select(CampStaffMember.c.id)
    .where(CampStaffMember.c.camp_id == _CAMP, CampStaffMember.c.ended_at.is_(None))
    .order_by(CampStaffMember.c.id)
)
