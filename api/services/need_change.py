"""Changing, renewing, closing, splitting and merging needs."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Assignment, Cluster, Need, Pledge
from api.models.assignment import ASSIGNMENT
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.rules.pledge import places_held
from api.services.closing import close_one, end_duties, end_duty, lock_duties
from api.services.feed import record
from api.services.need import NEEDS, check_people_and_period, check_site, share_incident
from api.services.place import known_kabupatens
from api.services.pledge import release_all
from api.services.position import check_point
from api.services.problem import Problem, Problems, Refused, input_path, read_reason
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, verb

TOO_FEW = {"places_of_need": Problem(ProblemCode.BELOW_PROMISED, input_path("peopleWanted"))}
CLOSED = (ProblemCode.NEED_CLOSED,)


async def _open(session: Transaction, request: Request, key: uuid.UUID, version: int | None, name: str = "need") -> Row:
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
    ids={"need": "Need", "cluster": "Cluster", "site": "Site"},
    codes=(
        *CLOSED,
        *(ProblemCode.PERIOD_PAST, ProblemCode.BELOW_PROMISED, ProblemCode.DUTY_STRANDED, ProblemCode.SITE_CLOSED),
    ),
    conflicts=TOO_FEW,
    updates=True,
)
async def change(session: Transaction, request: Request, *, need: uuid.UUID, version: int, **changes: Any) -> uuid.UUID:
    """Refused below what is accepted or promised, and with every acceptance that would lie outside the period."""
    await share_incident(session, need)
    problems = Problems()
    at = await session.row(PLACE, {"need": need})
    if at is not None and "site" in changes:
        await check_site(session, problems, changes["site"], at.incident_id, at.kabupaten_code)
    held = await _open(session, request, need, version)
    problems.refuse()
    columns = await _read_changes(session, request, held, changes)
    after = {**held, **columns}
    promised = await session.value(HELD, {"need": need, **request.parameters})
    if after["people_wanted"] < promised:
        problems.add(ProblemCode.BELOW_PROMISED, "people_wanted")
    duties = await lock_duties(session, request, [need])
    outside = [duty for duty in duties if duty.starts_at < after["starts_at"] or duty.ends_at > after["ends_at"]]
    for duty in outside:
        if duty.status in ASSIGNMENT.group("PROMISED"):
            facts = {"assignment_id": duty.id, "starts_at": duty.starts_at, "ends_at": duty.ends_at}
            problems.add(ProblemCode.DUTY_STRANDED, "starts_at", **facts)
    problems.refuse()
    for duty in outside:
        await end_duty(session, request, duty, None)
    change = {"incident": str(held.incident_id), **columns}
    key = await NEEDS.change(session, request, held, "changed", columns=columns, change=change)
    for duty in duties:
        if duty not in outside:
            subject, notice = (
                ("Assignment", duty.id),
                {"need": str(need), "volunteer": str(duty.volunteer_id), **columns},
            )
            await record(session, request, "assignment.need_changed", subject=subject, change=notice)
    return key


async def _read_changes(
    session: Transaction, request: Request, held: Row, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns that change, with what is wrong with them."""
    problems = Problems()
    names = ("people_wanted", "starts_at", "ends_at", "priority")
    columns = {name: changes[name] for name in names if changes.get(name) is not None}
    after: dict[str, Any] = {**held, **columns}
    check_people_and_period(problems, after["people_wanted"], after["starts_at"], after["ends_at"], request.now)
    if changes.get("cluster") is not None:
        await check_codes(session, problems, {"cluster": (Cluster, changes["cluster"])})
        columns["cluster_code"] = changes["cluster"]
    if "site" in changes:
        columns["site_id"] = changes["site"]
    if changes.get("position") is not None:
        places = await known_kabupatens(session, request, problems, [held.kabupaten_code], "need")
        problems.read(check_point, "position", value=changes["position"], kabupatens=places)
        columns |= changes["position"]
    problems.refuse()
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
    held = await _open(session, request, need, version)
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
    held = await _open(session, request, need, version)
    await release_all(session, request, need=need, reason=text)
    await end_duties(session, request, [need], reason=text, name="need")
    return await close_one(session, request, held, text)


@verb(
    "split_need",
    "Splits a part off a need, with the offers, duties and pledges that are named; each stays whole.",
    answers=OneThing("Need"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"need": "Need", "assignments": "Assignment", "pledges": "Pledge"},
    codes=(*CLOSED, ProblemCode.BELOW_PROMISED),
    conflicts=TOO_FEW,
    updates=True,
)
async def split(
    session: Transaction,
    request: Request,
    *,
    need: uuid.UUID,
    version: int,
    people_wanted: int,
    assignments: Sequence[uuid.UUID] | None = None,
    pledges: Sequence[uuid.UUID] | None = None,
) -> uuid.UUID:
    """The answer is the new need. Duties under a pledge go where the pledge goes."""
    await share_incident(session, need)
    held = await _open(session, request, need, version)
    problems = Problems()
    if not 1 <= people_wanted < held.people_wanted:
        problems.invalid(
            "people_wanted", indonesian="Sisakan sedikitnya satu orang.", english="Leave at least one person to each."
        )
    moved = {"assignments": list(assignments or ()), "pledges": list(pledges or ())}
    parameters = {"need": need, **moved}
    for name, statement in (("assignments", FOREIGN_DUTIES), ("pledges", FOREIGN_PLEDGES)):
        for row in await session.rows(statement, parameters):
            problems.add(ProblemCode.NOT_FOUND, name, str(moved[name].index(row.key)))
    problems.refuse()

    key = new_id()
    copied = {column.name: held[column.name] for column in Need.c if column.name not in OWN}
    await session.insert(Need, id=key, **{**copied, "people_wanted": people_wanted})
    await session.rows(MOVE_NAMED, {**parameters, "new": key})
    change = {"incident": str(held.incident_id), "people_wanted": people_wanted, "into": str(key)}
    columns = {"people_wanted": held.people_wanted - people_wanted}
    await NEEDS.change(session, request, held, "split", columns=columns, change=change)
    # Now, and not at the end of the transaction, so that it is told as a problem.
    await session.rows(CHECK_PLACES)
    change = {"incident": str(held.incident_id), "people_wanted": people_wanted, "from": str(need)}
    await record(session, request, "need.raised", subject=("Need", key), change=change)
    return key


@verb(
    "merge_needs",
    "Merges a need into another of the same kind and period, with its offers, duties and pledges.",
    answers=OneThing("Need"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"need": "Need", "into": "Need"},
    codes=CLOSED,
    conflicts={"uq_assignment_live": Problem(ProblemCode.ALREADY_OFFERED, input_path("need"))},
    updates=True,
)
async def merge(session: Transaction, request: Request, *, need: uuid.UUID, into: uuid.UUID, version: int) -> uuid.UUID:
    """The answer is the need that was merged, now closed; `mergedInto` leads to the other."""
    for key in sorted({need, into}):
        await share_incident(session, key)
    found = {
        key: await _open(session, request, key, version if key == need else None, "need" if key == need else "into")
        for key in sorted({need, into})
    }
    held, other = found[need], found[into]
    problems = Problems()
    if need == into or any(held[name] != other[name] for name in SAME):
        problems.invalid(
            "into",
            indonesian="Hanya kebutuhan lain yang sejenis dan semasa.",
            english="Only another need of the same incident, kabupaten, skill, rank and period.",
        )
    problems.refuse()
    columns: dict[str, Any] = {"people_wanted": held.people_wanted + other.people_wanted}
    change = {"incident": str(held.incident_id), "need": str(need), **columns}
    await NEEDS.change(session, request, other, "extended", columns=columns, change=change)
    await session.rows(MOVE_ALL, {"need": need, "new": into})
    columns = {"closed_at": request.now, "merged_into_id": into}
    change = {"incident": str(held.incident_id), "into": str(into)}
    return await NEEDS.change(session, request, held, "merged", columns=columns, change=change)


# What two needs must have in common to be merged, and what a need that is split off has for its own.
SAME = ("incident_id", "kabupaten_code", "skill_code", "minimum_rank_code", "starts_at", "ends_at")
OWN = ("id", "created_at", "updated_at", "version")


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


def _ids(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=ARRAY(sa.Uuid()))


def _foreign(table: sa.Table, name: str, *conditions: sa.ColumnElement[bool]) -> sa.Select[uuid.UUID]:
    """Those of the ids that are none of the need, or not to be moved alone."""
    key = sa.func.unnest(_ids(name)).table_valued(sa.column("key", sa.Uuid())).render_derived()
    own = sa.exists().where(table.c.id == key.c.key, table.c.need_id == _id("need"), *conditions)
    return sa.select(key.c.key).where(~own)


_GOES_ALONG = sa.or_(Assignment.c.pledge_id.is_(None), Assignment.c.pledge_id == sa.any_(_ids("pledges")))
FOREIGN_DUTIES = compile_statement(_foreign(Assignment, "assignments", _GOES_ALONG))
FOREIGN_PLEDGES = compile_statement(_foreign(Pledge, "pledges"))


def _move(pledge: sa.ColumnElement[bool], duty: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Gives pledges and duties to the new need in one statement, so that each need is counted with all of them."""
    pledges = sa.update(Pledge).where(Pledge.c.need_id == _id("need"), pledge).values(need_id=_id("new"))
    duties = sa.update(Assignment).where(Assignment.c.need_id == _id("need"), duty).values(need_id=_id("new"))
    moved = (pledges.returning(Pledge.c.id).cte("pledges"), duties.returning(Assignment.c.id).cte("duties"))
    return sa.select(*(sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in moved))


MOVE_NAMED = compile_statement(
    _move(
        Pledge.c.id == sa.any_(_ids("pledges")),
        sa.or_(Assignment.c.id == sa.any_(_ids("assignments")), Assignment.c.pledge_id == sa.any_(_ids("pledges"))),
    )
)
MOVE_ALL = compile_statement(_move(sa.true(), sa.true()))
CHECK_PLACES = compile_statement(sa.text("SET CONSTRAINTS places_of_need IMMEDIATE"))
PLACE = compile_statement(sa.select(Need.c.incident_id, Need.c.kabupaten_code).where(Need.c.id == _id("need")))
HELD = compile_statement(sa.select(places_held(_id("need"), access.NOW)))
