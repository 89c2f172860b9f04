"""What a letter of assignment says, for whoever prints it."""

from typing import Any

import sqlalchemy as sa

from api import access
from api.compiler.source import Embedded, FieldContext, Row, Source, Sql, ToOne, column, everybody
from api.models import Event, Need
from api.models.assignment_status import ASSIGNMENT, AssignmentStatus
from api.models.base import INSTANT
from api.models.day import time_zone


def letter(duty: Row, _context: FieldContext) -> sa.Select[Any]:
    """The duty and its need as the letter names them."""
    kabupaten = Need.c.kabupaten_code
    year = sa.func.to_char(sa.func.timezone(time_zone(kabupaten), duty.c.accepted_at), "YYYY")
    # The end of an id is random, and tells nothing.
    serial = sa.func.upper(sa.func.right(sa.cast(duty.c.id, sa.Text), 12))
    number = sa.func.concat_ws("/", sa.literal_column("'ST'"), kabupaten, year, serial, type_=sa.Text())
    return sa.select(
        number.label("number"),
        duty.c.volunteer_id,
        duty.c.organization_id,
        duty.c.accepted_at.label("issued_at"),
        duty.c.starts_at,
        duty.c.ends_at,
        ASSIGNMENT.current(duty, access.NOW).label("status"),
        _ended_at(duty).label("ended_at"),
        Need.c.incident_id,
        Need.c.skill_code,
        kabupaten,
        Need.c.site_id,
        duty.c.emergency_status_id,
        duty.c.decree_number,
    ).where(Need.c.id == duty.c.need_id)


def _ended_at(duty: Row) -> Sql:
    """When a duty ended as it did; null while it is promised or runs. That it was taken back is told by its event."""
    kinds = [f"assignment.{each.lower()}" for each in (AssignmentStatus.CANCELLED, AssignmentStatus.NO_SHOW)]
    recorded = sa.select(sa.func.max(sa.func.coalesce(Event.c.effective_at, Event.c.at), type_=INSTANT)).where(
        Event.c.subject_type == "Assignment",
        Event.c.subject_key == sa.cast(duty.c.id, sa.Text),
        Event.c.kind.in_(kinds),
    )
    current = ASSIGNMENT.current(duty, access.NOW)
    return sa.case(
        (current == AssignmentStatus.RELEASED, duty.c.released_at),
        (current == AssignmentStatus.COMPLETED, sa.func.coalesce(duty.c.checked_out_at, duty.c.ends_at, type_=INSTANT)),
        (
            current.in_((AssignmentStatus.CANCELLED, AssignmentStatus.NO_SHOW)),
            recorded.correlate(duty).scalar_subquery(),
        ),
    )


LETTER = Embedded("AssignmentLetter", computed_row=letter, exists=lambda row: row.c.accepted_at.is_not(None))


def _one(target: str, name: str, key: str = "id") -> ToOne:
    return ToOne(target, on=lambda row, other: other.c[key] == row.c[name])


SOURCES = (
    Source(
        "AssignmentLetter",
        None,
        visible=everybody,
        fields={
            **{
                name: column(name)
                for name in ("number", "issued_at", "starts_at", "ends_at", "status", "ended_at", "decree_number")
            },
            "volunteer": _one("Volunteer", "volunteer_id"),
            "organization": _one("Organization", "organization_id"),
            "incident": _one("Incident", "incident_id"),
            "skill": _one("Skill", "skill_code", "code"),
            "kabupaten": _one("Kabupaten", "kabupaten_code", "code"),
            "site": _one("Site", "site_id"),
            "emergency_status": _one("EmergencyStatus", "emergency_status_id"),
        },
        node=False,
    ),
)
