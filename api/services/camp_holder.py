"""Who would lose what they hold, by name: the places of a camp, and its days."""

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import CampEnrolment, CampGroupMember, CampRegistration, CampStaffMember, Commitment, Volunteer
from api.models.base import INSTANT
from api.models.camp_registration import CAMP_REGISTRATION, CampRegistrationStatus
from api.rules.code import ProblemCode
from api.services.camp_limit import DIMENSIONS
from api.services.problem import Problems
from api.services.request import Request

# Of one limit or camp, at most so many are named.
MOST_NAMES = 100


async def add_holders(
    session: Transaction, problems: Problems, *steps: str, count: int, camp: uuid.UUID, **of: Any
) -> None:
    """A problem for each of the last so many, by their numbers, who hold places of a camp, or of a part of it."""
    parts = dict.fromkeys(("session_id", "group_id", "contingent_id", *DIMENSIONS))
    parameters = {"camp": camp, "count": min(count, MOST_NAMES), **parts, **of}
    for row in await session.rows(LAST_HOLDERS, parameters):
        problems.add(ProblemCode.PLACE_HELD, *steps, registration_id=row.id)


async def add_busy(
    session: Transaction,
    request: Request,
    problems: Problems,
    step: str,
    *,
    camp: uuid.UUID,
    moved: Mapping[str, Any],
) -> None:
    """A problem for each person of the camp who is committed elsewhere in the `moved` period; see `moved_period`."""
    for row in await session.rows(_busy(request.actor.kind), {**request.parameters, "camp": camp, **moved}):
        facts = {"volunteer_id": row.volunteer_id, "starts_at": row.starts_at, "ends_at": row.ends_at}
        problems.add(ProblemCode.DAYS_TAKEN, step, **facts)


_CAMP: sa.BindParameter[uuid.UUID] = sa.bindparam("camp", type_=sa.Uuid())


def _is(name: str) -> sa.ColumnElement[bool]:
    """Whether a column has the value of the parameter of its name, if there is one."""
    column = CampRegistration.c[name]
    value: sa.BindParameter[Any] = sa.bindparam(name, type_=column.type)
    return sa.or_(value.is_(None), column == value)


def _is_of(table: sa.Table, name: str) -> sa.ColumnElement[bool]:
    """Whether the registration is in the session or group of the parameter, if there is one."""
    part: sa.BindParameter[uuid.UUID] = sa.bindparam(name, type_=sa.Uuid())
    members = sa.select(table.c.registration_id).where(table.c[name] == part)
    return sa.or_(part.is_(None), CampRegistration.c.id.in_(members))


LAST_HOLDERS = compile_statement(
    sa.select(CampRegistration.c.id)
    .where(
        CampRegistration.c.camp_id == _CAMP,
        CampRegistration.c.status.in_(CAMP_REGISTRATION.group("HOLDING")),
        *(_is(name) for name in ("contingent_id", *DIMENSIONS)),
        _is_of(CampEnrolment, "session_id"),
        _is_of(CampGroupMember, "group_id"),
    )
    .order_by(CampRegistration.c.number.desc())
    .limit(sa.bindparam("count", type_=sa.Integer()))
)


def moves_with_camp(commitment: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a commitment is of somebody who comes to the camp, or works there, until its end."""
    registrations = sa.select(CampRegistration.c.id).where(
        CampRegistration.c.camp_id == _CAMP,
        CampRegistration.c.status.in_((CampRegistrationStatus.REGISTERED, CampRegistrationStatus.CHECKED_IN)),
    )
    staff = sa.select(CampStaffMember.c.id).where(
        CampStaffMember.c.camp_id == _CAMP, CampStaffMember.c.ended_at.is_(None)
    )
    return sa.or_(commitment.c.registration_id.in_(registrations), commitment.c.staff_member_id.in_(staff))


def moved_period(commitment: sa.FromClause) -> sa.ColumnElement[Any]:
    """The period of a commitment once the camp is from `starts_at`, if that changes (`shift`), to `ends_at`."""
    starts_at, ends_at = (sa.bindparam(name, type_=INSTANT) for name in ("starts_at", "ends_at"))
    begin = sa.case((sa.bindparam("shift", type_=sa.Boolean()), starts_at), else_=sa.func.lower(commitment.c.period))
    return sa.func.tstzrange(begin, ends_at)


@cache
def _busy(kind: Kind) -> CompiledStatement:
    """Who is committed elsewhere, and when, for whoever may know on which days the person is free."""
    own, other = Commitment.alias("own"), Commitment.alias("other")
    may_know = access.sees_free_days(kind, Volunteer)
    return compile_statement(
        sa.select(
            other.c.volunteer_id,
            sa.case((may_know, sa.func.lower(other.c.period))).label("starts_at"),
            sa.case((may_know, sa.func.upper(other.c.period))).label("ends_at"),
        )
        .join_from(own, other, sa.and_(other.c.volunteer_id == own.c.volunteer_id, other.c.id != own.c.id))
        .join(Volunteer, Volunteer.c.id == other.c.volunteer_id)
        .where(
            moves_with_camp(own),
            other.c.period.op("&&", is_comparison=True)(moved_period(own)),
        )
        .order_by(other.c.volunteer_id, sa.func.lower(other.c.period))
        .limit(MOST_NAMES)
    )
