"""Contingents: places of a camp for an organization or a kabupaten."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.contingent import ContingentAction, ContingentStatus
from api.schema.camp import Camp, CampCategory, Payer
from api.schema.field import Connection, Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.organization import Organization
from api.schema.person import Volunteer
from api.schema.place import Kabupaten
from api.services import contingent

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
    has_own_leader: bool = field(
        "Whether the organization or kabupaten itself named the leader, who then agrees for its people."
    )
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
    allowed_actions: list[ContingentAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(contingent.ask_contingent)
class AskContingentInput:
    camp: strawberry.ID = field("The camp that the places are of.")
    category: strawberry.ID = field("As what its people come.")
    payer: strawberry.ID = field("Who pays for it.")
    places: int = field("The number of places, 1 to 100,000.")
    organization: strawberry.ID | None = optional("The verified organization that it is for; left out for a kabupaten.")
    kabupaten: strawberry.ID | None = optional("The kabupaten that it is for; left out for an organization.")
    leader: strawberry.ID | None = optional("Who leads it.")
    letter_number: str | None = optional("The number of the letter of assignment, at most 100 characters.")
    names_due_at: datetime | None = optional(
        "When its names are due, at the latest when the camp starts; what is not named then is free for others."
    )
    arrives_at: datetime | None = optional("When it is expected.")
    transport: str | None = optional("How it travels, at most 200 characters.")


@verb_input(contingent.allot)
class AllotContingentInput:
    camp: strawberry.ID = field("The camp that the places are of.")
    category: strawberry.ID = field("As what its people come.")
    payer: strawberry.ID = field("Who pays for it.")
    places: int = field("The number of places, 1 to 100,000.")
    organization: strawberry.ID | None = optional("The verified organization that it is for; left out for a kabupaten.")
    kabupaten: strawberry.ID | None = optional("The kabupaten that it is for; left out for an organization.")
    leader: strawberry.ID | None = optional("Who leads it.")
    letter_number: str | None = optional("The number of the letter of assignment, at most 100 characters.")
    names_due_at: datetime | None = optional(
        "When its names are due, at the latest when the camp starts; what is not named then is free for others."
    )
    arrives_at: datetime | None = optional("When it is expected.")
    transport: str | None = optional("How it travels, at most 200 characters.")


@verb_input(contingent.grant)
class GrantContingentInput:
    contingent: strawberry.ID = field("The contingent that was asked for.")


@verb_input(contingent.change)
class ChangeContingentInput:
    contingent: strawberry.ID = field("The contingent to change.")
    places: int | None = optional("The number of places, not below those that are named; null leaves it.")
    payer: strawberry.ID | None = optional("Who pays for it; null leaves it.")
    leader: strawberry.ID | None = optional("Who leads it; null for nobody.")
    letter_number: str | None = optional("The number of the letter of assignment; null for none.")
    names_due_at: datetime | None = optional("When its names are due, at the latest when the camp starts; null: never.")
    arrives_at: datetime | None = optional("When it is expected; null if that is not known.")
    transport: str | None = optional("How it travels; null if that is not known.")


@verb_input(contingent.release)
class ReleaseContingentInput:
    contingent: strawberry.ID = field("The contingent whose free places are given back.")
    reason: str = field("Why they are given back, at most 1,000 characters.")
