"""Care data as it was read, and how many people there are to feed at a camp, by meal and diet."""

from typing import Any

import sqlalchemy as sa

from api import access
from api.compiler.source import Condition, FieldContext, Order, Row, Source, Sql, ToMany, column, everybody
from api.models import CampCare, Scan
from api.models.camp_care import Diet
from api.models.day import day_bounds
from api.models.scan import ScanPoint
from api.rules.presence import GATE


def heads(camp: Row, context: FieldContext) -> sa.SelectBase:
    """For the day: everybody who was there at any time of it, without a meal, and who was served each meal."""
    day = context.bind(context.arguments["on"], type_=sa.Date())
    starts, ends = day_bounds(camp.c.kabupaten_code, day)
    scan = Scan.alias()
    here = sa.and_(scan.c.camp_id == camp.c.id, scan.c.counts, scan.c.at < ends)
    came = sa.and_(scan.c.point == ScanPoint.ENTRY, scan.c.at >= starts)
    stayed = sa.and_(scan.c.point == ScanPoint.ENTRY, sa.not_(_left_before(scan, starts)))
    present = _counted(
        camp, scan, context, sa.cast(sa.null(), sa.Text), here, scan.c.point.in_(GATE), sa.or_(came, stayed)
    )
    served = _counted(
        camp,
        scan,
        context,
        sa.func.coalesce(scan.c.item, "", type_=sa.Text()),
        here,
        scan.c.point == ScanPoint.MEAL,
        scan.c.at >= starts,
    )
    found = sa.union_all(present, served).subquery()
    return sa.select(*found.c)


def _counted(
    camp: Row, scan: sa.FromClause, context: FieldContext, item: Sql, *conditions: Condition
) -> sa.Select[Any]:
    """By diet for who plans the kitchen, for others all diets together."""
    care = CampCare.alias()
    eaten = sa.func.coalesce(care.c.diet, sa.literal_column(f"'{Diet.REGULAR}'"), type_=sa.Text())
    diet = sa.case((access.plans_kitchen(context.viewer, camp), eaten))
    people: Sql = sa.cast(sa.func.count(scan.c.person_id.distinct()), sa.Integer)
    return (
        sa.select(item.label("item"), diet.label("diet"), people.label("people"))
        .select_from(scan.outerjoin(care, care.c.registration_id == scan.c.registration_id))
        .where(*conditions)
        .group_by(item, diet)
        .correlate(camp)
    )


def _left_before(scan: sa.FromClause, instant: Sql) -> Sql:
    """Whether the person went out after this entry and before the instant."""
    later = Scan.alias()
    left: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        later.c.place_id == scan.c.place_id,
        later.c.person_id == scan.c.person_id,
        later.c.counts,
        later.c.point == ScanPoint.EXIT,
        later.c.at >= scan.c.at,
        later.c.at < instant,
    )
    return left.correlate(scan).correlate_except(later).exists()


HEADS = ToMany("CampHeads", "ITEM_ASC", rows=heads, guard=access.runs_camp)

SOURCES = (
    Source(
        "CareData",
        None,
        visible=everybody,
        fields={name: column(name) for name in ("diet", "fit_seen", "guardian_consent")},
        node=False,
    ),
    Source(
        "CampHeads",
        None,
        visible=everybody,
        fields={name: column(name) for name in ("item", "diet", "people")},
        orders={
            "ITEM_ASC": Order(
                lambda row: [
                    sa.func.coalesce(row.c.item, "", type_=sa.Text()),
                    row.c.item.is_not(None),
                    sa.func.coalesce(row.c.diet, "", type_=sa.Text()),
                ]
            )
        },
        node=False,
    ),
)
