"""The form of a rule, and what it judges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.models import Province
from api.rules.code import ProblemCode

Sql = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]

# What a fact may name; each rule fills what proves it broken.
FACT_TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "assignment_id": sa.Uuid(),
    "certificate_id": sa.Uuid(),
    "organization_id": sa.Uuid(),
    "volunteer_id": sa.Uuid(),
    "skill_code": sa.Text(),
    "rank_code": sa.Text(),
    "starts_at": sa.DateTime(timezone=True),
    "ends_at": sa.DateTime(timezone=True),
    "count": sa.Integer(),
    "limit": sa.Integer(),
    "version": sa.Integer(),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One person for one need in one period, `ends` not included.

    `days` are the whole days it touches, counted in the time zone of the need's kabupaten. All are SQL, so that a case
    may stand for many people at once.
    """

    person: sa.FromClause
    need: sa.FromClause
    starts: Sql
    ends: Sql
    days: Sql
    now: Sql


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way a rule is broken: its code, when it is this way, and the fact that proves it."""

    code: ProblemCode
    fact: Callable[[Case], Mapping[str, Sql]]
    when: Callable[[Case], Condition] = lambda _case: sa.true()


@dataclass(frozen=True, slots=True)
class Rule:
    """Holds or is broken; `overridable` by a recorded, reasoned exception; `on_answer` is asked again at acceptance.

    `plain` says that it looks at nothing but the columns of person and need, so that it is cheap to ask of many.
    """

    holds: Callable[[Case], Condition]
    refusals: tuple[Refusal, ...]
    overridable: bool = True
    on_answer: bool = True
    plain: bool = False


def days_of(need: sa.FromClause, starts: Sql, ends: Sql) -> Sql:
    """The days that an interval touches at the need's place, both ends counted."""
    zone = sa.select(Province.c.time_zone).where(Province.c.code == sa.func.left(need.c.kabupaten_code, 2))
    local = zone.correlate(need).scalar_subquery()
    last = ends - sa.func.make_interval(0, 0, 0, 0, 0, 0, sa.literal_column("0.000001"))
    return sa.func.daterange(
        sa.cast(sa.func.timezone(local, starts), sa.Date), sa.cast(sa.func.timezone(local, last), sa.Date), "[]"
    )


def hours(number: int) -> Sql:
    return sa.func.make_interval(0, 0, 0, 0, number)
