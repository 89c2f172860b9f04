"""Insurances of volunteers."""

from api import access
from api.compiler.structure import filters, orders, table_source, to_one
from api.models import Insurance

SOURCES = (
    table_source(
        Insurance,
        access.sees_private_record,
        fields={"volunteer": to_one(Insurance.c.volunteer_id, visible_with_parent=True)},
        orders=orders(Insurance, "-since", "until"),
        filters=filters(Insurance, "volunteer_id", "kind", "number", "since..until", "until"),
    ),
)
