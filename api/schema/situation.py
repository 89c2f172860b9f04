"""Situation reports, and the newest verified figures, for each kabupaten and added up."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.models.situation import SituationAction, SituationStatus
from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.incident import Incident
from api.schema.place import Kabupaten
from api.services import situation


@strawberry.interface(description="What is counted of a disaster; a figure that is not known is null.")
class Figures:
    affected: int | None = field("The number of people affected.")
    displaced: int | None = field("The number of people who had to leave their homes.")
    dead: int | None = field("The number of people who died.")
    missing: int | None = field("The number of people who are missing.")
    injured: int | None = field("The number of people who are injured.")
    houses_damaged_lightly: int | None = field("The number of houses with light damage.")
    houses_damaged_heavily: int | None = field("The number of houses with heavy damage.")
    houses_lost: int | None = field("The number of houses that are lost.")


@noun("The newest verified figures of an incident, added up over its kabupaten.")
class Situation(Figures):
    kabupaten_count: int = field("The number of kabupaten that have verified figures.")
    at: datetime | None = field("The time of the newest report; null if there is none.")


@noun("The newest verified figures of an incident in one kabupaten.")
class KabupatenSituation(Figures):
    kabupaten: Kabupaten = field("The kabupaten that the figures are of.")
    at: datetime = field("The time of the newest report.")


@noun("Dated figures of one kabupaten, with their source.")
class SituationReport(Node, Figures):
    incident: Incident = field("The incident they are of.")
    kabupaten: Kabupaten = field("The kabupaten they are of.")
    at: datetime = field("When it was so.")
    source: str = field("Who says so.")
    status: SituationStatus = field("Whether the figures count.")
    reason: str | None = field("Why they were withdrawn; null if they were not.")
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    allowed_actions: list[SituationAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(situation.record_situation)
class RecordSituationInput:
    incident: strawberry.ID = field("The incident, which must be verified or active.")
    kabupaten: strawberry.ID = field("The kabupaten that the figures are of; one that is affected.")
    at: datetime = field("When it was so.")
    source: str = field("Who says so, 2 to 200 characters.")
    affected: int | None = optional("The number of people affected.")
    displaced: int | None = optional("The number of people who had to leave their homes.")
    dead: int | None = optional("The number of people who died.")
    missing: int | None = optional("The number of people who are missing.")
    injured: int | None = optional("The number of people who are injured.")
    houses_damaged_lightly: int | None = optional("The number of houses with light damage.")
    houses_damaged_heavily: int | None = optional("The number of houses with heavy damage.")
    houses_lost: int | None = optional("The number of houses that are lost.")


@verb_input(situation.verify)
class VerifySituationInput:
    situation_report: strawberry.ID = field("The report to confirm.")


@verb_input(situation.withdraw)
class WithdrawSituationInput:
    situation_report: strawberry.ID = field("The report to withdraw.")
    reason: str = field("Why it is withdrawn, at most 1,000 characters.")
