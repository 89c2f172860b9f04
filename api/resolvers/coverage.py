"""How far needs are met: one, and those of an incident together, by skill, cluster and kabupaten."""

from functools import partial
from typing import Any

import sqlalchemy as sa

from api.access import NOW
from api.compiler.source import FieldContext, Order, Row, Source, Sql, ToOne, column, everybody
from api.models import Assignment, Need, Pledge
from api.models.assignment_status import ASSIGNMENT, AssignmentStatus
from api.models.day import day_bounds
from api.models.pledge import PLEDGE, PledgeStatus
from api.rules.need import is_open
from api.rules.place import least_taken, places_wanted

COUNTS = ("wanted", "pledged", "offered", "accepted", "mobilized", "on_duty", "shortfall")


def pledged(need: Row) -> sa.ColumnElement[int]:
    """The people that open pledges promise, filled or not."""
    pledge = Pledge.alias()
    total = sa.select(sa.func.coalesce(sa.func.sum(pledge.c.quantity), 0)).where(
        pledge.c.need_id == need.c.id, PLEDGE.current(pledge, NOW) == PledgeStatus.OPEN
    )
    return sa.cast(total.correlate(need).scalar_subquery(), sa.Integer)


def lacking(need: Row, accepted: Sql) -> Sql:
    return sa.func.greatest(places_wanted(need) - accepted, 0, type_=sa.Integer())


def shortfall(need: Row) -> Sql:
    """The places of a need that nobody has accepted for its whole period."""
    return lacking(need, least_taken(need, need.c.starts_at, need.c.ends_at))


def period_asked(need: Row, context: FieldContext) -> tuple[Sql, Sql]:
    """The period of the need, or what of it lies in the local day that the argument names; empty if nothing does."""
    day = context.arguments["on"]
    if day is None:
        return need.c.starts_at, need.c.ends_at
    begin, end = day_bounds(need.c.kabupaten_code, context.bind(day, type_=sa.Date()))
    starts = sa.func.greatest(need.c.starts_at, begin)
    return starts, sa.func.greatest(sa.func.least(need.c.ends_at, end), starts)


def coverage(need: Row, context: FieldContext) -> sa.Select[Any]:
    current = ASSIGNMENT.current(Assignment, NOW)
    starts, ends = period_asked(need, context)

    def count(status: AssignmentStatus, *conditions: Sql) -> Sql:
        return sa.func.count().filter(current == status, *conditions)

    def asked(number: Sql) -> Sql:
        return sa.case((starts < ends, number), else_=0)

    accepted = least_taken(need, starts, ends)
    shares_time = (Assignment.c.starts_at < ends, Assignment.c.ends_at > starts)
    values = {
        "wanted": asked(places_wanted(need)),
        "pledged": asked(pledged(need)),
        "offered": count(AssignmentStatus.OFFERED, *shares_time),
        "accepted": asked(accepted),
        "mobilized": count(AssignmentStatus.MOBILIZED),
        "on_duty": count(AssignmentStatus.ON_DUTY),
        "shortfall": asked(lacking(need, accepted)),
    }
    return sa.select(*(value.label(name) for name, value in values.items())).where(Assignment.c.need_id == need.c.id)


def stood_on(need: Row, day: Sql) -> Sql:
    """Whether the need is open, or was when the day ended; of one that was merged, the other has its people."""
    _begin, end = day_bounds(need.c.kabupaten_code, day)
    return sa.and_(need.c.merged_into_id.is_(None), sa.or_(need.c.closed_at.is_(None), need.c.closed_at >= end))


def total_coverage(group: str | None, incident: Row, context: FieldContext) -> sa.Select[Any]:
    """The coverage of the open needs of an incident, or those that stood on a day, together or by a column of theirs."""
    need = Need.alias()
    each = coverage(need, context).correlate(need).lateral()
    sums = [sa.cast(sa.func.coalesce(sa.func.sum(each.c[name]), 0), sa.Integer).label(name) for name in COUNTS]
    day = context.arguments["on"]
    stood = is_open(need, NOW) if day is None else stood_on(need, context.bind(day, type_=sa.Date()))
    is_asked = stood if day is None else sa.and_(stood, each.c.wanted > 0)
    groups = [] if group is None else [need.c[group]]
    return (
        sa.select(*groups, *sums)
        .select_from(need.join(each, sa.true()))
        .where(need.c.incident_id == incident.c.id, is_asked)
        .group_by(*groups)
        .correlate(incident)
    )


incident_coverage = partial(total_coverage, None)
coverage_by_skill, coverage_by_cluster, coverage_by_kabupaten = (
    partial(total_coverage, f"{group}_code") for group in ("skill", "cluster", "kabupaten")
)


def _group_source(group: str) -> Source:
    """The coverage of each skill, cluster or kabupaten."""
    target, code = group.title(), f"{group}_code"
    return Source(
        f"{target}Coverage",
        None,
        visible=everybody,
        fields={
            group: ToOne(target, on=lambda row, other: other.c.code == row.c[code]),
            **{name: column(name) for name in COUNTS},
        },
        orders={"CODE_ASC": Order(lambda row: [row.c[code]])},
        node=False,
    )


SOURCES = (
    Source("Coverage", None, visible=everybody, fields={name: column(name) for name in COUNTS}, node=False),
    *(_group_source(group) for group in ("skill", "cluster", "kabupaten")),
)
