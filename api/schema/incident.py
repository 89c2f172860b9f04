"""Hazards and incidents."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.incident import IncidentStatus
from api.schema.field import Connection, Labelled, Node, field, label, noun, optional, verb_input
from api.schema.place import Kabupaten, Located, Point, PointInput
from api.schema.scalar import Code
from api.services import incident

if TYPE_CHECKING:
    from api.schema.need import Need


@noun("A kind of disaster, in the tree of Law 24/2007: natural, non-natural, social.")
class Hazard(Node, Labelled):
    code: Code = field("The code of the hazard.")
    label: str = label("The name of the hazard.")
    parent: Hazard | None = field("The wider hazard it belongs to; null for the three at the top.")
    children: list[Hazard] = field("The narrower hazards that belong to it.")


@noun(
    "A disaster that has struck or threatens.",
    filters={"kabupaten": (None, "One of the kabupaten that it affects.")},
)
class Incident(Node, Located):
    hazard: Hazard = field("The kind of disaster.")
    title: str = field("The title that people know it by.")
    status: IncidentStatus = field("How far its handling has come.")
    position: Point = field("The position of the incident.")
    started_at: datetime = field("When it started.")
    ended_at: datetime | None = field("When it ended; null while it lasts.")
    kabupatens: list[Kabupaten] = field("The kabupaten that it affects.")
    needs: Connection[Annotated[Need, strawberry.lazy("api.schema.need")]] = field("The needs for people.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(incident.declare)
class DeclareIncidentInput:
    hazard: strawberry.ID = field("The kind of disaster.")
    title: str = field("The title that people know it by, 3 to 200 characters.")
    kabupatens: list[strawberry.ID] = field("The kabupaten that it affects, all in your scope; the main one first.")
    started_at: datetime = field("When it started.")
    position: PointInput | None = optional(
        "The position, in one of the kabupaten or at most 25 km outside; the seat of the first if left out."
    )
