"""Sites, how full they are, and what a kitchen can cook."""

from typing import Any

import sqlalchemy as sa

from api import access
from api.compiler.filter import ConditionFilter
from api.compiler.source import (
    Condition,
    Embedded,
    Expression,
    FieldContext,
    Row,
    Source,
    Sql,
    column,
    everybody,
)
from api.compiler.structure import connection, filters, orders, table_source, to_many, to_one
from api.models import Assignment, Commitment, KitchenType, Need, Site, SiteLoad
from api.models.day import day_bounds
from api.models.site import SiteKind
from api.resolvers.activity import activity
from api.resolvers.common import POSITION, ZONE, reference
from api.resolvers.history import history
from api.resolvers.place import NearFilter, distance_from, nearest_first, point
from api.resolvers.scan import OF_SITE
from api.rules.training import skills_on


def counted(site: Row, column_name: str, *, back: int = 0) -> Sql:
    """A column of the latest count of a site, or of one before that."""
    found = sa.select(SiteLoad.c[column_name]).where(SiteLoad.c.site_id == site.c.id)
    ordered = found.order_by(SiteLoad.c.at.desc(), SiteLoad.c.id.desc()).offset(back).limit(1)
    return ordered.correlate(site).scalar_subquery()


def is_full(site: Row, _context: FieldContext) -> Sql:
    return sa.func.coalesce(counted(site, "people") >= site.c.capacity, sa.false(), type_=sa.Boolean())


def filling_in(site: Row, _context: FieldContext) -> Sql:
    """Hours from the latest count until it is full, at the rate between the latest two; null while it does not fill."""
    people, before = counted(site, "people"), counted(site, "people", back=1)
    seconds = sa.extract("epoch", counted(site, "at") - counted(site, "at", back=1))
    hours = (site.c.capacity - people) * sa.cast(seconds, sa.Float) / 3600 / sa.func.nullif(people - before, 0)
    return sa.case((people >= site.c.capacity, sa.literal_column("0.0", sa.Float)), (people > before, hours))


def kitchen_plan(site: Row, context: FieldContext) -> sa.Select[Any]:
    """What the shelters of a kitchen eat on a day, and what the kitchen and its crew can do."""
    day = context.bind(context.arguments["on"], type_=sa.Date())
    starts, ends = day_bounds(site.c.kabupaten_code, day)
    people = people_to_feed(site, starts, ends)
    type_ = KitchenType.alias()
    packs = type_.c.packs_per_cooking * type_.c.cookings_per_day
    meals = people * type_.c.meals_per_day
    crew, trained = (crew_count(site, starts, ends, only) for only in (None, trained_on(day, type_)))
    return sa.select(
        people.label("people_to_feed"),
        meals.label("meals_wanted"),
        packs.label("packs_possible"),
        sa.func.greatest(meals - packs, 0).label("packs_short"),
        type_.c.crew.label("crew_wanted"),
        crew.label("crew"),
        trained.label("crew_trained"),
        sa.func.greatest(type_.c.crew - trained, 0).label("crew_short"),
    ).where(type_.c.code == site.c.kitchen_type_code)


def people_to_feed(site: Row, starts: Sql, ends: Sql) -> Sql:
    """The latest counts of the day or before, of the shelters that the kitchen serves and that are open on the day."""
    shelter = Site.alias()
    latest = sa.select(SiteLoad.c.people).where(SiteLoad.c.site_id == shelter.c.id, SiteLoad.c.at < ends)
    latest = latest.order_by(SiteLoad.c.at.desc(), SiteLoad.c.id.desc()).limit(1).correlate(shelter)
    total = sa.select(sa.func.coalesce(sa.func.sum(latest.scalar_subquery()), 0)).where(
        shelter.c.kitchen_id == site.c.id,
        shelter.c.opened_at < ends,
        sa.or_(shelter.c.closed_at.is_(None), shelter.c.closed_at > starts),
    )
    return sa.cast(total.correlate(site).scalar_subquery(), sa.Integer)


def crew_duties(site_id: Sql, starts: Sql, ends: Sql, *columns: Any) -> sa.Select[Any]:
    """The duties at a kitchen that are promised or served for a part of the day."""
    return (
        sa.select(*columns)
        .select_from(Assignment)
        .join(Need, Need.c.id == Assignment.c.need_id)
        .join(Commitment, Commitment.c.assignment_id == Assignment.c.id)
        .where(
            Need.c.site_id == site_id,
            Commitment.c.period.op("&&", is_comparison=True)(sa.func.tstzrange(starts, ends)),
        )
    )


def trained_on(day: Sql, type_: Row) -> Condition:
    """Whether the volunteer of a duty is trained for the kitchen on the day."""
    return type_.c.skill_code.in_(skills_on(Assignment.c.volunteer_id, day).correlate(Assignment))


def crew_count(site: Row, starts: Sql, ends: Sql, only: Condition | None) -> Sql:
    people = sa.func.count(Assignment.c.volunteer_id.distinct())
    counted = crew_duties(site.c.id, starts, ends, people)
    counted = counted if only is None else counted.where(only)
    return sa.cast(counted.correlate_except(Assignment, Need, Commitment).scalar_subquery(), sa.Integer)


PLAN_COLUMNS = (
    *("people_to_feed", "meals_wanted", "packs_possible", "packs_short"),
    *("crew_wanted", "crew", "crew_trained", "crew_short"),
)

SOURCES = (
    reference(KitchenType),
    table_source(
        Site,
        access.sees_part_of_incident,
        fields={
            "incident": to_one(Site.c.incident_id, visible_with_parent=True),
            "position": POSITION,
            "time_zone": ZONE,
            "distance_to": distance_from(point),
            "people": Expression(lambda row, _context: counted(row, "people")),
            "counted_at": Expression(lambda row, _context: counted(row, "at")),
            "loads": connection(SiteLoad.c.site_id, visible_with_parent=True),
            "is_full": Expression(is_full),
            "filling_in": Expression(filling_in),
            "shelters": to_many(Site.c.kitchen_id, "OPENED_AT_ASC"),
            "needs": connection(Need.c.site_id, visible_with_parent=True),
            "kitchen_plan": Embedded(
                "KitchenPlan", computed_row=kitchen_plan, exists=lambda row: row.c.kind == SiteKind.PUBLIC_KITCHEN
            ),
            **OF_SITE,
            "history": history("Site"),
            "activity": activity("site_id"),
        },
        orders=orders(Site, "-opened_at", "-created_at", "name"),
        argument_orders=nearest_first(point),
        filters={
            "near": NearFilter(point),
            **filters(Site, "incident_id", "kind", "name", "kabupaten_code", "organization_id", "kitchen_id"),
            **filters(Site, "capacity", "opened_at", "closed_at", "opened_at..closed_at"),
            "open": ConditionFilter(lambda row, _context: row.c.closed_at.is_(None)),
        },
    ),
    table_source(
        SiteLoad,
        access.sees_part_of_incident,
        fields={"site": to_one(SiteLoad.c.site_id, visible_with_parent=True)},
        orders=orders(SiteLoad, "-at"),
        filters=filters(SiteLoad, "site_id", "at", "people"),
    ),
    Source(
        "KitchenPlan",
        None,
        visible=everybody,
        fields={name: column(name) for name in PLAN_COLUMNS},
        node=False,
    ),
)
