"""Contingents: places of a camp for an organization or a kabupaten."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.contingent import ContingentStatus
from api.schema.camp import Camp, CampCategory, Payer
from api.schema.field import Connection, Node, field, noun
from api.schema.history import HistoryEntry
from api.schema.organization import Organization
from api.schema.person import Volunteer
from api.schema.place import Kabupaten

if TYPE_CHECKING:
    from api.schema.camp_registration import CampRegistration


@noun("Places of a camp for an organization or a kabupaten, before any name is known.")
class Contingent(Node):
    camp: Camp | None = field("The camp; null where you may not see it.")
    organization: Organization | None = field(
        "The organization that it is for; null if it is for a kabupaten, or if you may not see it."
    )
    kabupaten: Kabupaten | None = field("The kabupaten that it is for; null if it is for an organization.")
    category: CampCategory = field("As what its people come.")
    payer: Payer = field("Who pays for it.")
    places: int = field("The number of places.")
    named: int = field("The people of it who hold a place.")
    open_places: int = field("The places that it holds and has not named; 0 once its names are due.")
    number: int | None = field("Its number in the waiting line of the camp; null if it never waited.")
    leader: Volunteer | None = field("Who leads it; null if nobody is named, or if you may not see them.")
    letter_number: str | None = field("The number of the letter of assignment; null if there is none.")
    names_due_at: datetime | None = field("When its names are due: what is not named then is free for others.")
    arrives_at: datetime | None = field("When it is expected; null if that is not known.")
    transport: str | None = field("How it travels; null if that is not known.")
    status: ContingentStatus = field("Whether it holds places; it reads as named once its names are due.")
    reason: str | None = field("Why it was released; null if it was not.")
    registrations: Connection[Annotated[CampRegistration, strawberry.lazy("api.schema.camp_registration")]] = field(
        "Its people, as far as you may see them."
    )
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")
