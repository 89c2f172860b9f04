"""Promises of organizations towards needs: making them, and what locks and ends them."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import asyncpg
import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import GoodsNeed, Incident, Membership, Need, Organization, Pledge
from api.models.base import new_id
from api.models.day import local_day
from api.models.incident import INCIDENT
from api.models.pledge import PLEDGE, PledgeStatus, lapsed_at
from api.rules.code import ProblemCode
from api.rules.place import places_wanted
from api.rules.pledge import places_held
from api.services.change import Changeable, check_status
from api.services.feed import record
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.standing import check_verified, rely_on
from api.services.verb import OneThing, verb

PLEDGES = Changeable(Pledge, access.sees_pledge, PLEDGE)


@verb(
    "make_pledge",
    "Promises people for the whole period of a need, or goods.",
    answers=OneThing("Pledge"),
    callers=access.MANAGERS,
    ids={"need": "Need", "goods_need": "GoodsNeed", "organization": "Organization"},
    codes=(
        *(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.NEED_CLOSED),
        *(ProblemCode.PERIOD_PAST, ProblemCode.NEED_PLEDGED),
    ),
    conflicts={"places_of_need": Problem(ProblemCode.NEED_PLEDGED, input_path("quantity"))},
)
async def make(
    session: Transaction,
    request: Request,
    *,
    organization: uuid.UUID,
    quantity: int,
    need: uuid.UUID | None = None,
    goods_need: uuid.UUID | None = None,
    deadline: datetime | None = None,
) -> uuid.UUID:
    problems = Problems()
    if (need is None) == (goods_need is None):
        problems.invalid("need", indonesian="Sebutkan satu kebutuhan.", english="Name one need, of people or of goods.")
    if quantity < 1:
        problems.invalid("quantity", indonesian="Sedikitnya satu.", english="At least one.")
    await check_verified(session, request, problems, organization)
    problems.refuse()
    wanted = await _lock_need(session, request, need, goods_need, deadline=deadline)
    await record_lapsed(session, request, need=need, goods_need=goods_need)
    await _check_room(session, request, wanted, quantity)

    key = new_id()
    await session.insert(
        Pledge,
        id=key,
        need_id=need,
        goods_need_id=goods_need,
        organization_id=organization,
        quantity=quantity,
        status=PledgeStatus.OPEN,
        deadline=deadline,
    )
    await _count_goods(session, goods_need, quantity)
    change = {"status": PledgeStatus.OPEN, **_named(wanted), "organization": str(organization), "quantity": quantity}
    await record(session, request, "pledge.made", subject=("Pledge", key), change=change)
    return key


async def _lock_need(
    session: Transaction,
    request: Request,
    need: uuid.UUID | None,
    goods_need: uuid.UUID | None,
    *,
    deadline: datetime | None,
) -> Row:
    """The incident, shared, and then the need, which must be open; the deadline lies before its end."""
    name, statements = ("need", NEED) if need else ("goods_need", GOODS_NEED)
    problems, parameters = Problems(), {"need": need or goods_need}
    incident = await session.row(statements[0], parameters)
    found = await session.row(statements[1], parameters)
    if incident is None or found is None:
        problems.add(ProblemCode.NOT_FOUND, name)
        problems.refuse()
    assert incident is not None
    assert found is not None
    if incident.status not in INCIDENT.group("TAKES_NEEDS") or found.closed_at is not None:
        problems.add(ProblemCode.NEED_CLOSED, name)
    elif found.until <= request.now:
        problems.add(ProblemCode.PERIOD_PAST, name, ends_at=found.until)
    elif deadline is not None and not request.now < deadline <= found.until:
        problems.invalid(
            "deadline", indonesian="Di luar masa kebutuhan.", english="It must lie ahead, and before the need ends."
        )
    problems.refuse()
    return found


async def _check_room(session: Transaction, request: Request, wanted: Row, quantity: int) -> None:
    """Refuses more than is wanted and not promised, once what has lapsed is recorded; the database has the last word."""
    statement = HELD if wanted.is_people else HELD_OF_GOODS
    held = await session.value(statement, {**request.parameters, "need": wanted.id})
    if held + quantity > wanted.quantity:
        facts = {"count": held, "limit": wanted.quantity}
        raise Refused(Problem(ProblemCode.NEED_PLEDGED, input_path("quantity"), facts))


async def _count_goods(session: Transaction, goods_need: uuid.UUID | None, quantity: int) -> None:
    """Adds to what is promised of the goods; nothing for a need of people."""
    if goods_need is not None:
        await session.rows(COUNT_GOODS, {"need": goods_need, "quantity": quantity})


def _named(row: Row) -> dict[str, Any]:
    """The need of a pledge, for its events."""
    return {"need": str(row.id)} if row.is_people else {"goods_need": str(row.id)}


async def record_lapsed(
    session: Transaction, request: Request, *, need: uuid.UUID | None = None, goods_need: uuid.UUID | None = None
) -> None:
    """Records the pledges of a locked need whose deadline has passed before all was filled or delivered."""
    parameters = {**request.parameters, "need": need, "goods_need": goods_need}
    for pledge in await session.rows(LAPSED, parameters):
        await end_pledge(session, request, pledge, PledgeStatus.LAPSED, lapsed_at=pledge.lapsed_at)


async def check_member(
    session: Transaction,
    request: Request,
    problems: Problems,
    pledge: uuid.UUID,
    *,
    need: uuid.UUID,
    volunteer: uuid.UUID | None,
    must_be_open: bool = False,
    name: str = "pledge",
) -> None:
    """A pledge of the need, whose organization stands and has the volunteer, if one is named; `name` is its input field."""
    parameters = {**request.parameters, "pledge": pledge, "need": need, "volunteer": volunteer}
    found = await session.row(_is_member(request.actor.kind), parameters)
    if found is None:
        problems.add(ProblemCode.NOT_FOUND, name)
    elif must_be_open and found.status != PledgeStatus.OPEN:
        problems.add(ProblemCode.WRONG_STATUS, name, status=found.status)
    elif not found.stands:
        problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, name, organization_id=found.organization_id)
    elif volunteer is not None and not found.is_member:
        problems.invalid(
            name,
            indonesian="Relawan bukan anggota organisasi yang berjanji.",
            english="The volunteer is no member of the organization that holds the pledge.",
        )
    else:
        rely_on(request, found.organization_id, name)


async def release_all(session: Transaction, request: Request, *, need: uuid.UUID, reason: str | None) -> None:
    """Releases the open pledges of a locked need."""
    await record_lapsed(session, request, need=need)
    for pledge in await lock_open_pledges(session, need=need):
        await end_pledge(session, request, pledge, PledgeStatus.RELEASED, reason=reason)


async def lock_open_pledges(
    session: Transaction, *, need: uuid.UUID | None = None, goods_need: uuid.UUID | None = None
) -> Sequence[Row]:
    """The open pledges of a locked need, whose lapsed ones are recorded."""
    return await session.rows(OPEN_PLEDGES, {"need": need, "goods_need": goods_need})


async def tell_pledges(
    session: Transaction, request: Request, pledges: Sequence[Row], changed: Mapping[str, Any]
) -> None:
    """Tells the holders of pledges what has changed of the need."""
    for pledge in pledges:
        change = {**change_of(pledge), **changed}
        await record(session, request, "pledge.need_changed", subject=("Pledge", pledge.id), change=change)


async def end_pledge(
    session: Transaction,
    request: Request,
    pledge: Row,
    status: PledgeStatus,
    *,
    reason: str | None = None,
    lapsed_at: datetime | None = None,
) -> uuid.UUID:
    """What was not delivered of goods is free again."""
    key = await PLEDGES.move(
        session,
        request,
        pledge,
        status,
        reason=reason,
        columns={"reason": reason},
        change=change_of(pledge),
        lapsed_at=lapsed_at,
    )
    await _count_goods(session, pledge.goods_need_id, pledge.delivered - pledge.quantity)
    return key


def change_of(pledge: Row) -> dict[str, str]:
    found = {"need": pledge.need_id, "goods_need": pledge.goods_need_id, "organization": pledge.organization_id}
    return {name: str(key) for name, key in found.items() if key is not None}


async def lock_pledge(
    session: Transaction,
    request: Request,
    pledge: uuid.UUID,
    version: int | None,
    may: access.Predicate,
    *,
    name: str = "pledge",
) -> Row:
    """The pledge, locked after its need, as it stands now; it must be open. `name` is the input field by which it is known."""
    need = await session.row(NEED_OF, {"pledge": pledge})
    if need is not None:
        await session.rows((NEED if need.need_id else GOODS_NEED)[1], {"need": need.need_id or need.goods_need_id})
        await record_lapsed(session, request, need=need.need_id, goods_need=need.goods_need_id)
    held = await PLEDGES.lock(session, request, pledge, None, may=may, name=name)
    if need is not None and (held.need_id, held.goods_need_id) != (need.need_id, need.goods_need_id):
        raise asyncpg.SerializationError("The pledge was given to another need meanwhile.")
    check_status(held, (PledgeStatus.OPEN,), name)
    if version is not None and held.version != version:
        raise Refused(Problem(ProblemCode.VERSION_CONFLICT, input_path("version"), {"version": held.version}))
    return held


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


def _lock_statements(table: sa.Table, *columns: sa.ColumnElement[Any]) -> Sequence[CompiledStatement]:
    """The incident of a need, shared, and the need, locked."""
    incident = sa.select(table.c.incident_id).where(table.c.id == _id("need")).scalar_subquery()
    lock = sa.select(table, *columns).where(table.c.id == _id("need")).with_for_update(key_share=True, of=table)
    shared = sa.select(Incident.c.status).where(Incident.c.id == incident).with_for_update(read=True)
    return compile_statement(shared), compile_statement(lock)


NEED = _lock_statements(
    Need,
    places_wanted(Need).label("quantity"),
    Need.c.ends_at.label("until"),
    sa.true().label("is_people"),
)
GOODS_NEED = _lock_statements(GoodsNeed, GoodsNeed.c.needed_by.label("until"), sa.false().label("is_people"))
NEED_OF = compile_statement(sa.select(Pledge.c.need_id, Pledge.c.goods_need_id).where(Pledge.c.id == _id("pledge")))
HELD = compile_statement(sa.select(places_held(_id("need"), access.NOW)))
HELD_OF_GOODS = compile_statement(sa.select(GoodsNeed.c.pledged).where(GoodsNeed.c.id == _id("need")))
_OF_NEED = sa.or_(Pledge.c.need_id == _id("need"), Pledge.c.goods_need_id == _id("goods_need"))
# Not locked: who changes a pledge has locked its need, and one lapses also after what comes later in the order is locked.
LAPSED = compile_statement(
    sa.select(Pledge, lapsed_at(Pledge).label("lapsed_at"))
    .where(_OF_NEED, PLEDGE.has_lapsed(Pledge, access.NOW))
    .order_by(Pledge.c.id)
)
OPEN_PLEDGES = compile_statement(
    sa.select(Pledge)
    .where(_OF_NEED, Pledge.c.status == PledgeStatus.OPEN)
    .order_by(Pledge.c.id)
    .with_for_update(key_share=True)
)
COUNT_GOODS = compile_statement(
    sa.update(GoodsNeed)
    .where(GoodsNeed.c.id == _id("need"))
    .values(pledged=GoodsNeed.c.pledged + sa.bindparam("quantity", type_=sa.Integer()))
)


@cache
def _is_member(kind: Kind) -> CompiledStatement:
    members = access.members_today(Membership.c.organization_id == Pledge.c.organization_id).correlate(Pledge)
    is_member = sa.bindparam("volunteer", type_=sa.Uuid()).in_(members).label("is_member")
    stands = access.is_standing(Organization, local_day(Organization.c.kabupaten_code, access.NOW)).label("stands")
    status = PLEDGE.current(Pledge, access.NOW).label("status")
    return compile_statement(
        sa.select(is_member, stands, status, Pledge.c.organization_id)
        .join(Organization, Organization.c.id == Pledge.c.organization_id)
        .where(Pledge.c.id == _id("pledge"), Pledge.c.need_id == _id("need"), access.sees_pledge(kind, Pledge))
    )
