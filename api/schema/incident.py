"""Hazards and incidents."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema import choice, filter
from api.schema.field import Connection, Node, described, label, paged
from api.schema.place import Kabupaten
from api.schema.scalar import Code

if TYPE_CHECKING:
    from api.schema.need import NeedConnection


@strawberry.type(description="What may strike, in the tree of Law 24/2007: natural, non-natural, social.")
class Hazard(Node):
    code: Code = described("Its code.")
    label: str = label("Its name.")
    parent: Hazard | None = described("The wider hazard it belongs to.")
    children: list[Hazard] = described("The narrower hazards.")


@strawberry.type(description="Something that has struck.")
class Incident(Node):
    hazard: Hazard = described("What struck.")
    title: str = described("What people call it.")
    status: choice.IncidentStatus = described("How far it has come.")
    latitude: float = described("Its position, in degrees north.")
    longitude: float = described("Its position, in degrees east.")
    started_at: datetime = described("When it began.")
    ended_at: datetime | None = described("When it ended.")
    kabupaten: list[Kabupaten] = described("The kabupaten it touches.")
    needs: Annotated[NeedConnection, strawberry.lazy("api.schema.need")] = paged(
        "What is asked for.", filter=filter.NeedFilter, order=choice.NeedOrder
    )
    version: int = described("Grows with each change; an update names the version it read.")
    created_at: datetime = described("When it was entered.")


@strawberry.type(description="A page of hazards.")
class HazardConnection(Connection[Hazard]):
    """Hazards."""


@strawberry.type(description="A page of incidents.")
class IncidentConnection(Connection[Incident]):
    """Incidents."""
