"""Served hours: of one duty, and summed up for a volunteer."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.models.hours import HoursSource, HoursStatus
from api.schema.field import argument, field, noun, verb_input
from api.schema.incident import Incident
from api.schema.organization import Organization
from api.schema.skill import Skill
from api.services import hours

HOURS_ARGUMENTS = (
    argument("from", datetime | None, "Only hours from this instant on; all before it if left out.", None),
    argument("until", datetime | None, "Only hours up to this instant; all after it if left out.", None),
)


@noun(
    "From when until when somebody served in a duty, as somebody has said. One of a duty counts at most, or several parts from"
    " check-in to check-out, around hours that were decided for another duty."
)
class ServedHours:
    starts_at: datetime = field("When the service began.")
    ends_at: datetime = field("When the service ended.")
    source: HoursSource = field("Where it is known from.")
    status: HoursStatus = field("Whether it counts.")
    reason: str | None = field("Why it was corrected or proposed; null for hours from check-in to check-out.")
    recorded_by: str | None = field(
        "The name of the account; null if there was none, or where you may not see the person."
    )
    created_at: datetime = field("When it was recorded.")


@noun("The hours that a volunteer has served for one organization, in one incident, with one skill.")
class HoursSum:
    organization: Organization | None = field(
        "The organization that the volunteer served for; null if there is none, or if you may not see it."
    )
    incident: Incident | None = field("The incident; null if you may not see it.")
    skill: Skill = field("The skill that was needed.")
    hours: float = field("The hours that count.")


@verb_input(hours.correct)
class CorrectHoursInput:
    assignment: strawberry.ID = field("The duty, completed or released.")
    starts_at: datetime = field("From when the volunteer served.")
    ends_at: datetime = field("Until when the volunteer served.")
    reason: str = field("How it is known, at most 1,000 characters.")


@verb_input(hours.propose)
class ProposeHoursInput:
    assignment: strawberry.ID = field("The duty, completed or released.")
    starts_at: datetime = field("From when the volunteer served.")
    ends_at: datetime = field("Until when the volunteer served.")
    reason: str = field("Why, at most 1,000 characters.")


@verb_input(hours.confirm)
class ConfirmHoursInput:
    assignment: strawberry.ID = field("The duty whose proposed hours are confirmed.")


@verb_input(hours.refuse)
class RefuseHoursInput:
    assignment: strawberry.ID = field("The duty whose proposed hours are refused.")
    reason: str = field("Why, at most 1,000 characters.")
