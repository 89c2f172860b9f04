"""Needs, the candidates for them, and the rules that forbid sending one person."""

from functools import partial
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.filter import ColumnFilter, ConditionFilter, period_bounds
from api.compiler.source import (
    Condition,
    Embedded,
    Expression,
    FieldContext,
    Order,
    Row,
    Source,
    Sql,
    TieredConnection,
    ToMany,
    column,
    everybody,
)
from api.compiler.structure import connection, filters, orders, table_source, to_many, to_one
from api.models import Assignment, Cluster, Need, NeedMinimum, Pledge, Volunteer
from api.models.base import INSTANT
from api.resolvers.activity import activity
from api.resolvers.common import POSITION, ZONE, reference
from api.resolvers.coverage import coverage, shortfall
from api.resolvers.history import history
from api.resolvers.place import IN_PROVINCE, NearFilter, distance_from, nearest_first, point
from api.rules.candidate import candidates
from api.rules.need import is_open
from api.rules.refusal import refusals
from api.rules.rule import Case, days_of, hours

STALE_HOURS = 48


def period_of_duty(need: Row, context: FieldContext) -> tuple[Sql, Sql]:
    """What is left of the period of the argument, or of the need's, as an offer takes it."""
    period: Any = context.arguments.get("period")
    starts, ends = (
        (need.c.starts_at, need.c.ends_at)
        if period is None
        else period_bounds(context, period, INSTANT, may_be_empty=False)
    )
    return sa.case((ends > NOW, sa.func.greatest(starts, NOW)), else_=starts), ends


def candidates_of_tier(number: int, need: Row, context: FieldContext) -> sa.Select[Any]:
    return candidates(number, need, *period_of_duty(need, context), now=NOW)


TIERS = tuple(partial(candidates_of_tier, number) for number in range(3))


def is_stale(need: Row, _context: FieldContext) -> Condition:
    """Open, and neither changed nor renewed for 48 hours."""
    untouched = need.c.updated_at <= NOW - hours(STALE_HOURS)
    return sa.and_(is_open(need, NOW), untouched)


def broken_rules(need: Row, context: FieldContext) -> sa.SelectBase:
    """The rules that forbid sending the volunteer of the argument in the period."""
    volunteer = Volunteer.alias()
    person = sa.select(volunteer).where(volunteer.c.id == context.key(context.arguments["volunteer"], "Volunteer"))
    one = person.lateral()
    starts, ends = period_of_duty(need, context)
    broken = refusals(context.viewer, Case(one, need, starts, ends, days_of(need, starts, ends), NOW)).lateral()
    return sa.select(*broken.c).select_from(one.join(broken, sa.true())).correlate(need)


SOURCES = (
    reference(Cluster),
    table_source(
        Need,
        access.sees_need,
        fields={
            "incident": to_one(Need.c.incident_id, visible_with_parent=True),
            "site": to_one(Need.c.site_id, visible_with_parent=True),
            "position": POSITION,
            "time_zone": ZONE,
            "distance_to": distance_from(point),
            "merged_into": to_one(Need.c.merged_into_id, visible_with_parent=True),
            "is_stale": Expression(is_stale),
            "minimums": to_many(NeedMinimum.c.need_id, "CREATED_AT_ASC", visible_with_parent=True),
            "history": history("Need"),
            "activity": activity("need_id"),
            "coverage": Embedded("Coverage", computed_row=coverage),
            "pledges": connection(Pledge.c.need_id),
            "assignments": connection(Assignment.c.need_id, policy=access.sees_assignment_of_need),
            "candidates": TieredConnection("Candidate", tiers=TIERS, guard=access.sends_to_need),
            "refusals": ToMany("Problem", "POSITION_ASC", rows=broken_rules, guard=access.sends_to_need),
        },
        orders={
            **orders(Need, "starts_at", "-created_at", "ends_at"),
            "SHORTFALL_DESC": Order(lambda row: [shortfall(row)], descending=True, is_computed=True),
            "SHORTFALL_ASC": Order(lambda row: [shortfall(row)], is_computed=True),
        },
        argument_orders=nearest_first(point),
        filters={
            "near": NearFilter(point),
            **filters(
                Need,
                *("incident_id", "skill_code", "minimum_rank_code", "cluster_code", "kabupaten_code", "site_id"),
                *("priority", "people_wanted", "starts_at", "ends_at", "closed_at", "starts_at..ends_at"),
            ),
            "province": IN_PROVINCE,
            "open": ConditionFilter(lambda row, _context: is_open(row, NOW)),
            "shortfall": ColumnFilter("shortfall", sa.Integer(), expression=shortfall),
            "stale": ConditionFilter(is_stale),
        },
    ),
    table_source(NeedMinimum, access.sees_need, orders=orders(NeedMinimum, "created_at"), node=False),
    Source(
        "Candidate",
        None,
        # A candidate's reach and consent are also what lets the need's coordinator see the person.
        visible=everybody,
        fields={
            "volunteer": Embedded("Volunteer"),
            "tier": Expression(
                lambda row, _context: sa.case(
                    (row.c.tier == 1, "KABUPATEN"), (row.c.tier == 2, "PROVINCE"), else_="NATIONAL"
                )
            ),
            "kilometres": column("kilometres"),
        },
        orders={"NEAREST": Order(lambda row: [row.c.tier, row.c.chord])},
        node=False,
    ),
)
