"""Offering duties to many: to people who are named, and to the nearest who may, with one deadline."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Assignment, Need, Volunteer
from api.models.assignment_status import AssignmentStatus
from api.models.base import INSTANT, new_id
from api.rules.candidate import NEAREST_FIRST, candidates, tier_number
from api.rules.code import ProblemCode
from api.rules.pledge import members_of_holder
from api.rules.refusal import OFFER_RULES, codes_of
from api.rules.sending import NOT_YET_OFFERED
from api.services.duty import record_earlier
from api.services.feed import record, record_all
from api.services.frame import ItemResult
from api.services.offer import lock_need, read_period
from api.services.pledge import check_member, record_lapsed
from api.services.problem import Problem, Problems, broken_rule
from api.services.request import Request
from api.services.sending import broken_by_each, broken_rules, check_override, record_overrides, refuse_for_all
from api.services.verb import ResultPerItem, verb

MAX_PEOPLE = 1_000
TIERS = (1, 2, 3)

# Asked once for all, and of each person. That nobody is nearer is asked once for each tier, when the nearer ones have theirs.
OF_THE_NEED = tuple(rule for rule in OFFER_RULES if rule.uses_only_need)
OF_A_PERSON = tuple(rule for rule in OFFER_RULES if not rule.uses_only_need and rule is not NEAREST_FIRST)
POSITIONS = {code: position for position, code in enumerate(codes_of(OFFER_RULES))}


@dataclass(frozen=True, slots=True)
class Sending:
    """What is offered to everybody, and the exceptions that are made."""

    need: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    pledge: uuid.UUID | None
    expires_at: datetime | None
    overridden: frozenset[str]
    reason: str | None
    # The camp that is mobilized, and what the events say of it.
    camp: uuid.UUID | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)

    def to(self, people: Any) -> tuple[uuid.UUID, Any, datetime, datetime, uuid.UUID | None]:
        """As the rules are asked: of one person, or of several."""
        return self.need, people, self.starts_at, self.ends_at, self.pledge


@dataclass(slots=True)
class Results:
    """What has become of each person."""

    made: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    problems: dict[uuid.UUID, Sequence[Problem]] = field(default_factory=dict)

    def of(self, people: Iterable[uuid.UUID]) -> list[ItemResult]:
        """In the order of the people; who is named twice has got the offer already."""
        seen: set[uuid.UUID] = set()
        found = []
        for person in people:
            key = self.made.get(person)
            is_again = key is not None and person in seen
            again = [Problem(ProblemCode.ALREADY_OFFERED, fact={"assignment_id": key})] if is_again else []
            found.append(ItemResult(None if is_again else key, again or self.problems.get(person, ())))
            seen.add(person)
        return found


@verb(
    "offer_assignments",
    "Offers a duty to up to 1,000 volunteers: to those who are named, and to the nearest who may.",
    answers=ResultPerItem("Assignment", items="volunteers"),
    callers=access.SENDERS,
    ids={"need": "Need", "volunteers": "Volunteer", "pledge": "Pledge"},
    codes=(ProblemCode.NOT_OVERRIDABLE, ProblemCode.WRONG_STATUS, *codes_of(OFFER_RULES)),
)
async def offer_all(
    session: Transaction,
    request: Request,
    *,
    need: uuid.UUID,
    volunteers: Sequence[uuid.UUID],
    nearest: int | None = None,
    pledge: uuid.UUID | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    expires_at: datetime | None = None,
    override_rules: Sequence[str] | None = None,
    override_reason: str | None = None,
) -> list[ItemResult]:
    """A result for each who is named, in their order, then for the nearest; what one is refused for stops no other."""
    problems = Problems()
    wanted = await lock_need(session, request, problems, need, pledge)
    await record_lapsed(session, request, need=need)
    if pledge is not None:
        await check_member(session, request, problems, pledge, need=need, volunteer=None, must_be_open=True)
    reason = check_override(problems, override_rules or (), override_reason, may=wanted.may_override)
    starts, ends = read_period(problems, wanted, starts_at, ends_at, expires_at=expires_at, now=request.now)
    if (nearest or 0) < 0 or len(volunteers) + (nearest or 0) > MAX_PEOPLE:
        problems.invalid(
            "volunteers", indonesian="Paling banyak 1.000 orang.", english=f"At most {MAX_PEOPLE:,} people at once."
        )
    problems.refuse()
    sending = Sending(need, starts, ends, pledge, expires_at, frozenset(override_rules or ()), reason)
    if nearest and not volunteers:
        # No result could say why nobody is found.
        await refuse_for_all(session, request, sending.to(()), OF_THE_NEED, "nearest")
    people = [*volunteers, *await _nearest(session, request, sending, volunteers, nearest or 0)]
    return (await _offer(session, request, sending, people)).of(people)


async def _nearest(
    session: Transaction, request: Request, sending: Sending, named: Sequence[uuid.UUID], count: int
) -> list[uuid.UUID]:
    """Those whom the actor sees and who may be sent, the nearest first in each tier; under a pledge, members only."""
    found: list[uuid.UUID] = []
    for tier in TIERS:
        if len(found) < count:
            values = {"need": sending.need, "starts_at": sending.starts_at, "ends_at": sending.ends_at}
            values |= {"pledge": sending.pledge, "named": named, "count": count - len(found)}
            rows = await session.rows(_candidates(request.actor.kind, tier - 1), {**request.parameters, **values})
            found += [row.id for row in rows]
    return found


async def _offer(session: Transaction, request: Request, sending: Sending, people: Sequence[uuid.UUID]) -> Results:
    """Offers to all who may, the nearest tier first."""
    results = Results()
    seen = await lock_seen(session, request, sending, people)
    for person in people:
        if person not in seen:
            results.problems[person] = [Problem(ProblemCode.NOT_FOUND)]
        elif not seen[person].is_member:
            detail = (
                "Relawan bukan anggota organisasi yang berjanji.",
                "The volunteer is no member of the organization that holds the pledge.",
            )
            results.problems[person] = [Problem(ProblemCode.INVALID, detail=detail)]
    asked = [person for person in seen if person not in results.problems]
    of_each = await broken_by_each(session, request, sending.to(asked), OF_A_PERSON)
    of_need = await broken_rules(session, request, sending.to(asked[0]), OF_THE_NEED) if asked else ()
    for tier in TIERS:
        own = [person for person in asked if seen[person].tier == tier]
        if own:
            nearer = await broken_rules(session, request, sending.to(own[0]), (NEAREST_FIRST,))
            broken = {person: in_order(of_need, of_each.get(person, ()), nearer) for person in own}
            await offer_to(session, request, sending, broken, results)
    return results


async def lock_seen(
    session: Transaction, request: Request, sending: Sending, people: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Row]:
    """Those of the people whom the actor sees, locked; their earlier offers of the need that have lapsed are recorded."""
    parameters = {**request.parameters, "need": sending.need, "volunteers": people, "pledge": sending.pledge}
    seen = {row.id: row for row in await session.rows(_seen(request.actor.kind), parameters)}
    await session.lock_all(Volunteer, [*seen])
    await record_earlier(session, request, sending.need, [*seen])
    return seen


def in_order(*broken: Sequence[Row]) -> list[Row]:
    """In the order of the rules."""
    rows = (row for each in broken for row in each)
    return sorted(rows, key=lambda row: POSITIONS[ProblemCode[row.code]])


async def offer_to(
    session: Transaction, request: Request, sending: Sending, broken: Mapping[uuid.UUID, list[Row]], results: Results
) -> None:
    """Offers to those of whom no rule is broken, or only such that are overridden."""
    chosen = []
    for person, rows in broken.items():
        refused = [row for row in rows if not (row.overridable and row.code in sending.overridden)]
        if refused:
            results.problems[person] = [broken_rule(row) for row in refused]
        else:
            chosen.append(person)
    keys = {person: new_id() for person in chosen}
    offers = [_row(sending, person, key) for person, key in keys.items()]
    made = await session.insert_all(Assignment, offers, sorted_by="volunteer_id")
    offered = {person: key for person, key in keys.items() if key in made}
    results.made |= offered
    await _refuse_offered(session, request, sending, [person for person in chosen if person not in offered], results)
    await _record(session, request, sending, {person: broken[person] for person in offered}, offered)


async def _refuse_offered(
    session: Transaction, request: Request, sending: Sending, people: Sequence[uuid.UUID], results: Results
) -> None:
    """Tells of whom the database says that they have such an offer, though nobody had it when the rules were asked."""
    if people:
        found = await broken_by_each(session, request, sending.to(people), (NOT_YET_OFFERED,))
        results.problems |= {person: [broken_rule(row) for row in rows] for person, rows in found.items()}


def _row(sending: Sending, person: uuid.UUID, key: uuid.UUID) -> dict[str, Any]:
    return {
        "id": key,
        "need_id": sending.need,
        "volunteer_id": person,
        "pledge_id": sending.pledge,
        "camp_id": sending.camp,
        "status": AssignmentStatus.OFFERED,
        "starts_at": sending.starts_at,
        "ends_at": sending.ends_at,
        "expires_at": sending.expires_at,
    }


async def _record(
    session: Transaction,
    request: Request,
    sending: Sending,
    broken: Mapping[uuid.UUID, list[Row]],
    keys: Mapping[uuid.UUID, uuid.UUID],
) -> None:
    """The events of the offers, and the exceptions that were made for them."""
    changes: dict[uuid.UUID, dict[str, Any]] = {}
    for person, rows in broken.items():
        codes = [row.code for row in rows]
        named = {"need": str(sending.need), "volunteer": str(person)}
        changes[person] = {"status": AssignmentStatus.OFFERED, **named, **sending.origin, "overridden": codes}
    ordinary = [(keys[person], change) for person, change in changes.items() if not broken[person]]
    await record_all(session, request, "assignment.offered", "Assignment", ordinary)
    for person, rows in broken.items():
        if rows:
            await record_overrides(session, request, keys[person], rows, sending.reason)
            subject = ("Assignment", keys[person])
            await record(
                session, request, "assignment.offered", subject=subject, change=changes[person], reason=sending.reason
            )


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


def _ids(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=ARRAY(sa.Uuid()))


def _is_member(person: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a person is a member of the organization that holds the pledge, if one is named."""
    return sa.or_(_id("pledge").is_(None), person.c.id.in_(members_of_holder(_id("pledge"))))


@cache
def _seen(kind: Kind) -> CompiledStatement:
    """Those of the people whom the actor sees, with their tier."""
    return compile_statement(
        sa.select(Volunteer.c.id, tier_number(Volunteer, Need).label("tier"), _is_member(Volunteer).label("is_member"))
        .select_from(Volunteer.join(Need, sa.true()))
        .where(
            Need.c.id == _id("need"),
            Volunteer.c.id == sa.any_(_ids("volunteers")),
            access.sees_volunteer(kind, Volunteer),
        )
    )


@cache
def _candidates(kind: Kind, tier_index: int) -> CompiledStatement:
    """The nearest of one tier whom the actor sees, who may be sent and are not named.

    They are limited beside the need, where their order is known, so that no others are asked every rule.
    """
    starts, ends = (sa.bindparam(name, type_=INSTANT) for name in ("starts_at", "ends_at"))
    found = candidates(tier_index, Need, starts, ends, now=access.NOW, pledge=_id("pledge")).lateral()
    nearest = (
        sa.select(found.c.id, found.c.chord)
        .where(found.c.id != sa.all_(_ids("named")), access.sees_volunteer(kind, found))
        .order_by(found.c.chord, found.c.id)
        .limit(sa.bindparam("count", type_=sa.Integer()))
        .correlate(Need)
        .lateral()
    )
    return compile_statement(
        sa.select(nearest.c.id)
        .select_from(Need.join(nearest, sa.true()))
        .where(Need.c.id == _id("need"))
        .order_by(nearest.c.chord, nearest.c.id)
    )
