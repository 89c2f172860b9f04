"""Addresses of calendars."""

from __future__ import annotations

import strawberry

from api.schema.field import field, noun, optional, verb_input
from api.services import calendar


@noun("The address of a calendar as it is shown once.")
class NewCalendarAddress:
    path: str = field("The path under this server's address; whoever knows it reads the calendar (iCalendar).")


@verb_input(calendar.create)
class CreateCalendarAddressInput:
    volunteer: strawberry.ID | None = optional("Yourself, for your camps and duties; either this or a camp.")
    camp: strawberry.ID | None = optional("The camp whose sessions it has.")


@verb_input(calendar.revoke)
class RevokeCalendarAddressInput:
    path: str = field("The path, as it was shown.")
