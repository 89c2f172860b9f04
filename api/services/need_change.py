"""Changing, renewing and closing needs."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Assignment, Cluster, Commitment, Need, Pledge
from api.models.assignment_status import ASSIGNMENT
from api.models.pledge import PLEDGE, PledgeStatus
from api.rules.code import ProblemCode
from api.rules.pledge import places_held
from api.services.closing import close_one, end_duties, end_duty, lock_duties
from api.services.composition import TOO_MANY, check_composition, read_minimums, replace_minimums
from api.services.feed import record
from api.services.need import NEEDS, check_changed_site, check_people_and_period, check_same_site, share_incident
from api.services.place import known_kabupatens
from api.services.pledge import lock_open_pledges, record_lapsed, release_all, tell_pledges
from api.services.position import check_point
from api.services.problem import Problem, Problems, Refused, input_path, read_reason
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, verb

TOO_FEW = {"places_of_need": Problem(ProblemCode.BELOW_PROMISED, input_path("people_wanted"))}
CLOSED = (ProblemCode.NEED_CLOSED,)


async def open_need(
    session: Transaction, request: Request, key: uuid.UUID, version: int | None, name: str = "need"
) -> Row:
    """The need, locked, which must be open; its incident is locked before, with `share_incident`."""
    held = await NEEDS.lock(session, request, key, version, may=access.sends_to_need, name=name)
    if held.closed_at is not None:
        raise Refused(Problem(ProblemCode.NEED_CLOSED, input_path(name)))
    return held


@verb(
    "change_need",
    "Changes a need; everybody who is on it is told. What is left out stays.",
    answers=OneThing("Need"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"need": "Need", "cluster": "Cluster", "site": "Site", "minimums.rank": "Rank"},
    codes=(
        *(*CLOSED, ProblemCode.PERIOD_PAST, ProblemCode.SITE_CLOSED),
        *(ProblemCode.BELOW_PROMISED, ProblemCode.COMPOSITION),
        *(ProblemCode.DUTY_STRANDED, ProblemCode.PLEDGE_STRANDED),
    ),
    conflicts={**TOO_FEW, **TOO_MANY},
    updates=True,
)
async def change(session: Transaction, request: Request, *, need: uuid.UUID, version: int, **changes: Any) -> uuid.UUID:
    """Refused below what is accepted or promised, and with every acceptance that it would strand."""
    await share_incident(session, need)
    problems = Problems()
    at = await session.row(PLACE, {"need": need})
    await check_changed_site(session, problems, at, changes, ("starts_at", "ends_at"))
    held = await open_need(session, request, need, version)
    check_same_site(at, held)
    problems.refuse()
    # A pledge that lapses meanwhile holds its places for all of the change, or for nothing of it.
    request = request.at(request.now)
    await record_lapsed(session, request, need=need)
    columns, minimums = await _read_changes(session, request, held, changes)
    await _check_promised(session, request, problems, held, columns)
    pledges = await lock_open_pledges(session, need=need)
    duties = await lock_duties(session, request, [need])
    outside = [duty for duty in duties if _is_outside(duty, {**held, **columns})]
    _check_stranded(problems, outside)
    for pledge in pledges:
        if pledge.deadline is not None and pledge.deadline > columns.get("ends_at", held.ends_at):
            problems.add(ProblemCode.PLEDGE_STRANDED, "ends_at", pledge_id=pledge.id)
    problems.refuse()
    for duty in outside:
        await end_duty(session, request, duty, None)
    change = {"incident": str(held.incident_id), **columns, **({} if minimums is None else {"minimums": minimums})}
    key = await NEEDS.change(session, request, held, "changed", columns=columns, change=change)
    await _compose(session, problems, held, columns, minimums)
    await _tell(session, request, [duty for duty in duties if duty not in outside], columns)
    await tell_pledges(session, request, pledges, columns)
    return key


async def _check_promised(
    session: Transaction, request: Request, problems: Problems, held: Row, columns: Mapping[str, Any]
) -> None:
    """No fewer people than have accepted or are promised; names the duties and pledges that hold the places."""
    parameters = {"need": held.id, **request.parameters}
    if columns.get("people_wanted", held.people_wanted) < await session.value(HELD, parameters):
        for holder in await session.rows(HOLDERS, parameters):
            problems.add(ProblemCode.BELOW_PROMISED, "people_wanted", **holder)


def _is_outside(duty: Row, after: Mapping[str, Any]) -> bool:
    return bool(duty.starts_at < after["starts_at"] or duty.ends_at > after["ends_at"])


def _check_stranded(problems: Problems, outside: Sequence[Row]) -> None:
    for duty in outside:
        if duty.status in ASSIGNMENT.group("PROMISED"):
            facts = {"assignment_id": duty.id, "starts_at": duty.starts_at, "ends_at": duty.ends_at}
            problems.add(ProblemCode.DUTY_STRANDED, "starts_at", **facts)


async def _compose(
    session: Transaction,
    problems: Problems,
    held: Row,
    columns: Mapping[str, Any],
    minimums: Sequence[Mapping[str, Any]] | None,
) -> None:
    """Replaces the minimums; refused where those who have accepted leave too few places for one."""
    if minimums is not None:
        await replace_minimums(session, held.id, minimums)
    is_lowered = columns.get("people_wanted", held.people_wanted) < held.people_wanted
    if minimums is not None or is_lowered:
        await check_composition(session, problems, held.id, "people_wanted" if minimums is None else "minimums")
    problems.refuse()
    await session.rows(CHECK_MINIMUMS)


async def _tell(session: Transaction, request: Request, duties: Sequence[Row], columns: Mapping[str, Any]) -> None:
    for duty in duties:
        change = {"need": str(duty.need_id), "volunteer": str(duty.volunteer_id), **columns}
        await record(session, request, "assignment.need_changed", subject=("Assignment", duty.id), change=change)


async def _read_changes(
    session: Transaction, request: Request, held: Row, changes: Mapping[str, Any]
) -> tuple[dict[str, Any], Sequence[Mapping[str, Any]] | None]:
    """The columns that change and the new minimums, if they are replaced, with what is wrong with them."""
    problems = Problems()
    names = ("people_wanted", "starts_at", "ends_at", "priority")
    columns = {name: changes[name] for name in names if changes.get(name) is not None}
    after: dict[str, Any] = {**held, **columns}
    check_people_and_period(problems, after["people_wanted"], after["starts_at"], after["ends_at"], request.now)
    columns |= await read_place(session, request, problems, held, changes)
    minimums = None
    if changes.get("minimums") is not None:
        minimums = await read_minimums(session, problems, changes["minimums"], after["people_wanted"])
    problems.refuse()
    return columns, minimums


async def read_place(
    session: Transaction, request: Request, problems: Problems, held: Row, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """What of the cluster, the site and the position of a need changes."""
    columns: dict[str, Any] = {}
    if changes.get("cluster") is not None:
        await check_codes(session, problems, {"cluster": (Cluster, changes["cluster"])})
        columns["cluster_code"] = changes["cluster"]
    if "site" in changes:
        columns["site_id"] = changes["site"]
    if changes.get("position") is not None:
        places = await known_kabupatens(session, request, problems, [held.kabupaten_code], "need")
        problems.read(check_point, "position", value=changes["position"], kabupatens=places)
        columns |= changes["position"]
    return columns


@verb(
    "renew_need",
    "Says that a need still stands, so that it is not stale.",
    answers=OneThing("Need"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"need": "Need"},
    codes=CLOSED,
    updates=True,
)
async def renew(session: Transaction, request: Request, *, need: uuid.UUID, version: int) -> uuid.UUID:
    await share_incident(session, need)
    held = await open_need(session, request, need, version)
    change = {"incident": str(held.incident_id)}
    return await NEEDS.change(session, request, held, "renewed", columns={}, change=change)


@verb(
    "close_need",
    "Closes a need: offers expire, promises that have not begun are cancelled, pledges are released.",
    answers=OneThing("Need"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"need": "Need"},
    codes=(*CLOSED, ProblemCode.DUTY_RUNNING),
    updates=True,
)
async def close(
    session: Transaction, request: Request, *, need: uuid.UUID, version: int, reason: str | None = None
) -> uuid.UUID:
    """Refused with every duty that has begun and is not over."""
    text = read_reason(reason)
    await share_incident(session, need)
    held = await open_need(session, request, need, version)
    await release_all(session, request, need=need, reason=text)
    await end_duties(session, request, [need], reason=text, name="need")
    return await close_one(session, request, held, text)


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


PLACE = compile_statement(
    sa.select(Need.c.incident_id, Need.c.kabupaten_code, Need.c.site_id).where(Need.c.id == _id("need"))
)
CHECK_MINIMUMS = compile_statement(sa.text("SET CONSTRAINTS minimums_of_need IMMEDIATE"))
HELD = compile_statement(sa.select(places_held(_id("need"), access.NOW)))
_PROMISED = sa.and_(Pledge.c.need_id == _id("need"), PLEDGE.current(Pledge, access.NOW) == PledgeStatus.OPEN)
# Who holds the places: people who are sent under no open pledge, and open pledges.
HOLDERS = compile_statement(
    sa.union_all(
        sa.select(Assignment.c.id.label("assignment_id"), sa.cast(sa.null(), sa.Uuid).label("pledge_id"))
        .join(Commitment, Commitment.c.assignment_id == Assignment.c.id)
        .where(
            Assignment.c.need_id == _id("need"),
            sa.not_(sa.exists().where(_PROMISED, Pledge.c.id == Assignment.c.pledge_id)),
        ),
        sa.select(sa.null(), Pledge.c.id).where(_PROMISED),
    ).order_by("assignment_id", "pledge_id")
)
