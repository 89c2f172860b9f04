"""Assignments, and the exceptions recorded for them."""

from api import access
from api.compiler.source import Ask, Many, One, Row, Source, Truth, refers_to
from api.models import Assignment, Override, Volunteer
from api.resolvers.common import among, ordered


def of_volunteer(row: Row, ask: Ask, value: object) -> Truth:
    """A hidden volunteer is not found by their duties either."""
    person = Volunteer.alias()
    seen = access.sees_volunteer(ask.viewer, person)
    return access.there_is(row, person.c.id == row.c.volunteer_id, person.c.id == ask.key(value, "Volunteer"), seen)


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
            "volunteer": of_volunteer,
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
