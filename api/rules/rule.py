"""The types `Rule`, `Refusal` and `Case`, and SQL helpers for days and hours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.models.day import days_between, local_day
from api.rules.code import ProblemCode

Sql = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Case:
    """The SQL expressions that rules are evaluated on: a person, a need and a period, with `ends` exclusive.

    `days` is the range of calendar days that the period touches, in the time zone of the need's kabupaten. `person` and
    `need` are tables of a query, so one case covers all of their rows.
    """

    person: sa.FromClause
    need: sa.FromClause
    starts: Sql
    ends: Sql
    days: Sql
    now: Sql
    # The pledge that the person would fill a place of, where that may be asked; null for a direct sending.
    pledge: Sql | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A problem code of a rule, and the fact that explains it.

    `proof` is a query for what violates the rule, with the fact in its columns; the first row is told. Without one it is
    refused with the `fact` where the rule does not hold and `when` applies. `tells_time`: its bounds are of the person's own
    time, so they are null for whoever may not know on which days the person is free.
    """

    code: ProblemCode
    fact: Callable[[Case], Mapping[str, Sql]] = lambda _case: {}
    when: Callable[[Case], Condition] = lambda _case: sa.true()
    proof: Callable[[Case], sa.Select[Any]] | None = None
    tells_time: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition for assigning a person to a need, and the refusals to return when it does not hold.

    `counts` says what it counts, and by which instants or days, as `docs/rules.md` prints it.
    `overridable`: a coordinator may override it with a recorded reason. `checked_on_accept`: it is checked again when the
    offer is accepted. `uses_only_columns`: it reads only columns of person and need, so it is cheap to check for many people.
    `uses_only_need`: it is the same for all people, so it is checked once for a need.
    `concerns_need`: it asks more of the need than place, skill and rank, so it says nothing about who is ready without one.
    """

    holds: Callable[[Case], Condition]
    refusals: tuple[Refusal, ...]
    counts: str
    overridable: bool = True
    checked_on_accept: bool = True
    uses_only_columns: bool = False
    uses_only_need: bool = False
    concerns_need: bool = False


def one_row() -> sa.Subquery:
    """A FROM of one row, for a SELECT whose other columns are those of a row around it."""
    return sa.select(sa.literal_column("1").label("one")).subquery()


def days_of(need: sa.FromClause, starts: Sql, ends: Sql) -> Sql:
    """The calendar days that a period touches in the time zone of the need, both ends included."""
    last = ends - sa.func.make_interval(0, 0, 0, 0, 0, 0, sa.literal_column("0.000001"))
    kabupaten = need.c.kabupaten_code
    return days_between(local_day(kabupaten, starts), local_day(kabupaten, last))


def merged_days(since: Any, until: Any) -> Sql:
    """The union of the day ranges of all rows, as a multirange."""
    return sa.func.range_agg(days_between(since, until))


def hours(number: int) -> Sql:
    return sa.func.make_interval(0, 0, 0, 0, number)


def case_period(case: Case) -> Sql:
    """The period of the case, as a range without its end."""
    return sa.func.tstzrange(case.starts, case.ends)


def first_value(statement: sa.Select[Any], case: Case) -> Sql:
    """The value in the first row of the statement, for the case."""
    return statement.limit(1).correlate(case.person, case.need).scalar_subquery()


def exists_for(statement: sa.Select[Any], case: Case) -> Condition:
    """Whether the statement returns a row for the case.

    OFFSET 0 keeps the planner from turning the subquery into a join that reads the table for all people at once.
    """
    return statement.order_by(None).offset(0).correlate(case.person, case.need).exists()


def covers_all_days(statement: sa.Select[Any], case: Case) -> Condition:
    """Whether the multirange that the statement returns contains every day of the period."""
    days = statement.correlate(case.person, case.need).scalar_subquery()
    return sa.func.coalesce(days.op("@>", is_comparison=True)(case.days), sa.false(), type_=sa.Boolean())
