"""Who would lose what they hold, by name: the places of a camp, and its days."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import CampEnrolment, CampRegistration, CampStaffMember, Commitment
from api.models.camp_registration import CAMP_REGISTRATION
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
    parts = dict.fromkeys(("session_id", "contingent_id", *DIMENSIONS))
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
    period: tuple[datetime, datetime],
) -> None:
    """A problem for each person of the camp who is committed elsewhere in the period."""
    parameters: Mapping[str, Any] = {"camp": camp, "starts_at": period[0], "ends_at": period[1]}
    for row in await session.rows(BUSY, {**request.parameters, **parameters}):
        facts = {"volunteer_id": row.volunteer_id, "starts_at": row.starts_at, "ends_at": row.ends_at}
        problems.add(ProblemCode.DAYS_TAKEN, step, **facts)


_CAMP: sa.BindParameter[uuid.UUID] = sa.bindparam("camp", type_=sa.Uuid())


def _is(name: str) -> sa.ColumnElement[bool]:
    """Whether a column has the value of the parameter of its name, if there is one."""
    column = CampRegistration.c[name]
    value: sa.BindParameter[Any] = sa.bindparam(name, type_=column.type)
    return sa.or_(value.is_(None), column == value)


_SESSION: sa.BindParameter[uuid.UUID] = sa.bindparam("session_id", type_=sa.Uuid())
_enrolled = sa.select(CampEnrolment.c.registration_id).where(CampEnrolment.c.session_id == _SESSION)
LAST_HOLDERS = compile_statement(
    sa.select(CampRegistration.c.id)
    .where(
        CampRegistration.c.camp_id == _CAMP,
        CampRegistration.c.status.in_(CAMP_REGISTRATION.group("HOLDING")),
        *(_is(name) for name in ("contingent_id", *DIMENSIONS)),
        sa.or_(_SESSION.is_(None), CampRegistration.c.id.in_(_enrolled)),
    )
    .order_by(CampRegistration.c.number.desc())
    .limit(sa.bindparam("count", type_=sa.Integer()))
)


def _busy() -> sa.Select[Any]:
    own, other = Commitment.alias("own"), Commitment.alias("other")
    instants = [sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("starts_at", "ends_at")]
    of_camp = (sa.select(table.c.id).where(table.c.camp_id == _CAMP) for table in (CampRegistration, CampStaffMember))
    registrations, staff = of_camp
    return (
        sa.select(
            other.c.volunteer_id,
            sa.func.lower(other.c.period).label("starts_at"),
            sa.func.upper(other.c.period).label("ends_at"),
        )
        .join_from(own, other, sa.and_(other.c.volunteer_id == own.c.volunteer_id, other.c.id != own.c.id))
        .where(
            sa.or_(own.c.registration_id.in_(registrations), own.c.staff_member_id.in_(staff)),
            other.c.period.op("&&", is_comparison=True)(sa.func.tstzrange(*instants)),
        )
        .order_by(other.c.volunteer_id, sa.func.lower(other.c.period))
        .limit(MOST_NAMES)
    )


BUSY = compile_statement(_busy())
