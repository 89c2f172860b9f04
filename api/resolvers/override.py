"""How often rules were set aside in an incident: by whom, in which month."""

from typing import Any

import sqlalchemy as sa

from api import access
from api.compiler.source import Expression, FieldContext, Order, Row, Source, ToMany, column, everybody
from api.models import Assignment, Need, Override
from api.models.day import local_day
from api.resolvers.history import account_name


def override_counts(incident: Row, _context: FieldContext) -> sa.Select[Any]:
    """The exceptions of each account to each rule in each month, the month in the need's kabupaten."""
    day = local_day(Need.c.kabupaten_code, Override.c.created_at)
    month = sa.cast(sa.func.date_trunc("month", sa.cast(day, sa.DateTime)), sa.Date).label("month")
    number = sa.cast(sa.func.count(), sa.Integer).label("count")
    found = (
        sa.select(month, Override.c.rule_code, Override.c.account_id, number)
        .select_from(Override)
        .join(Assignment, Assignment.c.id == Override.c.assignment_id)
        .join(Need, Need.c.id == Assignment.c.need_id)
        .where(Need.c.incident_id == incident.c.id)
        .group_by(month, Override.c.rule_code, Override.c.account_id)
    )
    return found.correlate(incident)


OVERRIDE_COUNTS = ToMany("OverrideCount", "MONTH_ASC", rows=override_counts, guard=access.coordinates_incident)

SOURCES = (
    Source(
        "OverrideCount",
        None,
        visible=everybody,
        fields={
            **{name: column(name) for name in ("month", "rule_code", "count")},
            "decided_by": Expression(account_name),
        },
        orders={"MONTH_ASC": Order(lambda row: [row.c.month, row.c.rule_code, row.c.account_id])},
        node=False,
    ),
)
