"""The waiting line of a camp: what lapsed is recorded, and what is free goes to the first for whom everything allows it.

All of this happens under the lock of the camp, in the transaction of the change that freed a place.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Camp, CampRegistration, Contingent, Volunteer
from api.models.camp import CAMP
from api.models.camp_registration import CAMP_REGISTRATION, CampRegistrationStatus
from api.models.contingent import CONTINGENT, ContingentStatus
from api.rules.camp import CAMP_RULES, SENT_BY_VERIFIED, case_of_camp
from api.rules.fact import FACT_TYPES
from api.rules.refusal import refusals
from api.services.camp_days import commit_days, free_days
from api.services.camp_limit import Limits, read_limits
from api.services.change import Changeable
from api.services.feed import record_all
from api.services.request import Request

REGISTRATIONS = Changeable(CampRegistration, access.sees_registration, CAMP_REGISTRATION)
CONTINGENTS = Changeable(Contingent, access.sees_contingent, CONTINGENT)
# Of those who wait, so many are asked at once whether they lack anything.
BATCH = 50
# For each free place; most often the first of them may come.
ASKED_PER_PLACE = 4


async def update_line(session: Transaction, request: Request, camp: uuid.UUID) -> Limits:
    """Records what has lapsed at a locked camp, and gives what is free to who waits. The limits as they are then."""
    await _record_unanswered(session, request, camp)
    await _record_named(session, request, camp)
    limits = await read_limits(session, request, camp)
    (held,) = await session.rows(CAMP_ROW, {"camp": camp})
    if limits.has_room and held.status in CAMP.group("TAKING") and held.ends_at > request.now:
        await _promote(session, request, held, limits)
    return limits


async def _record_unanswered(session: Transaction, request: Request, camp: uuid.UUID) -> None:
    """Offers whose time to answer is over."""
    rows = await session.rows(UNANSWERED, {**request.parameters, "camp": camp})
    await move_all(
        session, request, rows, CampRegistrationStatus.EXPIRED, lapsed={row.id: row.offered_until for row in rows}
    )


async def _record_named(session: Transaction, request: Request, camp: uuid.UUID) -> None:
    """Contingents whose names were due; who waits for one of their places waits for any from then on."""
    for row in await session.rows(NAMES_DUE, {**request.parameters, "camp": camp}):
        await CONTINGENTS.move(session, request, row, ContingentStatus.NAMED, lapsed_at=row.names_due_at)
        await session.rows(LEAVE_CONTINGENT, {"contingent": row.id})


async def _promote(session: Transaction, request: Request, camp: Row, limits: Limits) -> None:
    """In the order of the numbers; who is passed over keeps the number."""
    waiting: Sequence[Row] = await session.rows(WAITING, {**request.parameters, "camp": camp.id})
    chosen: list[Row] = []
    while waiting and limits.has_room:
        batch = [each for each in waiting if _has_room(limits, each)][
            : min(BATCH, ASKED_PER_PLACE * max(limits.free, 1))
        ]
        if not batch:
            break
        lacking = await _lacking(session, request, [each.id for each in batch])
        for each in batch:
            if each.id not in lacking and _has_room(limits, each):
                _take(limits, each)
                chosen.append(each)
        waiting = [each for each in waiting if each.number > batch[-1].number]
    await _give(session, request, camp, chosen)


def _has_room(limits: Limits, waiting: Row) -> bool:
    """Whether a registration that waits, or all of a contingent that does, has room."""
    return limits.free >= waiting.places if waiting.places else limits.problem(waiting) is None


def _take(limits: Limits, waiting: Row) -> None:
    if waiting.places:
        limits.taken += waiting.places
        limits.contingents[waiting.id] = (0, waiting.places)
    else:
        limits.take(waiting)


async def _lacking(session: Transaction, request: Request, keys: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Of registrations, those whose person is not free or lacks what the camp asks for."""
    rows = await session.rows(_lacking_of(request.actor.kind), {**request.parameters, "keys": [*keys]})
    return {row.id for row in rows}


async def broken_rules(session: Transaction, request: Request, key: uuid.UUID) -> list[Row]:
    """The rules of the camp that the person of a registration breaks and nobody waived, with their facts."""
    return await session.rows(_lacking_of(request.actor.kind), {**request.parameters, "keys": [key]})


async def _give(session: Transaction, request: Request, camp: Row, chosen: Sequence[Row]) -> None:
    """From the hour of offers on a place is offered, not given."""
    for row in chosen:
        if row.places:
            (held,) = await session.rows(CONTINGENT_ROW, {"contingent": row.id})
            await CONTINGENTS.move(session, request, held, ContingentStatus.ALLOTTED)
    people = [row for row in chosen if not row.places]
    now = request.now
    if camp.offers_from is not None and camp.offers_from <= now:
        until = min(now + timedelta(hours=camp.offer_hours), camp.ends_at)
        await move_all(session, request, people, CampRegistrationStatus.OFFERED, columns={"offered_until": until})
        return
    await move_all(session, request, people, CampRegistrationStatus.REGISTERED)
    await commit_days(session, request, people)


async def move_all(
    session: Transaction,
    request: Request,
    rows: Sequence[Row],
    status: CampRegistrationStatus,
    *,
    reason: str | None = None,
    columns: Mapping[str, Any] | None = None,
    lapsed: Mapping[uuid.UUID, Any] | None = None,
) -> None:
    """Sets the status of registrations of a locked camp, with an event for each; `lapsed`: the clock did it then."""
    if not rows:
        return
    by_time = lapsed is not None
    for row in rows:
        REGISTRATIONS.check_step(request, row, status, by_time=by_time)
    values = {"offered_until": None, "had_place": False, **(columns or {}), "status": status, "now": request.now}
    await session.rows(MOVE, {**values, "reason": reason, "keys": [row.id for row in rows]})
    changes = [(row.id, {"status": status, "from": row.status, "camp": str(row.camp_id)}) for row in rows]
    kind = f"camp_registration.{status.lower()}"
    await record_all(session, request, kind, "CampRegistration", changes, reason=reason, effective_at=lapsed)


async def end_all(
    session: Transaction,
    request: Request,
    camp: uuid.UUID,
    sources: Sequence[CampRegistrationStatus],
    status: CampRegistrationStatus,
    *,
    reason: str | None = None,
    columns: Mapping[str, Any] | None = None,
    only: Collection[uuid.UUID] | None = None,
    frees: bool = True,
) -> None:
    """Moves all registrations of a locked camp that stand so, or `only` these of them.

    `frees`: their time is free again, but for what was spent.
    """
    standing = await session.rows(STANDING, {"camp": camp, "statuses": [*sources]})
    rows = [row for row in standing if only is None or row.id in only]
    if frees:
        is_spent = status == CampRegistrationStatus.RELEASED
        await free_days(session, request, [row.id for row in rows], is_spent=is_spent)
    await move_all(session, request, rows, status, reason=reason, columns=columns)


async def next_number(session: Transaction, camp: uuid.UUID, count: int = 1) -> int:
    """Takes so many numbers of the line of a locked camp; the first of them."""
    last: int = await session.value(NUMBER, {"camp": camp, "count": count})
    return last - count + 1


async def lock_camp(session: Transaction, camp: uuid.UUID) -> Row | None:
    """The camp, locked; under this lock its places are counted and given."""
    return await session.row(LOCK_CAMP, {"camp": camp})


_CAMP: sa.BindParameter[uuid.UUID] = sa.bindparam("camp", type_=sa.Uuid())
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", type_=ARRAY(sa.Uuid()))
_CONTINGENT: sa.BindParameter[uuid.UUID] = sa.bindparam("contingent", type_=sa.Uuid())
LOCK_CAMP = compile_statement(
    sa.select(Camp, Camp.c.status.label("current_status")).where(Camp.c.id == _CAMP).with_for_update(key_share=True)
)
CAMP_ROW = compile_statement(sa.select(Camp).where(Camp.c.id == _CAMP))
CONTINGENT_ROW = compile_statement(sa.select(Contingent).where(Contingent.c.id == _CONTINGENT))
UNANSWERED = compile_statement(
    sa.select(CampRegistration)
    .where(CampRegistration.c.camp_id == _CAMP, CAMP_REGISTRATION.has_lapsed(CampRegistration, access.NOW))
    .order_by(CampRegistration.c.number)
)
NAMES_DUE = compile_statement(
    sa.select(Contingent)
    .where(Contingent.c.camp_id == _CAMP, CONTINGENT.has_lapsed(Contingent, access.NOW))
    .order_by(Contingent.c.id)
)
STANDING = compile_statement(
    sa.select(CampRegistration)
    .where(
        CampRegistration.c.camp_id == _CAMP,
        CampRegistration.c.status == sa.any_(sa.bindparam("statuses", type_=ARRAY(sa.Text()))),
    )
    .order_by(CampRegistration.c.number)
)
LEAVE_CONTINGENT = compile_statement(
    sa.update(CampRegistration)
    .where(
        CampRegistration.c.contingent_id == _CONTINGENT,
        CampRegistration.c.status == CampRegistrationStatus.WAITLISTED,
    )
    .values(contingent_id=None)
)
_SEAT = ("id", "camp_id", "volunteer_id", "contingent_id", "organization_id", "kabupaten_code", "category_code", "sex")


def _waiting() -> sa.CompoundSelect[Any]:
    """Registrations, and contingents that may be given their places, the latter with them, by their numbers in the line."""
    of_person = sa.select(
        *(CampRegistration.c[name] for name in _SEAT),
        CampRegistration.c.status,
        CampRegistration.c.number,
        sa.literal_column("0", sa.Integer).label("places"),
    ).where(CampRegistration.c.camp_id == _CAMP, CampRegistration.c.status == CampRegistrationStatus.WAITLISTED)
    of_contingent = sa.select(
        *(Contingent.c[name] if name in Contingent.c else sa.null() for name in _SEAT),
        Contingent.c.status,
        Contingent.c.number,
        Contingent.c.places,
    ).where(
        Contingent.c.camp_id == _CAMP,
        Contingent.c.status == ContingentStatus.WAITLISTED,
        # Places that nobody could be named for: when names are due is past, or the organization does not stand.
        sa.or_(Contingent.c.names_due_at.is_(None), Contingent.c.names_due_at > access.NOW),
        SENT_BY_VERIFIED.holds(case_of_camp(Contingent, Camp, access.NOW)),
    )
    return sa.union_all(of_person, of_contingent).order_by("number")


WAITING = compile_statement(_waiting())


@cache
def _lacking_of(kind: Kind) -> CompiledStatement:
    """Of the registrations, those for which a rule does not hold, of the person or the organization, that nobody waived."""
    of_camp = CampRegistration.join(Camp, Camp.c.id == CampRegistration.c.camp_id)
    of_person = refusals(kind, case_of_camp(Volunteer, Camp, access.NOW), CAMP_RULES).lateral()
    of_organization = refusals(kind, case_of_camp(CampRegistration, Camp, access.NOW), (SENT_BY_VERIFIED,)).lateral()
    people = of_camp.join(Volunteer, Volunteer.c.id == CampRegistration.c.volunteer_id)
    return compile_statement(
        sa.union_all(
            *(
                sa.select(CampRegistration.c.id, found.c.code, *(found.c[name] for name in FACT_TYPES))
                .select_from(source.join(found, sa.true()))
                .where(
                    CampRegistration.c.id == sa.any_(_KEYS),
                    ~sa.and_(found.c.overridable, CampRegistration.c.admission_reason.is_not(None)),
                )
                for source, found in ((people, of_person), (of_camp, of_organization))
            )
        )
    )


MOVE = compile_statement(
    sa.update(CampRegistration)
    .where(CampRegistration.c.id == sa.any_(_KEYS))
    .values(
        status=sa.bindparam("status", type_=CampRegistration.c.status.type),
        offered_until=sa.bindparam("offered_until", type_=CampRegistration.c.offered_until.type),
        had_place=sa.bindparam("had_place", type_=sa.Boolean()),
        reason=sa.bindparam("reason", type_=sa.Text()),
        version=CampRegistration.c.version + 1,
        updated_at=access.NOW,
    )
)


NUMBER = compile_statement(
    sa.update(Camp)
    .where(Camp.c.id == _CAMP)
    .values(last_number=Camp.c.last_number + sa.bindparam("count", type_=sa.Integer()))
    .returning(Camp.c.last_number)
)
