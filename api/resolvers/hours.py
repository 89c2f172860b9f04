"""Served hours: of one duty, and summed up for a volunteer."""

import uuid
from typing import Any

import sqlalchemy as sa

from api import access
from api.compiler.source import Expression, FieldContext, Order, Row, Source, Sql, ToMany, ToOne, column, everybody
from api.compiler.structure import table_source
from api.models import Assignment, Need, ServedHours
from api.models.base import INSTANT
from api.models.hours import HoursStatus
from api.resolvers.history import recorder_name

SECONDS_PER_HOUR = 3600
NO_ORGANIZATION = sa.cast(sa.literal_column(f"'{uuid.UUID(int=0)}'"), sa.Uuid)


def in_hours(since: Sql, until: Sql) -> Sql:
    """The hours from one instant to another, added up over the rows."""
    seconds = sa.extract("epoch", sa.func.sum(until - since, type_=sa.Interval()))
    return sa.cast(seconds, sa.Float) / SECONDS_PER_HOUR


def counted_hours(row: Row, _context: FieldContext) -> Sql:
    """The hours of a duty that count; null as long as none do."""
    counted = sa.select(in_hours(ServedHours.c.starts_at, ServedHours.c.ends_at)).where(
        ServedHours.c.assignment_id == row.c.id, ServedHours.c.status == HoursStatus.COUNTED
    )
    return counted.correlate(row).scalar_subquery()


def bound(context: FieldContext, name: str, endless: str) -> Sql:
    """An end of the period that the arguments name; endless where it is left out."""
    value, end = context.arguments.get(name), sa.cast(sa.literal_column(f"'{endless}'"), INSTANT)
    return end if value is None else sa.func.coalesce(context.bind(value, type_=INSTANT), end, type_=INSTANT)


def summed_hours(volunteer: Row, context: FieldContext) -> sa.Select[Any]:
    """The counted hours of a volunteer within a period, for each organization, incident and skill."""
    since, until = bound(context, "from", "-infinity"), bound(context, "until", "infinity")
    starts, ends = (
        sa.func.greatest(ServedHours.c.starts_at, since, type_=INSTANT),
        sa.func.least(ServedHours.c.ends_at, until, type_=INSTANT),
    )
    groups = (Assignment.c.organization_id, Need.c.incident_id, Need.c.skill_code)
    return (
        sa.select(*groups, in_hours(starts, ends).label("hours"))
        .select_from(ServedHours)
        .join(Assignment, Assignment.c.id == ServedHours.c.assignment_id)
        .join(Need, Need.c.id == Assignment.c.need_id)
        .where(Assignment.c.volunteer_id == volunteer.c.id, ServedHours.c.status == HoursStatus.COUNTED, starts < ends)
        .group_by(*groups)
        .correlate(volunteer)
    )


HOURS = ToMany("HoursSum", "INCIDENT_ASC", rows=summed_hours, guard=access.knows_volunteer)

SOURCES = (
    table_source(
        ServedHours,
        access.sees_part_of_assignment,
        fields={"recorded_by": Expression(recorder_name)},
        # Parts of a stay are recorded at one instant.
        orders={"CREATED_AT_ASC": Order(lambda row: [row.c.created_at, row.c.starts_at])},
        node=False,
    ),
    Source(
        "HoursSum",
        None,
        visible=everybody,
        fields={
            "organization": ToOne("Organization", on=lambda row, other: other.c.id == row.c.organization_id),
            "incident": ToOne("Incident", on=lambda row, other: other.c.id == row.c.incident_id),
            "skill": ToOne("Skill", on=lambda row, other: other.c.code == row.c.skill_code),
            "hours": column("hours"),
        },
        orders={
            "INCIDENT_ASC": Order(
                lambda row: [
                    row.c.incident_id,
                    row.c.skill_code,
                    sa.func.coalesce(row.c.organization_id, NO_ORGANIZATION, type_=sa.Uuid()),
                ]
            )
        },
        node=False,
    ),
)
