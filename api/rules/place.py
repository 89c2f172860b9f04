"""How many places a need has, and how many are taken, instant by instant. A place is a person at a time."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from api.models import Assignment, Commitment
from api.models.base import INSTANT
from api.rules.rule import Case, Condition, Sql


def places_wanted(need: sa.FromClause) -> Sql:
    """The people that a need asks for at each instant, those already sent among them."""
    return need.c.people_wanted


def is_full(case: Case) -> Condition:
    """Whether all places of the need are taken at an instant of the period."""
    return most_taken(case.need, case.starts, case.ends) >= places_wanted(case.need)


def least_taken(need: sa.FromClause, starts: Sql, ends: Sql) -> Sql:
    """The places that are taken at every instant of the period."""
    return sa.select(places_taken(need, starts, ends).c.least).correlate(need).scalar_subquery()


def most_taken(
    need: sa.FromClause, starts: Sql, ends: Sql, *conditions: Sql, beside: sa.FromClause | None = None
) -> Sql:
    """The people at the fullest instant of the period; of those who meet the conditions, as in `places_taken`."""
    taken = places_taken(need, starts, ends, *conditions, beside=beside)
    return sa.select(taken.c.most).correlate(*_outer(need, beside)).scalar_subquery()


def places_taken(
    need: sa.FromClause, starts: Sql, ends: Sql, *conditions: Sql, beside: sa.FromClause | None = None
) -> sa.Subquery:
    """One row: the number of people at the emptiest instant of the period as `least`, at the fullest as `most`.

    A person counts for the time of the commitment, whatever the present status: a released one until the release. The
    conditions are on `Assignment` and `Commitment`, and may read a row `beside` the need.
    """
    outer = _outer(need, beside)
    numbers = _numbers(outer, starts, ends, sa.and_(Assignment.c.need_id == need.c.id, *conditions))
    number, is_covered = numbers.c.number, sa.func.min(numbers.c.at) == starts
    # Before the first change nobody is there.
    least = sa.case((is_covered, sa.func.min(number)), else_=0)
    most = sa.func.coalesce(sa.func.max(number), 0, type_=sa.Integer())
    return sa.select(least.label("least"), most.label("most")).correlate(*outer).subquery()


def _outer(need: sa.FromClause, beside: sa.FromClause | None) -> tuple[sa.FromClause, ...]:
    return (need,) if beside is None else (need, beside)


def _numbers(outer: tuple[sa.FromClause, ...], starts: Sql, ends: Sql, counted: Sql) -> sa.Subquery:
    """The instants of the period at which somebody comes or goes, and the number of people from each on."""
    begin = sa.func.greatest(sa.func.lower(Commitment.c.period), starts)
    changes: Any = sa.func.unnest(array([begin, sa.func.upper(Commitment.c.period)]), array([1, -1]))
    change = changes.table_valued(sa.column("at", INSTANT), sa.column("number", sa.Integer)).render_derived()
    number = sa.func.sum(sa.func.sum(change.c.number)).over(order_by=change.c.at)
    return (
        sa.select(change.c.at, sa.cast(number, sa.Integer).label("number"))
        .select_from(Assignment.join(Commitment, Commitment.c.assignment_id == Assignment.c.id).join(change, sa.true()))
        .where(
            counted,
            Commitment.c.period.op("&&", is_comparison=True)(sa.func.tstzrange(starts, ends)),
            change.c.at < ends,
        )
        .group_by(change.c.at)
        .correlate(*outer)
        .subquery()
    )
