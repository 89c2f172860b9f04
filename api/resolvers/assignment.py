"""Assignments, and the exceptions recorded for them."""

from api import access
from api.compiler.source import Many, One, Source, refers_to
from api.models import Assignment, Override
from api.resolvers.common import among, ordered

SOURCES = (
    Source(
        "Assignment",
        Assignment,
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
        Override,
        visible=access.sees_override,
        orders={"CREATED_AT": ordered("created_at")},
        node=False,
    ),
)
