"""Asking for goods."""

import uuid
from datetime import datetime, timedelta

from api import access
from api.database.engine import Transaction
from api.models import Cluster, GoodsNeed
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.services.change import Changeable
from api.services.feed import record
from api.services.incident import check_incident
from api.services.need import check_site
from api.services.place import coordinated_kabupatens
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
    "close_goods_need",
    "Closes a need for goods; nothing more is pledged.",
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
    held = await GOODS.lock(session, request, goods_need, version, may=access.sends_to_need)
    if held.closed_at is not None:
        raise Refused(Problem(ProblemCode.NEED_CLOSED, input_path("goods_need")))
    change = {"incident": str(held.incident_id)}
    columns = {"closed_at": request.now}
    return await GOODS.change(session, request, held, "closed", columns=columns, change=change, reason=text)
