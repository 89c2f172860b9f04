"""Days on which a volunteer cannot serve."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.absence import AbsenceKind
from api.schema.field import Node, field, noun, optional, verb_input
from api.services import absence

if TYPE_CHECKING:
    from api.schema.assignment import Assignment
    from api.schema.person import Volunteer


@noun("Whole days on which a volunteer cannot serve, in the time zone of the home.")
class Absence(Node):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] = field("The volunteer who is absent.")
    kind: AbsenceKind = field("Why the volunteer cannot serve.")
    since: date = field("The first day.")
    until: date = field("The last day.")
    reason: str | None = field("The reason, if one was given.")
    cancelled_at: datetime | None = field("When it was taken back or ended; null if it was not.")
    affected_duties: list[Annotated[Assignment, strawberry.lazy("api.schema.assignment")]] = field(
        "The promised and running duties on these days, as far as you may see them; they stay promised until they are cancelled."
    )
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was recorded.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(absence.record_absence)
class RecordAbsenceInput:
    volunteer: strawberry.ID = field("The volunteer who cannot serve.")
    kind: AbsenceKind = field("Why the volunteer cannot serve.")
    since: date = field("The first day.")
    until: date = field("The last day, today at home or later.")
    reason: str | None = optional("The reason, at most 1,000 characters.")


@verb_input(absence.cancel_absence)
class CancelAbsenceInput:
    absence: strawberry.ID = field("The absence to take back or to end.")
