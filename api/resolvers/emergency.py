"""Emergency statuses: dated decrees for a territory."""

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.filter import ConditionFilter
from api.compiler.source import Condition, Expression, FieldContext, Row
from api.compiler.structure import filters, orders, table_source, to_one
from api.models import EmergencyStatus
from api.models.day import local_day
from api.resolvers.history import history

JAKARTA = "31"


def is_in_force(row: Row, _context: FieldContext) -> Condition:
    """On the present day in its territory; in Jakarta for the nation."""
    today = local_day(sa.func.coalesce(row.c.kabupaten_code, row.c.province_code, JAKARTA), NOW)
    return sa.and_(row.c.starts_on <= today, row.c.ends_on >= today)


SOURCES = (
    table_source(
        EmergencyStatus,
        access.sees_part_of_incident,
        fields={
            "incident": to_one(EmergencyStatus.c.incident_id, visible_with_parent=True),
            "is_in_force": Expression(is_in_force),
            "history": history("EmergencyStatus"),
        },
        orders=orders(EmergencyStatus, "-starts_on", "-ends_on", "-created_at"),
        filters={
            **filters(EmergencyStatus, "incident_id", "kind", "level", "kabupaten_code", "province_code"),
            **filters(EmergencyStatus, "decree_number", "starts_on", "ends_on", "starts_on..ends_on"),
            "in_force": ConditionFilter(is_in_force),
        },
    ),
)
