"""Days on which a volunteer cannot serve."""

import sqlalchemy as sa

from api import access
from api.compiler.source import FieldContext, Row, ToMany
from api.compiler.structure import filters, orders, table_source, to_one
from api.models import Absence, Assignment, Volunteer
from api.models.assignment_status import ASSIGNMENT
from api.rules.absence import midnight


def duties_on_its_days(row: Row, _context: FieldContext) -> sa.Select[tuple[object]]:
    """Promised and running duties that fall on days of the absence."""
    home = sa.select(Volunteer.c.kabupaten_code).where(Volunteer.c.id == row.c.volunteer_id).correlate(row)
    here = home.scalar_subquery()
    return sa.select(Assignment.c.id).where(
        Assignment.c.volunteer_id == row.c.volunteer_id,
        Assignment.c.status.in_(ASSIGNMENT.group("PROMISED")),
        midnight(here, row.c.since) < Assignment.c.ends_at,
        midnight(here, row.c.until + 1) > Assignment.c.starts_at,
    )


SOURCES = (
    table_source(
        Absence,
        access.sees_private_record,
        fields={
            "volunteer": to_one(Absence.c.volunteer_id, visible_with_parent=True),
            "affected_duties": ToMany("Assignment", "STARTS_AT_ASC", through=duties_on_its_days),
        },
        orders=orders(Absence, "-since"),
        filters=filters(Absence, "volunteer_id", "kind", "since..until", "cancelled_at"),
    ),
)
