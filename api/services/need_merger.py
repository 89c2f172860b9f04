"""Splitting and merging needs, with their offers, duties and pledges whole."""

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import Assignment, Need, Pledge
from api.models.assignment_status import AssignmentStatus
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.services.composition import (
    TOO_MANY,
    Minimum,
    add_minimums,
    check_composition,
    read_minimums,
    replace_minimums,
)
from api.services.feed import record
from api.services.need import NEEDS, share_incident
from api.services.need_change import CLOSED, TOO_FEW, open_need
from api.services.pledge import record_lapsed
from api.services.problem import Problem, Problems, input_path
from api.services.request import Request
from api.services.verb import OneThing, verb


@verb(
    "split_need",
    "Splits a part off a need, with the offers, duties and pledges that are named; each stays whole.",
    answers=OneThing("Need"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"need": "Need", "assignments": "Assignment", "pledges": "Pledge", "minimums.rank": "Rank"},
    codes=(*CLOSED, ProblemCode.BELOW_PROMISED, ProblemCode.COMPOSITION),
    conflicts={**TOO_FEW, **TOO_MANY},
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
    minimums: Sequence[Minimum] | None = None,
) -> uuid.UUID:
    """The answer is the new need. Duties under a pledge go where the pledge goes, and offers that replace a duty with it.

    Minimums stay with the old need.
    """
    await share_incident(session, need)
    held = await open_need(session, request, need, version)
    await record_lapsed(session, request, need=need)
    problems = Problems()
    if not 1 <= people_wanted < held.people_wanted:
        problems.invalid(
            "people_wanted", indonesian="Sisakan sedikitnya satu orang.", english="Leave at least one person to each."
        )
    composition = await read_minimums(session, problems, minimums or (), people_wanted)
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
    await session.rows(CHECK)
    await replace_minimums(session, key, composition)
    for each in (need, key):
        await check_composition(session, problems, each, "people_wanted" if each == need else "minimums")
    problems.refuse()
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
        key: await open_need(session, request, key, version if key == need else None, "need" if key == need else "into")
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
    for key in sorted(found):
        await record_lapsed(session, request, need=key)
    columns: dict[str, Any] = {"people_wanted": held.people_wanted + other.people_wanted}
    change = {"incident": str(held.incident_id), "need": str(need), **columns}
    await NEEDS.change(session, request, other, "extended", columns=columns, change=change)
    await session.rows(MOVE_ALL, {"need": need, "new": into})
    await add_minimums(session, need=need, into=into)
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


def _is_named(duty: sa.FromClause) -> sa.ColumnElement[bool]:
    """By itself, or with its pledge."""
    return sa.or_(duty.c.id == sa.any_(_ids("assignments")), duty.c.pledge_id == sa.any_(_ids("pledges")))


_UNDER_PLEDGE = Assignment.c.pledge_id == sa.any_(_ids("pledges"))
_REPLACES = sa.and_(Assignment.c.status == AssignmentStatus.OFFERED, Assignment.c.replaces_id.is_not(None))
_duty = Assignment.alias()
# An offer that replaces a duty goes where the duty goes.
_WITH_ITS_DUTY = sa.and_(_REPLACES, sa.exists().where(_duty.c.id == Assignment.c.replaces_id, _is_named(_duty)))
_GOES_ALONG = sa.and_(sa.or_(Assignment.c.pledge_id.is_(None), _UNDER_PLEDGE), sa.or_(~_REPLACES, _WITH_ITS_DUTY))
FOREIGN_DUTIES = compile_statement(_foreign(Assignment, "assignments", _GOES_ALONG))
FOREIGN_PLEDGES = compile_statement(_foreign(Pledge, "pledges"))


def _move(pledge: sa.ColumnElement[bool], duty: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Gives pledges and duties to the new need in one statement, so that each need is counted with all of them."""
    pledges = sa.update(Pledge).where(Pledge.c.need_id == _id("need"), pledge).values(need_id=_id("new"))
    duties = sa.update(Assignment).where(Assignment.c.need_id == _id("need"), duty).values(need_id=_id("new"))
    moved = (pledges.returning(Pledge.c.id).cte("pledges"), duties.returning(Assignment.c.id).cte("duties"))
    return sa.select(*(sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in moved))


MOVE_NAMED = compile_statement(
    _move(Pledge.c.id == sa.any_(_ids("pledges")), sa.or_(_is_named(Assignment), _WITH_ITS_DUTY))
)
MOVE_ALL = compile_statement(_move(sa.true(), sa.true()))
CHECK = compile_statement(sa.text("SET CONSTRAINTS places_of_need, minimums_of_need IMMEDIATE"))
