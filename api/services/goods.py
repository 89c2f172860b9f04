"""Asking for goods: raising, changing and closing needs for them."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Cluster, GoodsNeed, Incident, Pledge
from api.models.base import new_id
from api.models.pledge import PledgeStatus
from api.rules.code import ProblemCode
from api.services.change import Changeable
from api.services.feed import record
from api.services.incident import check_incident
from api.services.need import check_changed_site, check_same_site, check_site
from api.services.need_change import read_place
from api.services.place import coordinated_kabupatens
from api.services.pledge import lock_open_pledges, record_lapsed, tell_pledges
from api.services.position import Point, check_point
from api.services.problem import Problem, Problems, Refused, input_path, read_reason
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.text import line

GOODS = Changeable(GoodsNeed, access.sees_part_of_incident)
MOST = 100_000_000
LONGEST = timedelta(days=366)


@verb(
    "raise_goods_need",
    "Asks for goods for an open incident.",
    answers=OneThing("GoodsNeed"),
    callers=access.COORDINATORS,
    ids={"incident": "Incident", "cluster": "Cluster", "kabupaten": "Kabupaten", "site": "Site"},
    codes=(ProblemCode.NEED_CLOSED, ProblemCode.PERIOD_PAST, ProblemCode.SITE_CLOSED),
)
async def raise_goods(
    session: Transaction,
    request: Request,
    *,
    incident: uuid.UUID,
    item: str,
    quantity: int,
    unit: str,
    needed_by: datetime,
    cluster: str,
    kabupaten: str,
    priority: str,
    site: uuid.UUID | None = None,
    position: Point | None = None,
) -> uuid.UUID:
    """In one of the kabupaten that the incident affects."""
    problems = Problems()
    places = await coordinated_kabupatens(session, request, problems, [kabupaten], "kabupaten")
    await check_incident(session, request, problems, incident, kabupaten if places and places[0].may else None)
    await check_codes(session, problems, {"cluster": (Cluster, cluster)})
    columns = {
        "item": problems.read(line, "item", value=item, minimum=2, maximum=200),
        "unit": problems.read(line, "unit", value=unit, minimum=1, maximum=50),
    }
    _check_quantity_and_time(problems, quantity, needed_by, request.now)
    problems.read(check_point, "position", value=position, kabupatens=places)
    at_site = await check_site(session, problems, site, incident, kabupaten)
    problems.refuse()

    place = at_site or places[0]
    key, where = new_id(), position or {"latitude": place.latitude, "longitude": place.longitude}
    await session.insert(
        GoodsNeed,
        id=key,
        incident_id=incident,
        quantity=quantity,
        needed_by=needed_by,
        cluster_code=cluster,
        kabupaten_code=kabupaten,
        priority=priority,
        site_id=site,
        **columns,
        **where,
    )
    change = {"incident": str(incident), "kabupaten": kabupaten, "quantity": quantity, **columns}
    await record(session, request, "goods_need.raised", subject=("GoodsNeed", key), change=change)
    return key


def _check_quantity_and_time(problems: Problems, quantity: int, needed_by: datetime, now: datetime) -> None:
    if not 1 <= quantity <= MOST:
        problems.invalid("quantity", indonesian="Antara 1 dan 100.000.000.", english="Between 1 and 100,000,000.")
    if needed_by <= now:
        problems.add(ProblemCode.PERIOD_PAST, "needed_by", ends_at=needed_by)
    elif needed_by > now + LONGEST:
        problems.invalid("needed_by", indonesian="Dalam setahun.", english="Within a year.")


@verb(
    "change_goods_need",
    "Changes a need for goods; everybody who has pledged some is told. What is left out stays.",
    answers=OneThing("GoodsNeed"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"goods_need": "GoodsNeed", "cluster": "Cluster", "site": "Site"},
    codes=(
        *(ProblemCode.NEED_CLOSED, ProblemCode.PERIOD_PAST, ProblemCode.SITE_CLOSED),
        *(ProblemCode.BELOW_PROMISED, ProblemCode.PLEDGE_STRANDED),
    ),
    updates=True,
)
async def change_goods(
    session: Transaction, request: Request, *, goods_need: uuid.UUID, version: int, **changes: Any
) -> uuid.UUID:
    """Refused below what is promised or was delivered, and before the deadline of a pledge."""
    problems = Problems()
    at = await session.row(SHARE_INCIDENT, {"need": goods_need})
    await check_changed_site(session, problems, at, changes, ("needed_by",))
    held = await _open(session, request, goods_need, version)
    check_same_site(at, held)
    problems.refuse()
    await record_lapsed(session, request, goods_need=goods_need)
    columns = {name: changes[name] for name in ("quantity", "needed_by", "priority") if changes.get(name) is not None}
    after: dict[str, Any] = {**held, **columns}
    _check_quantity_and_time(problems, after["quantity"], after["needed_by"], request.now)
    columns |= await read_place(session, request, problems, held, changes)
    problems.refuse()
    pledges = await lock_open_pledges(session, goods_need=goods_need)
    await _check_promised(session, problems, goods_need, after)
    problems.refuse()
    change = {"incident": str(held.incident_id), **columns}
    key = await GOODS.change(session, request, held, "changed", columns=columns, change=change)
    await tell_pledges(session, request, pledges, columns)
    return key


async def _check_promised(
    session: Transaction, problems: Problems, goods_need: uuid.UUID, after: Mapping[str, Any]
) -> None:
    """Names the pledges that hold the quantity, and those whose deadline would lie after the need."""
    holders = await session.rows(HOLDERS, {"need": goods_need})
    is_below = after["quantity"] < sum(holder.held for holder in holders)
    for holder in holders:
        if is_below:
            problems.add(ProblemCode.BELOW_PROMISED, "quantity", pledge_id=holder.id)
        if holder.deadline is not None and holder.deadline > after["needed_by"]:
            problems.add(ProblemCode.PLEDGE_STRANDED, "needed_by", pledge_id=holder.id)


async def _open(session: Transaction, request: Request, goods_need: uuid.UUID, version: int) -> Row:
    """The need, locked, which must be open."""
    held = await GOODS.lock(session, request, goods_need, version, may=access.sends_to_need)
    if held.closed_at is not None:
        raise Refused(Problem(ProblemCode.NEED_CLOSED, input_path("goods_need")))
    return held


@verb(
    "close_goods_need",
    "Closes a need for goods: nothing more is pledged, and who has pledged some is told.",
    answers=OneThing("GoodsNeed"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"goods_need": "GoodsNeed"},
    codes=(ProblemCode.NEED_CLOSED,),
    updates=True,
)
async def close_goods(
    session: Transaction, request: Request, *, goods_need: uuid.UUID, version: int, reason: str | None = None
) -> uuid.UUID:
    text = read_reason(reason)
    held = await _open(session, request, goods_need, version)
    await record_lapsed(session, request, goods_need=goods_need)
    change = {"incident": str(held.incident_id)}
    columns = {"closed_at": request.now}
    key = await GOODS.change(session, request, held, "closed", columns=columns, change=change, reason=text)
    await tell_pledges(session, request, await lock_open_pledges(session, goods_need=goods_need), columns)
    return key


_NEED = sa.bindparam("need", type_=sa.Uuid())
# The incident of a need, locked before it, shared.
SHARE_INCIDENT = compile_statement(
    sa.select(GoodsNeed.c.incident_id, GoodsNeed.c.kabupaten_code, GoodsNeed.c.site_id)
    .join(Incident, Incident.c.id == GoodsNeed.c.incident_id)
    .where(GoodsNeed.c.id == _NEED)
    .with_for_update(read=True, of=Incident)
)
# What each pledge holds of a locked need: of an open one all, of an ended one what was delivered.
HOLDERS = compile_statement(
    sa.select(
        Pledge.c.id,
        sa.case((Pledge.c.status == PledgeStatus.OPEN, Pledge.c.quantity), else_=Pledge.c.delivered).label("held"),
        sa.case((Pledge.c.status == PledgeStatus.OPEN, Pledge.c.deadline)).label("deadline"),
    )
    .where(Pledge.c.goods_need_id == _NEED, sa.or_(Pledge.c.status == PledgeStatus.OPEN, Pledge.c.delivered > 0))
    .order_by(Pledge.c.id)
)
