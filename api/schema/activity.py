"""What happened around a thing."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.event import ActorKind
from api.schema.field import Labelled, Node, field, label, noun
from api.schema.place import Kabupaten
from api.schema.scalar import Code

if TYPE_CHECKING:
    from api.schema.assignment import Assignment
    from api.schema.incident import Incident
    from api.schema.need import Need
    from api.schema.organization import Organization
    from api.schema.person import Volunteer
    from api.schema.pledge import GoodsNeed, Pledge
    from api.schema.site import Site


@noun("A kind of what can happen, as in assignment.accepted.")
class EventKind(Node, Labelled):
    code: Code = field("The code: the thing and what was done with it.")
    retired_on: date | None = field("From this day on it does not happen any more; null while it is in use.")
    label: str = label("What happened, in words.")


@noun("Something that happened, as far as you may see what it is about.")
class Activity:
    kind: Code = field("What happened, as in assignment.accepted; `eventKinds` lists all kinds.")
    label: str = label("What happened, in words.")
    status: Code | None = field("The status from then on; null where the status did not change.")
    at: datetime = field("When it was recorded.")
    effective_at: datetime | None = field("When it took effect, if that was earlier: the deadline of an expired offer.")
    actor_kind: ActorKind = field("What kind of actor it was.")
    actor_name: str | None = field(
        "The name of the account; null if there was none, or where you may not see the person. Of who acted in no role, as people "
        "who report something, only coordinators, desks and auditors are told."
    )
    reason: str | None = field("The reason; null if none was given.")
    subject: strawberry.ID = field("The global id of the thing that it is about.")
    incident: Annotated[Incident, strawberry.lazy("api.schema.incident")] | None = field(
        "The incident that it concerned then, also if that was merged into another since; null if it is none."
    )
    kabupaten: Kabupaten | None = field("The kabupaten that it concerns; null if it is none or several.")
    organization: Annotated[Organization, strawberry.lazy("api.schema.organization")] | None = field(
        "The organization that it concerns; null if it is none, or if you may not see it."
    )
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] | None = field(
        "The volunteer whom it concerns; null if it is nobody, or if you may not see the person."
    )
    site: Annotated[Site, strawberry.lazy("api.schema.site")] | None = field(
        "The site that it concerns; null if it is none."
    )
    need: Annotated[Need, strawberry.lazy("api.schema.need")] | None = field(
        "The need for people that it concerns; null if it is none."
    )
    goods_need: Annotated[GoodsNeed, strawberry.lazy("api.schema.pledge")] | None = field(
        "The need for goods that it concerns; null if it is none."
    )
    assignment: Annotated[Assignment, strawberry.lazy("api.schema.assignment")] | None = field(
        "The offer or duty that it is about; null if it is about something else."
    )
    pledge: Annotated[Pledge, strawberry.lazy("api.schema.pledge")] | None = field(
        "The pledge that it is about; null if it is about something else."
    )
