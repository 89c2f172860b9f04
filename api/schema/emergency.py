"""Emergency statuses: dated decrees for a territory."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from api.models.emergency import EmergencyKind, EmergencyLevel
from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.incident import Incident
from api.schema.place import Kabupaten, Province
from api.services import emergency


@noun(
    "An emergency status by Law 24/2007: a dated decree for a territory.",
    filters={"in_force": (bool, "True: in force today; false: the others.")},
)
class EmergencyStatus(Node):
    incident: Incident = field("The incident it was declared for.")
    kind: EmergencyKind = field("What was declared.")
    level: EmergencyLevel = field("Who declared it, and for what kind of territory.")
    kabupaten: Kabupaten | None = field("The territory, if it is a kabupaten.")
    province: Province | None = field("The territory, if it is a province.")
    decree_number: str = field("The number of the latest decree.")
    starts_on: date = field("The first day.")
    ends_on: date = field("The last day.")
    is_in_force: bool = field("Whether it is in force today.")
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(emergency.declare)
class DeclareEmergencyStatusInput:
    incident: strawberry.ID = field("The incident, which must be verified or active.")
    kind: EmergencyKind = field("What is declared.")
    level: EmergencyLevel = field("Who declares it, and for what kind of territory.")
    kabupaten: strawberry.ID | None = optional("The territory at the level of a kabupaten; one that is affected.")
    province: strawberry.ID | None = optional("The territory at the level of a province; one that is affected.")
    decree_number: str = field("The number of the decree, at most 100 characters.")
    starts_on: date = field("The first day.")
    ends_on: date = field("The last day, at most a year later.")


@verb_input(emergency.extend)
class ExtendEmergencyStatusInput:
    emergency_status: strawberry.ID = field("The emergency status to extend.")
    ends_on: date = field("The new last day.")
    decree_number: str = field("The number of the decree that extends it, at most 100 characters.")


@verb_input(emergency.end)
class EndEmergencyStatusInput:
    emergency_status: strawberry.ID = field("The emergency status to end.")
    ends_on: date = field("The new last day.")
    reason: str | None = optional("Why it ends, at most 1,000 characters.")
