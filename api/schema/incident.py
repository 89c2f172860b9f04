"""Hazards, their desks, and incidents."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.incident import IncidentAction, IncidentStatus
from api.schema.coverage import ON, ClusterCoverage, Coverage, KabupatenCoverage, SkillCoverage
from api.schema.field import (
    Connection,
    Labelled,
    Node,
    argument,
    field,
    field_with_arguments,
    label,
    noun,
    optional,
    verb_input,
)
from api.schema.history import HistoryEntry
from api.schema.override import OverrideCount
from api.schema.place import Kabupaten, Located, Point, PointInput
from api.schema.scalar import Code
from api.services import closing, incident, merger

if TYPE_CHECKING:
    from api.schema.activity import Activity
    from api.schema.emergency import EmergencyStatus
    from api.schema.matrix import CoverageCell
    from api.schema.need import Need
    from api.schema.pledge import GoodsNeed
    from api.schema.site import Site
    from api.schema.situation import KabupatenSituation, Situation, SituationReport


@noun("The desk of the social agency that handles a class of hazards.")
class Desk(Node, Labelled):
    code: Code = field("The code of the desk.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    label: str = label("The name of the desk.")
    hazards: list[Hazard] = field("The hazards that go to it.")


@noun("A kind of disaster, in the tree of Law 24/2007: natural, non-natural, social.")
class Hazard(Node, Labelled):
    code: Code = field("The code of the hazard.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    label: str = label("The name of the hazard.")
    parent: Hazard | None = field("The wider hazard it belongs to; null for the three at the top.")
    desk: Desk = field("The desk that handles it.")
    children: list[Hazard] = field("The narrower hazards that belong to it.")


@noun(
    "A disaster that has struck or threatens.",
    filters={
        "kabupaten": (None, "One of the kabupaten that it affects."),
        "desk": (None, "The desk that handles it."),
    },
)
class Incident(Node, Located):
    hazard: Hazard = field("The kind of disaster.")
    title: str = field("The title that people know it by.")
    status: IncidentStatus = field("How far its handling has come.")
    position: Point | None = field("The position of the incident, always known.")
    time_zone: str | None = field(
        "The IANA time zone of the affected kabupaten nearest to its position; null if none is named."
    )
    started_at: datetime = field("When it started.")
    ended_at: datetime | None = field("When it ended; null while it lasts.")
    desk: Desk = field("The desk of the social agency that handles it, by its hazard.")
    verified_at: datetime | None = field("When it was verified or declared; null if it was not.")
    reason: str | None = field("Why it was rejected, merged or closed; null if no reason was given.")
    merged_into: Incident | None = field("The incident that it was merged into; null if it was not.")
    kabupatens: list[Kabupaten] = field("The kabupaten that it affects.")
    emergency_statuses: Connection[Annotated[EmergencyStatus, strawberry.lazy("api.schema.emergency")]] = field(
        "The emergency statuses declared for it."
    )
    situation: Annotated[Situation, strawberry.lazy("api.schema.situation")] = field(
        "The newest verified figures, added up over the kabupaten."
    )
    situation_by_kabupaten: list[Annotated[KabupatenSituation, strawberry.lazy("api.schema.situation")]] = field(
        "The newest verified figures of each kabupaten."
    )
    situation_reports: Connection[Annotated[SituationReport, strawberry.lazy("api.schema.situation")]] = field(
        "All figures with their sources, as far as you may see them."
    )
    goods_needs: Connection[Annotated[GoodsNeed, strawberry.lazy("api.schema.pledge")]] = field("The needs for goods.")
    open_goods_needs: list[Annotated[GoodsNeed, strawberry.lazy("api.schema.pledge")]] = field(
        "What of the goods is still wanted: not closed, nor delivered in whole; the earliest first. Closing the incident leaves it open."
    )
    coverage: Coverage = field_with_arguments(
        "How far its needs for people are met, together: those that are open, or stood on the day.", ON
    )
    override_counts: list[OverrideCount] | None = field(
        "How often rules were set aside, by whom and in which month; null unless you coordinate the incident."
    )
    coverage_by_skill: list[SkillCoverage] = field_with_arguments("The same for each skill.", ON)
    coverage_by_cluster: list[ClusterCoverage] = field_with_arguments("The same for each cluster.", ON)
    coverage_by_kabupaten: list[KabupatenCoverage] = field_with_arguments("The same for each kabupaten.", ON)
    coverage_matrix: list[Annotated[CoverageCell, strawberry.lazy("api.schema.matrix")]] | None = field_with_arguments(
        "Who does what where on a day, for its needs of people; first what nobody does, or too many. "
        "Null unless you are a coordinator, or a manager of an organization that stands.",
        argument("on", date, "The day, in the time zone of each kabupaten."),
    )
    sites: Connection[Annotated[Site, strawberry.lazy("api.schema.site")]] = field("Posts, kitchens, shelters.")
    needs: Connection[Annotated[Need, strawberry.lazy("api.schema.need")]] = field("The needs for people.")
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    activity: Connection[Annotated[Activity, strawberry.lazy("api.schema.activity")]] = field(
        "What happened around it, the newest first, as far as you may see it."
    )
    allowed_actions: list[IncidentAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(incident.report)
class ReportIncidentInput:
    hazard: strawberry.ID = field("The kind of disaster.")
    title: str = field("The title that people know it by, 3 to 200 characters.")
    kabupatens: list[strawberry.ID] = field("The kabupaten that it affects; the main one first.")
    started_at: datetime = field("When it started.")
    position: PointInput | None = optional(
        "The position, in one of the kabupaten or at most 25 km outside; the seat of the first if left out."
    )


@verb_input(incident.declare)
class DeclareIncidentInput:
    hazard: strawberry.ID = field("The kind of disaster.")
    title: str = field("The title that people know it by, 3 to 200 characters.")
    kabupatens: list[strawberry.ID] = field("The kabupaten that it affects, all in your scope; the main one first.")
    started_at: datetime = field("When it started.")
    position: PointInput | None = optional(
        "The position, in one of the kabupaten or at most 25 km outside; the seat of the first if left out."
    )


@verb_input(incident.verify)
class VerifyIncidentInput:
    incident: strawberry.ID = field("The incident that was reported.")


@verb_input(incident.reject)
class RejectIncidentInput:
    incident: strawberry.ID = field("The incident that was reported.")
    reason: str = field("Why it is rejected, at most 1,000 characters.")


@verb_input(incident.activate)
class ActivateIncidentInput:
    incident: strawberry.ID = field("The incident to work on.")


@verb_input(incident.change)
class ChangeIncidentInput:
    incident: strawberry.ID = field("The incident to change.")
    title: str | None = optional("The new title, 3 to 200 characters.")
    position: PointInput | None = optional("The new position, in one of its kabupaten or at most 25 km outside.")
    add_kabupatens: list[strawberry.ID] | None = optional("Kabupaten in your scope that it affects, too.")
    remove_kabupatens: list[strawberry.ID] | None = optional(
        "Kabupaten in your scope that it does not affect; no need or site may be open there, no figures stand, no decree be made."
    )


@verb_input(merger.merge)
class MergeIncidentsInput:
    incident: strawberry.ID = field("The incident that ends by it.")
    into: strawberry.ID = field("The incident that goes on; at least as far along as the other.")
    reason: str | None = optional("Why they are the same, at most 1,000 characters.")


@verb_input(closing.close_incident)
class CloseIncidentInput:
    incident: strawberry.ID = field("The incident to close.")
    reason: str | None = optional("Why it is closed, at most 1,000 characters.")
