"""Contingents."""

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.source import Expression, FieldContext, Row, Sql
from api.compiler.structure import connection, filters, orders, table_source, to_one
from api.models import CampRegistration, Contingent
from api.models.contingent import CONTINGENT, ContingentStatus
from api.resolvers.common import allowed_actions, status, status_filter
from api.resolvers.history import history


def open_places(contingent: Row, _context: FieldContext) -> Sql:
    """The places that it holds and has not named."""
    is_open = CONTINGENT.current(contingent, NOW) == ContingentStatus.ALLOTTED
    return sa.case((is_open, contingent.c.places - contingent.c.named), else_=sa.literal_column("0"))


SOURCES = (
    table_source(
        Contingent,
        access.sees_contingent,
        fields={
            "camp": to_one(Contingent.c.camp_id),
            "status": status(CONTINGENT),
            "open_places": Expression(open_places),
            "registrations": connection(CampRegistration.c.contingent_id),
            "history": history("Contingent"),
            "allowed_actions": allowed_actions(CONTINGENT),
        },
        orders=orders(Contingent, "-created_at"),
        filters={
            "status": status_filter(CONTINGENT, Contingent),
            **filters(Contingent, "camp_id", "organization_id", "kabupaten_code", "category_code", "payer_code"),
            **filters(Contingent, "places", "named", "number", "names_due_at", "arrives_at"),
        },
    ),
)
