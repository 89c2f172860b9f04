"""Who sees, holds and releases pledges."""

import sqlalchemy as sa

from api.access.actor import Condition, Kind, Row, Sql
from api.access.condition import any_of, exists_where, leads_to, manages
from api.access.incident import sends_to_need
from api.access.standing import manages_any_standing
from api.models import GoodsNeed, Need, Pledge, PledgeRequest


def shares_work(kind: Kind, _row: Row) -> Condition:
    """All coordinators, and the managers of organizations that stand."""
    return sa.literal(True) if kind.coordinator else manages_any_standing(kind)


def sees_pledge(kind: Kind, row: Row) -> Condition:
    """Who shares the work; managers of an organization that does not stand, what it holds or has asked for."""
    if kind.coordinator:
        return shares_work(kind, row)
    request = PledgeRequest.alias()
    asked = exists_where(row, request.c.pledge_id == row.c.id, manages(kind, request.c.organization_id))
    return any_of(shares_work(kind, row), holds_pledge(kind, row), asked if kind.organizations else None)


def sees_pledge_request(kind: Kind, row: Row) -> Condition:
    """Coordinators, and the managers of both organizations."""
    holder = leads_to(kind, row.c.pledge_id, Pledge, holds_pledge)
    return any_of(
        sa.literal(kind.coordinator),
        manages(kind, row.c.organization_id),
        holder if kind.organizations else None,
    )


def holds_pledge(kind: Kind, pledge: Row) -> Condition:
    """Managers of the organization that holds it."""
    return manages(kind, pledge.c.organization_id)


def releases_pledge(kind: Kind, pledge: Row) -> Condition:
    """Managers of the organization that holds it, coordinators of the need's kabupaten."""
    if kind.nation:
        return sa.true()
    at_need = leads_to(kind, pledge.c.need_id, Need, sends_to_need)
    at_goods = leads_to(kind, pledge.c.goods_need_id, GoodsNeed, sends_to_need)
    return any_of(holds_pledge(kind, pledge), *((at_need, at_goods) if kind.places else ()))


def sends_under_pledge(kind: Kind, need: Row, pledge_id: Sql) -> Condition:
    """Who sends to the need, and the managers of the organization that holds the pledge of it, if one is named."""
    pledge = Pledge.alias()
    holds = exists_where(need, pledge.c.id == pledge_id, pledge.c.need_id == need.c.id, holds_pledge(kind, pledge))
    return any_of(sends_to_need(kind, need), holds if kind.organizations else None)
