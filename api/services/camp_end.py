"""The end of a camp: completing it, going on with it, cancelling it."""

import uuid

from api import access
from api.database.engine import Transaction
from api.models.camp import CampAction, CampStatus
from api.rules.code import ProblemCode
from api.services import camp_certificate
from api.services.camp import CAMPS, set_site_closed
from api.services.problem import read_reason
from api.services.request import Request
from api.services.verb import OneThing, verb


@verb(
    "complete_camp",
    "Ends a camp.",
    answers=OneThing("Camp"),
    callers=access.CAMP_RUNNERS,
    ids={"camp": "Camp"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def complete(session: Transaction, request: Request, *, camp: uuid.UUID, version: int) -> uuid.UUID:
    """What follows from the completion, as certificates, belongs here, after the move."""
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.COMPLETE)
    await set_site_closed(session, held, request.now)
    key = await CAMPS.move(session, request, held, CampStatus.COMPLETED)
    await camp_certificate.issue(session, request, held)
    return key


@verb(
    "reopen_camp",
    "Goes on with a completed camp, for a reason.",
    answers=OneThing("Camp"),
    callers=access.CAMP_KEEPERS,
    ids={"camp": "Camp"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def reopen(session: Transaction, request: Request, *, camp: uuid.UUID, version: int, reason: str) -> uuid.UUID:
    """What is undone with the completion, as certificates, belongs here, after the move."""
    text = read_reason(reason)
    held = await CAMPS.lock_for(session, request, camp, version, CampAction.REOPEN)
    await set_site_closed(session, held, None)
    key = await CAMPS.move(session, request, held, CampStatus.RUNNING, reason=text, columns={"reason": text})
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
    await set_site_closed(session, held, request.now)
    return await CAMPS.move(session, request, held, CampStatus.CANCELLED, reason=text, columns={"reason": text})
