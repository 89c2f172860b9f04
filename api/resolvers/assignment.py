"""Assignments, and the exceptions recorded for them."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Expression, FieldContext, Row, Sql
from api.compiler.structure import filters, orders, related, table_source, to_many, to_one
from api.models import Assignment, Need, Override
from api.models.assignment import ASSIGNMENT
from api.models.day import time_zone
from api.resolvers.common import allowed_actions, status, status_filter
from api.resolvers.history import account_name, history


def zone_of_duty(row: Row, _context: FieldContext) -> Sql:
    need = Need.alias()
    place = sa.select(need.c.kabupaten_code).where(need.c.id == row.c.need_id)
    return time_zone(place.correlate(row).scalar_subquery())


SOURCES = (
    table_source(
        Assignment,
        access.sees_assignment,
        fields={
            # Needs are public.
            "need": to_one(Assignment.c.need_id, visible_with_parent=True),
            "status": status(ASSIGNMENT),
            "time_zone": Expression(zone_of_duty),
            "overrides": to_many(Override.c.assignment_id, "CREATED_AT_ASC", visible_with_parent=True),
            "history": history("Assignment"),
            "allowed_actions": allowed_actions(ASSIGNMENT),
        },
        orders=orders(Assignment, "-starts_at", "-created_at"),
        filters={
            "status": status_filter(ASSIGNMENT, Assignment),
            **filters(
                Assignment, "need_id", "volunteer_id", "starts_at", "ends_at", "expires_at", "starts_at..ends_at"
            ),
            "incident": related(Assignment.c.need_id, Need.c.incident_id),
            "kabupaten": related(Assignment.c.need_id, Need.c.kabupaten_code),
        },
    ),
    table_source(
        Override,
        access.sees_override,
        fields={"decided_by": Expression(account_name)},
        orders=orders(Override, "created_at"),
        node=False,
    ),
)
