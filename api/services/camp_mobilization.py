"""A camp as a force: duties for those who are inside a running camp; who accepts one leaves the camp for it."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Camp, CampRegistration, Commitment, Kabupaten, Need
from api.models.base import INSTANT
from api.models.camp import CampStatus
from api.models.camp_registration import CampRegistrationStatus
from api.rules.candidate import NEAREST_FIRST, chord, kilometres, on_globe, tier_number
from api.rules.code import ProblemCode
from api.rules.presence import is_inside
from api.rules.refusal import OFFER_RULES, codes_of
from api.services.bulk_offer import (
    MAX_PEOPLE,
    OF_A_PERSON,
    OF_THE_NEED,
    Results,
    Sending,
    in_order,
    lock_seen,
    offer_to,
)
from api.services.camp import CAMPS
from api.services.camp_days import free_days
from api.services.camp_line import REGISTRATIONS
from api.services.change import check_status
from api.services.frame import ItemResult
from api.services.offer import lock_need, read_period
from api.services.pledge import record_lapsed
from api.services.problem import Problem, Problems
from api.services.request import Request
from api.services.sending import broken_by_each, broken_rules, check_override, refuse_for_all
from api.services.verb import ResultPerItem, verb

REASON = "Dimobilisasi dari kemah."
# Nobody nearer stands in the way of a camp that is mobilized.
MOBILIZATION_RULES = tuple(rule for rule in OFFER_RULES if rule is not NEAREST_FIRST)


@verb(
    "mobilize_camp",
    "Offers a duty to up to 1,000 participants who are inside a running camp; who accepts it leaves the camp.",
    answers=ResultPerItem("Assignment", items="volunteers"),
    callers=access.CAMP_MOBILIZERS,
    ids={"camp": "Camp", "need": "Need", "volunteers": "Volunteer"},
    codes=(
        *(ProblemCode.WRONG_STATUS, ProblemCode.NOT_INSIDE, ProblemCode.NOT_OVERRIDABLE),
        *codes_of(MOBILIZATION_RULES),
    ),
)
async def mobilize(
    session: Transaction,
    request: Request,
    *,
    camp: uuid.UUID,
    need: uuid.UUID,
    volunteers: Sequence[uuid.UUID],
    further: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    expires_at: datetime | None = None,
    override_rules: Sequence[str] | None = None,
    override_reason: str | None = None,
) -> list[ItemResult]:
    """A result for each who is named, in their order, then for those further; what one is refused for stops no other."""
    problems = Problems()
    wanted = await lock_need(session, request, problems, need, None)
    held = await CAMPS.lock(session, request, camp, None, may=access.mobilizes_camp)
    check_status(held, (CampStatus.RUNNING,), "camp")
    await record_lapsed(session, request, need=need)
    reason = check_override(problems, override_rules or (), override_reason)
    starts, ends = read_period(problems, wanted, starts_at, ends_at, expires_at=expires_at, now=request.now)
    if (further or 0) < 0 or len(volunteers) + (further or 0) > MAX_PEOPLE:
        problems.invalid(
            "volunteers", indonesian="Paling banyak 1.000 orang.", english=f"At most {MAX_PEOPLE:,} people at once."
        )
    problems.refuse()
    origin = await _origin(session, camp=camp, need=need)
    sending = Sending(need, starts, ends, None, expires_at, frozenset(override_rules or ()), reason, camp, origin)
    if further and not volunteers:
        # No result could say why nobody is found.
        await refuse_for_all(session, request, sending.to(()), OF_THE_NEED, "further")
    return await _offer(session, request, sending, volunteers, further or 0)


async def _origin(session: Transaction, *, camp: uuid.UUID, need: uuid.UUID) -> dict[str, Any]:
    """The camp, and the tier and distance of its kabupaten from the need: those of everybody who comes from it."""
    (row,) = await session.rows(ORIGIN, {"camp": camp, "need": need})
    return {"camp": str(camp), "tier": row.tier, "kilometres": round(row.kilometres, 1)}


async def _offer(
    session: Transaction, request: Request, sending: Sending, named: Sequence[uuid.UUID], further: int
) -> list[ItemResult]:
    """Offers to those who are named and inside, and to the first of the others inside who break no rule."""
    inside = {row.volunteer_id: row.id for row in await session.rows(INSIDE, {"camp": sending.camp})}
    others = [person for person in inside if person not in named] if further else []
    seen = await lock_seen(session, request, sending, [*named, *others])
    results = Results()
    for person in named:
        if person not in seen or person not in inside:
            code = ProblemCode.NOT_INSIDE if person in seen else ProblemCode.NOT_FOUND
            results.problems[person] = [Problem(code)]
    asked = [person for person in (*named, *others) if person in seen and person in inside]
    broken = await _broken(session, request, sending, {person: inside[person] for person in asked})
    chosen = [person for person in others if person in broken and not broken[person]][:further]
    people = [*named, *chosen]
    await offer_to(session, request, sending, {each: broken[each] for each in people if each in broken}, results)
    return results.of(people)


async def _broken(
    session: Transaction, request: Request, sending: Sending, registrations: Mapping[uuid.UUID, uuid.UUID]
) -> dict[uuid.UUID, list[Row]]:
    """The rules that each of the people breaks once they have left the camp."""
    people = [*registrations]
    if not people:
        return {}
    # They leave when the duty begins at the latest.
    leaving = request.at(min(request.now, sending.starts_at))
    savepoint = session.connection.transaction()
    await savepoint.start()
    try:
        await free_days(session, leaving, [*registrations.values()], is_spent=True)
        of_each = await broken_by_each(session, request, sending.to(people), OF_A_PERSON)
        of_need = await broken_rules(session, request, sending.to(people[0]), OF_THE_NEED)
    finally:
        await savepoint.rollback()
    return {person: in_order(of_need, of_each.get(person, ())) for person in people}


async def leave_camp(session: Transaction, request: Request, offer: Row, starts: datetime) -> None:
    """Releases the volunteer from the locked camp that a locked offer comes from, where its days clash with the duty.

    `starts` is the instant from which the volunteer serves. The place at the camp is not filled again.
    """
    if offer.camp_id is None:
        return
    names = {"camp": offer.camp_id, "volunteer": offer.volunteer_id, "starts": starts, "ends": offer.ends_at}
    stay = await session.row(STAY, names)
    if stay is not None:
        await free_days(session, request, [stay.id], is_spent=True)
        columns = {"reason": REASON, "is_mobilized": True}
        change = {"camp": str(offer.camp_id), "assignment": str(offer.id)}
        status = CampRegistrationStatus.RELEASED
        await REGISTRATIONS.move(session, request, stay, status, reason=REASON, columns=columns, change=change)


_IS_THERE = sa.and_(
    CampRegistration.c.camp_id == sa.bindparam("camp", type_=sa.Uuid()),
    CampRegistration.c.status == CampRegistrationStatus.CHECKED_IN,
)
INSIDE = compile_statement(
    sa.select(CampRegistration.c.id, CampRegistration.c.volunteer_id)
    .where(
        _IS_THERE,
        CampRegistration.c.volunteer_id.is_not(None),
        is_inside(CampRegistration.c.camp_id, CampRegistration.c.volunteer_id),
    )
    .order_by(CampRegistration.c.number)
)
_seat = (
    sa.select(Camp.c.kabupaten_code, Kabupaten.c.province_code, Kabupaten.c.latitude, Kabupaten.c.longitude)
    .join(Kabupaten, Kabupaten.c.code == Camp.c.kabupaten_code)
    .where(Camp.c.id == sa.bindparam("camp", type_=sa.Uuid()))
    .subquery()
)
ORIGIN = compile_statement(
    sa.select(
        tier_number(_seat, Need).label("tier"),
        kilometres(chord(on_globe(_seat), on_globe(Need))).label("kilometres"),
    )
    .select_from(Need.join(_seat, sa.true()))
    .where(Need.c.id == sa.bindparam("need", type_=sa.Uuid()))
)
_DUTY = sa.func.tstzrange(sa.bindparam("starts", type_=INSTANT), sa.bindparam("ends", type_=INSTANT))
STAY = compile_statement(
    sa.select(CampRegistration)
    .join(Commitment, Commitment.c.registration_id == CampRegistration.c.id)
    .where(
        _IS_THERE,
        CampRegistration.c.volunteer_id == sa.bindparam("volunteer", type_=sa.Uuid()),
        Commitment.c.period.op("&&", is_comparison=True)(_DUTY),
    )
    .with_for_update(key_share=True, of=CampRegistration)
)
