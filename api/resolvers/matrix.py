"""Who does what where: organization by cluster by kabupaten on one day."""

import uuid
from typing import Any

import sqlalchemy as sa

from api.access import NOW
from api.compiler.source import FieldContext, Order, Row, Source, Sql, ToOne, column, everybody
from api.models import Assignment, Need, Pledge
from api.models.assignment_status import AssignmentStatus
from api.models.day import day_bounds
from api.models.pledge import PLEDGE, PledgeStatus
from api.resolvers.coverage import stood_on
from api.rules.place import most_taken, places_wanted
from api.rules.pledge import places_held

# Statuses of people who are at work or were.
DELIVERED = (AssignmentStatus.ON_DUTY, AssignmentStatus.COMPLETED, AssignmentStatus.RELEASED)
PLACE = ("cluster_code", "kabupaten_code")
NO_ORGANIZATION = sa.cast(sa.literal_column(f"'{uuid.UUID(int=0)}'"), sa.Uuid)
COUNTS = ("promised", "committed", "delivered")


def needs_of_day(incident: Row, day: Sql) -> sa.Select[Any]:
    """The needs of the incident that stood on the day and whose period touches it in their kabupaten."""
    need = Need.alias()
    begin, end = day_bounds(need.c.kabupaten_code, day)
    return (
        sa.select(*(need.c[name] for name in ("id", *PLACE)), begin.label("begin"), end.label("end"))
        .add_columns(places_wanted(need).label("wanted"))
        .where(need.c.incident_id == incident.c.id, need.c.starts_at < end, need.c.ends_at > begin)
        .where(stood_on(need, day))
        .correlate(incident)
    )


def parts(needs: Any) -> Any:
    """Each pledge of each need, with what it promises while it is open; and of each need what no pledge promises."""
    pledge = Pledge.alias()
    of_need = [needs.c[name] for name in ("id", "begin", "end", *PLACE)]
    no_one = sa.cast(sa.null(), sa.Uuid)
    is_open = PLEDGE.current(pledge, NOW) == PledgeStatus.OPEN
    promised = sa.case((is_open, pledge.c.quantity), else_=0).label("promised")
    of_pledges = sa.select(*of_need, pledge.c.id.label("pledge_id"), pledge.c.organization_id, promised)
    direct = sa.select(*of_need, no_one, no_one, sa.literal_column("0", sa.Integer))
    return sa.union_all(
        of_pledges.select_from(needs.join(pledge, pledge.c.need_id == needs.c.id)), direct.select_from(needs)
    ).subquery()


def contributions(part: Any) -> Any:
    """What each part promises, and its people at the instant of the day at which they are most: all, and those at work."""

    def most(*conditions: Sql) -> Sql:
        own = Assignment.c.pledge_id.is_not_distinct_from(part.c.pledge_id)
        return most_taken(part, part.c.begin, part.c.end, own, *conditions)

    committed, delivered = most(), most(Assignment.c.status.in_(DELIVERED))
    columns = [part.c[name] for name in (*PLACE, "organization_id", "pledge_id", "promised")]
    return sa.select(*columns, committed.label("committed"), delivered.label("delivered")).offset(0).subquery()


def coverage_matrix(incident: Row, context: FieldContext) -> sa.Select[Any]:
    day = context.bind(context.arguments["on"], type_=sa.Date())
    needs = needs_of_day(incident, day).cte("need_of_day", nesting=True)
    each = contributions(parts(needs))
    group = [each.c[name] for name in (*PLACE, "organization_id")]
    # The places of an open pledge count in full, whether filled or not.
    taken = sa.case((each.c.promised > 0, each.c.promised), else_=each.c.committed)
    cell = (
        sa.select(
            *group,
            *(_sum(each.c[name]).label(name) for name in COUNTS),
            _sum(taken).label("taken"),
        )
        .where(sa.or_(each.c.pledge_id.is_(None), taken > 0))
        .group_by(*group)
        .subquery()
    )
    place = [needs.c[name] for name in PLACE]
    held = places_held(needs.c.id, NOW, needs.c.begin, needs.c.end)
    total = (
        sa.select(*place, _sum(needs.c.wanted).label("wanted"), _sum(held).label("held")).group_by(*place).subquery()
    )
    same = sa.and_(*(cell.c[name] == total.c[name] for name in PLACE))
    return sa.select(
        *(cell.c[name] for name in (*PLACE, "organization_id", *COUNTS)),
        total.c.wanted,
        (sa.cast(cell.c.taken, sa.Float) * 100 / total.c.wanted).label("percent"),
        (sa.cast(total.c.held, sa.Float) * 100 / total.c.wanted).label("total_percent"),
    ).select_from(cell.join(total, same))


def _sum(number: Sql) -> Sql:
    return sa.cast(sa.func.sum(number), sa.Integer)


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
