"""Pledges, and what organizations ask of one another."""

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.filter import ConditionFilter
from api.compiler.source import Expression, FieldContext, Row, Sql
from api.compiler.structure import connection, filters, orders, table_source, to_many, to_one
from api.models import GoodsNeed, Pledge, PledgeRequest
from api.models.pledge import PLEDGE, PledgeStatus, filled
from api.resolvers.activity import activity
from api.resolvers.common import POSITION, ZONE, allowed_actions, status, status_filter
from api.resolvers.history import history
from api.resolvers.place import NearFilter, nearest_first, point
from api.rules.need import is_open_for_goods


def open_quantity(pledge: Row, _context: FieldContext) -> Sql:
    """What an open pledge still holds."""
    is_open = PLEDGE.current(pledge, NOW) == PledgeStatus.OPEN
    rest = sa.func.greatest(pledge.c.quantity - filled(pledge), 0)
    return sa.case((is_open, rest), else_=sa.literal_column("0"))


def percent(pledge: Row, _context: FieldContext) -> Sql:
    return sa.cast(filled(pledge), sa.Float) * 100 / pledge.c.quantity


def delivered(need: Row) -> Sql:
    """The quantity of goods that has come."""
    total = sa.select(sa.func.coalesce(sa.func.sum(Pledge.c.delivered), 0)).where(Pledge.c.goods_need_id == need.c.id)
    return sa.cast(total.correlate(need).scalar_subquery(), sa.Integer)


def promised(need: Row, _context: FieldContext) -> Sql:
    """What was delivered of goods, and what open pledges still hold."""
    pledge = Pledge.alias()
    is_open = PLEDGE.current(pledge, NOW) == PledgeStatus.OPEN
    held = sa.case((is_open, pledge.c.quantity), else_=pledge.c.delivered)
    total = sa.select(sa.func.coalesce(sa.func.sum(held), 0)).where(pledge.c.goods_need_id == need.c.id)
    return sa.cast(total.correlate(need).scalar_subquery(), sa.Integer)


SOURCES = (
    table_source(
        GoodsNeed,
        access.sees_part_of_incident,
        fields={
            "incident": to_one(GoodsNeed.c.incident_id, visible_with_parent=True),
            "site": to_one(GoodsNeed.c.site_id, visible_with_parent=True),
            "position": POSITION,
            "time_zone": ZONE,
            "pledged": Expression(promised),
            "delivered": Expression(lambda row, _context: delivered(row)),
            "pledges": connection(Pledge.c.goods_need_id),
            "history": history("GoodsNeed"),
            "activity": activity("need_id"),
        },
        orders=orders(GoodsNeed, "needed_by", "-created_at"),
        argument_orders=nearest_first(point),
        filters={
            "near": NearFilter(point),
            **filters(GoodsNeed, "incident_id", "cluster_code", "kabupaten_code", "site_id", "priority"),
            **filters(GoodsNeed, "quantity", "needed_by", "closed_at"),
            "open": ConditionFilter(lambda row, _context: is_open_for_goods(row, NOW)),
        },
    ),
    table_source(
        Pledge,
        access.sees_pledge,
        fields={
            "need": to_one(Pledge.c.need_id, visible_with_parent=True),
            "goods_need": to_one(Pledge.c.goods_need_id, visible_with_parent=True),
            "handed_over_to": to_one(Pledge.c.handed_over_to_id),
            "status": status(PLEDGE),
            "filled": Expression(lambda row, _context: filled(row)),
            "open_quantity": Expression(open_quantity),
            "percent": Expression(percent),
            "requests": to_many(PledgeRequest.c.pledge_id, "CREATED_AT_ASC"),
            "history": history("Pledge"),
            "allowed_actions": allowed_actions(PLEDGE),
        },
        orders=orders(Pledge, "-created_at"),
        filters={
            "status": status_filter(PLEDGE, Pledge),
            **filters(Pledge, "need_id", "goods_need_id", "organization_id", "quantity", "deadline"),
        },
    ),
    table_source(
        PledgeRequest,
        access.sees_pledge_request,
        fields={"pledge": to_one(PledgeRequest.c.pledge_id, visible_with_parent=True)},
        orders=orders(PledgeRequest, "-created_at"),
        filters=filters(PledgeRequest, "pledge_id", "organization_id", "status"),
    ),
)
