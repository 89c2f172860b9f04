"""Assignments, and the exceptions recorded for them."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Condition, Embedded, Expression, FieldContext, Row, Source, Sql, column, everybody
from api.compiler.structure import filters, orders, related, table_source, to_many, to_one
from api.models import Assignment, Attendance, Need, Override, ServedHours
from api.models.assignment_status import ASSIGNMENT, AssignmentStatus, has_proposal
from api.models.day import time_zone
from api.resolvers.common import allowed_actions, status, status_filter
from api.resolvers.history import history, recorder_name
from api.resolvers.hours import counted_hours
from api.resolvers.letter import LETTER


def zone_of_duty(row: Row, _context: FieldContext) -> Sql:
    need = Need.alias()
    place = sa.select(need.c.kabupaten_code).where(need.c.id == row.c.need_id)
    return time_zone(place.correlate(row).scalar_subquery())


def of_incident(row: Row, context: FieldContext, value: object) -> Condition:
    """Made for a duty in the incident."""
    duties = sa.select(Assignment.c.id).join(Need, Need.c.id == Assignment.c.need_id)
    return row.c.assignment_id.in_(duties.where(Need.c.incident_id == context.key(value, "Incident")))


def is_unconfirmed(row: Row, context: FieldContext) -> Condition:
    """Completed, and no hours count."""
    is_completed = ASSIGNMENT.current(row, access.NOW) == AssignmentStatus.COMPLETED
    return sa.and_(is_completed, counted_hours(row, context).is_(None))


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
            "attendance": to_many(Attendance.c.assignment_id, "AT_ASC", visible_with_parent=True),
            "is_unconfirmed": Expression(is_unconfirmed),
            "hours": Expression(counted_hours),
            "served_hours": to_many(ServedHours.c.assignment_id, "CREATED_AT_ASC", visible_with_parent=True),
            "letter": LETTER,
            "proposed_ends_at": Expression(
                lambda row, _context: sa.case((has_proposal(row, access.NOW), row.c.proposed_ends_at))
            ),
            "evaluation": Embedded(
                "Evaluation", exists=lambda row: row.c.rating.is_not(None), guard=access.cancels_assignment
            ),
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
    Source(
        "Evaluation",
        None,
        # Whoever may read the assignment's evaluation, by its guard.
        visible=everybody,
        fields={"rating": column("rating"), "comment": column("rating_comment"), "rated_at": column("rated_at")},
        node=False,
    ),
    table_source(
        Attendance,
        access.sees_part_of_assignment,
        fields={"reported_by": Expression(recorder_name)},
        orders=orders(Attendance, "at"),
        node=False,
    ),
    table_source(
        Override,
        access.sees_part_of_assignment,
        fields={
            "assignment": to_one(Override.c.assignment_id, visible_with_parent=True),
            "decided_by": Expression(recorder_name),
        },
        orders=orders(Override, "-created_at"),
        filters={**filters(Override, "rule_code", "account_id", "created_at"), "incident": of_incident},
    ),
)
