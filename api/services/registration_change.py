"""What becomes of a registration: accepted, declined, cancelled, handed to somebody else, released."""

import uuid
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import CampRegistration
from api.models.camp_registration import CAMP_REGISTRATION, CampRegistrationAction, CampRegistrationStatus
from api.rules.camp import CAMP_RULES
from api.rules.code import ProblemCode
from api.rules.refusal import codes_of
from api.services.camp_days import commit_days, free_days
from api.services.camp_limit import read_limits
from api.services.camp_line import (
    REGISTRATIONS,
    broken_rules,
    lock_camp,
    update_line,
)
from api.services.change import check_status
from api.services.problem import Problem, Refused, broken_rule, input_path, not_found, read_reason
from api.services.registration import CODES, PERSON, enter, key_of, lock_people, place
from api.services.request import Request
from api.services.verb import OneThing, verb

_S = CampRegistrationStatus
IDS = {"camp_registration": "CampRegistration"}


@verb(
    "accept_place",
    "Accepts the place that is offered; the days are promised from then on.",
    answers=OneThing("CampRegistration"),
    callers=access.CAMP_REGISTRARS,
    ids=IDS,
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ORGANIZATION_NOT_VERIFIED, *codes_of(CAMP_RULES)),
    updates=True,
)
async def accept(session: Transaction, request: Request, *, camp_registration: uuid.UUID, version: int) -> uuid.UUID:
    found = await _find(session, request, camp_registration)
    await lock_camp(session, found.camp_id)
    await lock_people(session, [{"volunteer": found.volunteer_id}])
    held = await _lock(session, request, camp_registration, version, CampRegistrationAction.ACCEPT)
    broken = await broken_rules(session, request, held.id)
    if broken:
        raise Refused(*(broken_rule(row, "camp_registration") for row in broken))
    key = await REGISTRATIONS.move(session, request, held, _S.REGISTERED, columns={"offered_until": None})
    await commit_days(session, request, [held])
    return key


@verb(
    "decline_place",
    "Declines the place that is offered; it goes on to the next in the line.",
    answers=OneThing("CampRegistration"),
    callers=access.CAMP_REGISTRARS,
    ids=IDS,
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def decline(
    session: Transaction, request: Request, *, camp_registration: uuid.UUID, version: int, reason: str | None = None
) -> uuid.UUID:
    text = read_reason(reason)
    held = await lock_registration(session, request, camp_registration, version, CampRegistrationAction.DECLINE)
    return await _end(session, request, held, _S.CANCELLED, text)


@verb(
    "cancel_registration",
    "Cancels a registration; the place goes to the first in the line for whom everything allows it.",
    answers=OneThing("CampRegistration"),
    callers=access.CAMP_REGISTRARS,
    ids=IDS,
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def cancel(
    session: Transaction, request: Request, *, camp_registration: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    text = read_reason(reason)
    held = await lock_registration(session, request, camp_registration, version, CampRegistrationAction.CANCEL)
    return await _end(session, request, held, _S.CANCELLED, text)


@verb(
    "release_participant",
    "Sends a participant home before the end; the days that were spent at the camp remain promised.",
    answers=OneThing("CampRegistration"),
    callers=access.CAMP_RUNNERS,
    ids=IDS,
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def release(
    session: Transaction, request: Request, *, camp_registration: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    text = read_reason(reason)
    held = await lock_registration(session, request, camp_registration, version, CampRegistrationAction.RELEASE)
    return await _end(session, request, held, _S.RELEASED, text)


@verb(
    "replace_participant",
    "Gives the place of a registration to somebody else, who must fit into all limits.",
    answers=OneThing("CampRegistration"),
    callers=access.CAMP_REGISTRARS,
    ids={**IDS, **PERSON},
    codes=(*CODES, ProblemCode.CAMP_FULL, ProblemCode.CONTINGENT_FULL, ProblemCode.QUOTA_FULL),
    updates=True,
)
async def replace(
    session: Transaction,
    request: Request,
    *,
    camp_registration: uuid.UUID,
    version: int,
    reason: str,
    admission_reason: str | None = None,
    **person: Any,
) -> uuid.UUID:
    """The answer is the new registration; nobody who waits comes in between."""
    text = read_reason(reason)
    old = await _find(session, request, camp_registration)
    said = {"category": old.category_code, "admission_reason": admission_reason}
    entry, _ = await enter(session, request, old.camp_id, old.contingent_id, **said, is_replacement=True)
    await lock_people(session, [person])
    held = await _lock(session, request, camp_registration, version, CampRegistrationAction.CANCEL)
    check_status(held, (_S.OFFERED, _S.REGISTERED), "camp_registration")
    await _move(session, request, held, _S.CANCELLED, text)
    limits = await read_limits(session, request, held.camp_id)
    if entry.contingent is not None:
        # A contingent that takes no new names any more still has the place of this one.
        limits.contingents.setdefault(held.contingent_id, (0, 1))
    (result,) = await place(session, request, entry, limits, [person], must_fit=True, replaces_id=held.id)
    key = key_of(result)
    await update_line(session, request, held.camp_id)
    return key


async def lock_registration(
    session: Transaction, request: Request, key: uuid.UUID, version: int, action: CampRegistrationAction
) -> Row:
    """The registration, locked after its camp, for a move that must exist from the status as it reads now."""
    found = await _find(session, request, key)
    await lock_camp(session, found.camp_id)
    return await _lock(session, request, key, version, action)


async def _lock(
    session: Transaction, request: Request, key: uuid.UUID, version: int, action: CampRegistrationAction
) -> Row:
    move = CAMP_REGISTRATION.move(action)
    held = await REGISTRATIONS.lock(session, request, key, None, may=access.may_move(move))
    check_status(held, move.sources, "camp_registration")
    if held.version != version:
        raise Refused(Problem(ProblemCode.VERSION_CONFLICT, input_path("version"), {"version": held.version}))
    return held


async def _find(session: Transaction, request: Request, key: uuid.UUID) -> Row:
    found = await session.row(_found(request.actor.kind), {**request.parameters, "key": key})
    if found is None:
        raise not_found("camp_registration")
    return found


async def _end(
    session: Transaction, request: Request, held: Row, status: CampRegistrationStatus, reason: str | None
) -> uuid.UUID:
    key = await _move(session, request, held, status, reason)
    await update_line(session, request, held.camp_id)
    return key


async def _move(
    session: Transaction, request: Request, held: Row, status: CampRegistrationStatus, reason: str | None
) -> uuid.UUID:
    await free_days(session, request, [held.id], is_spent=status == _S.RELEASED)
    had_place = status == _S.CANCELLED and held.status == _S.REGISTERED
    columns = {"reason": reason, "offered_until": None, "had_place": had_place}
    change = {"camp": str(held.camp_id)}
    return await REGISTRATIONS.move(session, request, held, status, reason=reason, columns=columns, change=change)


@cache
def _found(kind: Kind) -> CompiledStatement:
    names = ("camp_id", "contingent_id", "category_code", "volunteer_id")
    return compile_statement(
        sa.select(*(CampRegistration.c[name] for name in names)).where(
            CampRegistration.c.id == sa.bindparam("key", type_=sa.Uuid()),
            access.sees_registration(kind, CampRegistration),
        )
    )
