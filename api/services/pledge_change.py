"""Releasing pledges, handing them over, and recording what was delivered."""

import uuid

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Pledge
from api.models.base import new_id
from api.models.pledge import PLEDGE, PledgeAction, PledgeStatus, filled
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.pledge import PLEDGES, change_of, end_pledge, lock_pledge
from api.services.problem import Problem, Problems, input_path, read_reason
from api.services.request import Request
from api.services.standing import check_verified
from api.services.verb import OneThing, verb


@verb(
    "release_pledge",
    "Gives a pledge back: what was not filled or delivered is free again.",
    answers=OneThing("Pledge"),
    callers=access.PLEDGE_KEEPERS,
    ids={"pledge": "Pledge"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def release(session: Transaction, request: Request, *, pledge: uuid.UUID, version: int, reason: str) -> uuid.UUID:
    text = read_reason(reason)
    may = access.may_move(PLEDGE.move(PledgeAction.RELEASE))
    held = await lock_pledge(session, request, pledge, version, may)
    return await end_pledge(session, request, held, PledgeStatus.RELEASED, reason=text)


@verb(
    "hand_over_pledge",
    "Hands what is not filled or delivered over to another verified organization.",
    answers=OneThing("Pledge"),
    callers=access.MANAGERS,
    ids={"pledge": "Pledge", "organization": "Organization"},
    conflicts={"places_of_need": Problem(ProblemCode.NEED_PLEDGED, input_path("pledge"))},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ORGANIZATION_NOT_VERIFIED),
    updates=True,
)
async def hand_over(
    session: Transaction,
    request: Request,
    *,
    pledge: uuid.UUID,
    organization: uuid.UUID,
    version: int,
    reason: str,
) -> uuid.UUID:
    """The answer is the pledge that was handed over; `handedOverTo` leads to the other."""
    problems = Problems()
    text = problems.reason(reason)
    await check_verified(session, request, problems, organization, may=True)
    problems.refuse()
    may = access.may_move(PLEDGE.move(PledgeAction.HAND_OVER))
    held = await lock_pledge(session, request, pledge, version, may)
    return await give_rest(session, request, held, organization, reason=text)


async def give_rest(
    session: Transaction,
    request: Request,
    held: Row,
    organization: uuid.UUID,
    *,
    reason: str | None,
    name: str = "organization",
) -> uuid.UUID:
    """Makes a pledge of the organization of what the locked one has not filled or delivered.

    `name` is the input field by which the organization is known.
    """
    problems = Problems()
    rest = held.quantity - await session.value(FILLED, {"pledge": held.id})
    if rest < 1 or organization == held.organization_id:
        problems.invalid(
            name,
            indonesian="Tidak ada yang dapat dialihkan.",
            english="There is nothing to hand over to this organization.",
        )
    problems.refuse()
    key = new_id()
    values = {"id": key, "organization_id": organization, "quantity": rest, "status": PledgeStatus.OPEN}
    # In one statement, so that the need never has both.
    await session.rows(HAND_OVER, {"pledge": held.id, **values, "reason": reason, "now": request.now})
    change = {**change_of(held), "organization": str(organization), "quantity": rest}
    await record(
        session, request, "pledge.made", subject=("Pledge", key), change={"status": PledgeStatus.OPEN, **change}
    )
    status = PledgeStatus.HANDED_OVER
    change = {"status": status, "from": held.status, **change_of(held), "to": str(key)}
    await record(session, request, "pledge.handed_over", subject=("Pledge", held.id), change=change, reason=reason)
    return uuid.UUID(str(held.id))


@verb(
    "record_delivery",
    "Records that goods of a pledge were delivered.",
    answers=OneThing("Pledge"),
    callers=access.PLEDGE_KEEPERS,
    ids={"pledge": "Pledge"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def deliver(
    session: Transaction, request: Request, *, pledge: uuid.UUID, version: int, quantity: int
) -> uuid.UUID:
    held = await lock_pledge(session, request, pledge, version, access.releases_pledge)
    problems = Problems()
    if held.need_id is not None:
        problems.invalid("pledge", indonesian="Bukan barang.", english="People are delivered by their duties.")
    elif not 1 <= quantity <= held.quantity - held.delivered:
        problems.invalid(
            "quantity", indonesian="Melebihi janji.", english="It must be at least one, and no more than is open."
        )
    problems.refuse()
    columns = {"delivered": held.delivered + quantity}
    change = {**change_of(held), "quantity": quantity, **columns}
    return await PLEDGES.change(session, request, held, "delivered", columns=columns, change=change)


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


FILLED = compile_statement(sa.select(filled(Pledge)).where(Pledge.c.id == _id("pledge")))


def _hand_over() -> sa.Insert:
    values = {name: sa.bindparam(name, type_=Pledge.c[name].type) for name in ("id", "organization_id", "quantity")}
    old = (
        sa.update(Pledge)
        .where(Pledge.c.id == _id("pledge"))
        .values(
            status=PledgeStatus.HANDED_OVER,
            handed_over_to_id=values["id"],
            reason=sa.bindparam("reason", type_=sa.Text()),
            version=Pledge.c.version + 1,
            updated_at=access.NOW,
        )
        .returning(Pledge.c.need_id, Pledge.c.goods_need_id, Pledge.c.deadline)
        .cte("old")
    )
    new = sa.select(
        *values.values(), sa.bindparam("status", type_=sa.Text()), old.c.need_id, old.c.goods_need_id, old.c.deadline
    )
    return sa.insert(Pledge).from_select([*values, "status", "need_id", "goods_need_id", "deadline"], new)


HAND_OVER = compile_statement(_hand_over())
