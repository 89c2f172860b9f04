"""The history of a thing."""

from __future__ import annotations

from datetime import datetime

from api.models.event import ActorKind
from api.schema.field import field, label, noun
from api.schema.scalar import Code


@noun("One entry in the history of a thing.")
class HistoryEntry:
    kind: Code = field("What happened, as in assignment.accepted.")
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
