"""Assignments, and the exceptions recorded for them."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Many, One, Row, Source, Truth, Viewer, refers_to
from api.models import Assignment, Override
from api.resolvers.common import among, ordered


def sees_override(viewer: Viewer, row: Row) -> Truth:
    """Who sees the assignment sees what was overridden for it."""
    assignment = Assignment.columns().alias()
    seen = sa.select(sa.literal_column("1")).where(
        assignment.c.id == row.c.assignment_id, access.sees_assignment(viewer, assignment)
    )
    return seen.correlate(row).exists()


SOURCES = (
    Source(
        "Assignment",
        Assignment.columns(),
        visible=access.sees_assignment,
        fields={
            # Needs are public.
            "need": One("Need", on=lambda row, other: other.c.id == row.c.need_id, covered=True),
            "volunteer": One("Volunteer", on=lambda row, other: other.c.id == row.c.volunteer_id),
            "overrides": Many(
                "Override", "CREATED_AT", on=lambda row, other: other.c.assignment_id == row.c.id, covered=True
            ),
        },
        orders={
            "STARTS_AT": ordered("starts_at", descending=True),
            "CREATED_AT": ordered("created_at", descending=True),
        },
        filters={
            "status": among("status"),
            "need": refers_to("need_id", "Need"),
            "volunteer": refers_to("volunteer_id", "Volunteer"),
        },
    ),
    Source(
        "Override",
        Override.columns(),
        visible=sees_override,
        orders={"CREATED_AT": ordered("created_at")},
        node=False,
    ),
)
