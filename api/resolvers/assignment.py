"""Assignments, and the exceptions recorded for them."""

from api import access
from api.compiler.source import Condition, FieldContext, Row, Source, ToMany, ToOne, refers_to
from api.models import Assignment, Override, Volunteer
from api.resolvers.common import among, ordered


def of_volunteer(row: Row, context: FieldContext, value: object) -> Condition:
    """A hidden volunteer is not found by their duties either."""
    person = Volunteer.alias()
    seen = access.sees_volunteer(context.viewer, person)
    return access.exists_where(
        row, person.c.id == row.c.volunteer_id, person.c.id == context.key(value, "Volunteer"), seen
    )


SOURCES = (
    Source(
        "Assignment",
        Assignment,
        visible=access.sees_assignment,
        fields={
            # Needs are public.
            "need": ToOne("Need", on=lambda row, other: other.c.id == row.c.need_id, visible_with_parent=True),
            "volunteer": ToOne("Volunteer", on=lambda row, other: other.c.id == row.c.volunteer_id),
            "overrides": ToMany(
                "Override",
                "CREATED_AT",
                on=lambda row, other: other.c.assignment_id == row.c.id,
                visible_with_parent=True,
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
