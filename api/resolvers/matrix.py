"""Who does what where: organization by cluster by kabupaten on one day."""

import uuid
from typing import Any

import sqlalchemy as sa

from api.access import NOW
from api.compiler.source import FieldContext, Order, Row, Source, Sql, ToOne, column, everybody
from api.models import Assignment, Commitment, Need, Pledge
from api.models.assignment import AssignmentStatus
from api.models.day import day_bounds, local_day
from api.models.pledge import PLEDGE, PledgeStatus

# Statuses of people who are at work or were.
DELIVERED = (AssignmentStatus.ON_DUTY, AssignmentStatus.COMPLETED, AssignmentStatus.RELEASED)
PLACE = ("cluster_code", "kabupaten_code")
NO_ORGANIZATION = sa.cast(sa.literal_column(f"'{uuid.UUID(int=0)}'"), sa.Uuid)
COUNTS = ("promised", "committed", "delivered")


def needs_of_day(incident: Row, day: Sql) -> sa.Select[Any]:
    """The needs of the incident that are open and whose period touches the day in their kabupaten."""
    need = Need.alias()
    last = need.c.ends_at - sa.func.make_interval(0, 0, 0, 0, 0, 0, sa.literal_column("0.000001"))
    touches = sa.and_(
        local_day(need.c.kabupaten_code, need.c.starts_at) <= day, local_day(need.c.kabupaten_code, last) >= day
    )
    return (
        sa.select(*(need.c[name] for name in ("id", "people_wanted", *PLACE)))
        .where(need.c.incident_id == incident.c.id, need.c.closed_at.is_(None), touches)
        .correlate(incident)
    )


def contributions(needs: Any, day: Sql) -> sa.CompoundSelect[Any]:
    """What each need wants, what each pledge promises, and each person who is committed on the day."""
    pledge, holder = Pledge.alias(), Pledge.alias()
    starts, ends = day_bounds(needs.c.kabupaten_code, day)
    place = [needs.c[name] for name in PLACE]
    none, no_one = sa.literal_column("0", sa.Integer), sa.cast(sa.null(), sa.Uuid)
    wanted = sa.select(*place, no_one.label("organization_id"), *(none.label(name) for name in COUNTS))
    promised = sa.select(*place, pledge.c.organization_id, pledge.c.quantity, none, none).where(
        pledge.c.need_id == needs.c.id, PLEDGE.current(pledge, NOW) == PledgeStatus.OPEN
    )
    is_at_work = sa.cast(Assignment.c.status.in_(DELIVERED), sa.Integer)
    committed = (
        sa.select(*place, holder.c.organization_id, none, sa.literal_column("1", sa.Integer), is_at_work)
        .select_from(needs)
        .join(Assignment, Assignment.c.need_id == needs.c.id)
        .join(Commitment, Commitment.c.assignment_id == Assignment.c.id)
        .outerjoin(holder, holder.c.id == Assignment.c.pledge_id)
        .where(Commitment.c.period.op("&&", is_comparison=True)(sa.func.tstzrange(starts, ends)))
    )
    return sa.union_all(wanted.select_from(needs), promised.select_from(needs.join(pledge, sa.true())), committed)


def coverage_matrix(incident: Row, context: FieldContext) -> sa.Select[Any]:
    day = context.bind(context.arguments["on"], type_=sa.Date())
    needs = needs_of_day(incident, day).cte("need_of_day", nesting=True)
    each = contributions(needs, day).subquery()
    cell = (
        sa.select(
            *(each.c[name] for name in (*PLACE, "organization_id")),
            *(sa.cast(sa.func.sum(each.c[name]), sa.Integer).label(name) for name in COUNTS),
        )
        .group_by(*(each.c[name] for name in (*PLACE, "organization_id")))
        .subquery()
    )
    wanted = (
        sa.select(
            *(needs.c[name] for name in PLACE), sa.cast(sa.func.sum(needs.c.people_wanted), sa.Integer).label("wanted")
        )
        .group_by(*(needs.c[name] for name in PLACE))
        .subquery()
    )
    taken = sa.cast(sa.func.greatest(cell.c.promised, cell.c.committed), sa.Float)
    whole = sa.func.sum(taken).over(partition_by=[cell.c[name] for name in PLACE])
    same = sa.and_(*(cell.c[name] == wanted.c[name] for name in PLACE))
    return sa.select(
        *cell.c,
        wanted.c.wanted,
        (100 * taken / wanted.c.wanted).label("percent"),
        (100 * whole / wanted.c.wanted).label("total_percent"),
    ).select_from(cell.join(wanted, same))


def is_ordinary(row: Row) -> Sql:
    """False, which sorts first, for what nobody does or what too many do."""
    return sa.and_(row.c.total_percent > 0, row.c.total_percent <= 100)


SOURCES = (
    Source(
        "CoverageCell",
        None,
        visible=everybody,
        fields={
            "organization": ToOne("Organization", on=lambda row, other: other.c.id == row.c.organization_id),
            "cluster": ToOne("Cluster", on=lambda row, other: other.c.code == row.c.cluster_code),
            "kabupaten": ToOne("Kabupaten", on=lambda row, other: other.c.code == row.c.kabupaten_code),
            **{name: column(name) for name in ("wanted", *COUNTS, "percent", "total_percent")},
        },
        orders={
            "EXTREMES_FIRST": Order(
                lambda row: [
                    is_ordinary(row),
                    row.c.kabupaten_code,
                    row.c.cluster_code,
                    sa.func.coalesce(row.c.organization_id, NO_ORGANIZATION, type_=sa.Uuid()),
                ]
            )
        },
        node=False,
    ),
)
