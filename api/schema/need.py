"""Needs, the candidates for them, and the rules that forbid sending one person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.need import Priority
from api.models.person import Sex
from api.schema.choice import Tier
from api.schema.cluster import Cluster
from api.schema.coverage import ON, Coverage
from api.schema.field import (
    Connection,
    Node,
    argument,
    field,
    field_with_arguments,
    noun,
    optional,
    verb_input,
)
from api.schema.history import HistoryEntry
from api.schema.incident import Incident
from api.schema.list_argument import PeriodInput
from api.schema.organization import Rank
from api.schema.person import Volunteer
from api.schema.place import Kabupaten, Located, Point, PointInput, distance
from api.schema.problem import Problem
from api.schema.skill import Skill
from api.services import need, need_change, need_merger

if TYPE_CHECKING:
    from api.schema.activity import Activity
    from api.schema.assignment import Assignment
    from api.schema.pledge import Pledge
    from api.schema.site import Site


PERIOD = argument(
    "period",
    PeriodInput | None,
    "From when, at the earliest now, until when the duty would be; as the need if left out.",
    None,
)


@noun("A volunteer who may be sent to a need in the period that is asked about.")
class Candidate:
    volunteer: Volunteer = field("The volunteer who may be sent.")
    tier: Tier = field("The tier of rule 4: own kabupaten, own province or the nation; nearer tiers are asked first.")
    kilometres: float = field(
        "The distance to the need, along the great circle: from home in the need's own kabupaten, "
        "else from the seat of the home kabupaten."
    )


@noun(
    "How many people of a need hold a rank, are of a sex, or both, at least; one person counts towards every minimum met."
)
class NeedMinimum:
    people: int = field("The number of people, at least.")
    rank: Rank | None = field("The rank that they hold, or a higher one of its corps; null if any will do.")
    sex: Sex | None = field("The sex that they are of; null if any will do.")


@noun(
    "A need for people of a skill, at a place, from one instant up to another.",
    filters={
        "shortfall": (None, "The places that nobody has accepted for the whole period."),
        "open": (bool, "True: neither closed nor past; false: the others."),
        "stale": (bool, "True: open and neither changed nor renewed for 48 hours; false: the others."),
        "province": (None, "The province of the duty."),
    },
)
class Need(Node, Located):
    incident: Incident = field("The incident it is for.")
    skill: Skill = field("The skill that people must be trained for on every day of the period.")
    minimum_rank: Rank | None = field("The lowest rank accepted, within its corps; null if any will do.")
    cluster: Cluster = field("The national cluster it belongs to.")
    people_wanted: int = field("The number of people asked for, including those already sent.")
    priority: Priority = field("How urgent it is.")
    starts_at: datetime = field("When the duty starts.")
    ends_at: datetime = field("When the duty ends; that instant is free again.")
    time_zone: str = field("The IANA time zone of the duty, that of its kabupaten, in which people read its times.")
    kabupaten: Kabupaten = field("The kabupaten of the duty; days are counted in its time zone.")
    position: Point | None = field("The position of the duty, always known.")
    distance_to: float = distance("the duty")
    site: Annotated[Site, strawberry.lazy("api.schema.site")] | None = field(
        "The site where people are wanted; null if it is none."
    )
    closed_at: datetime | None = field("When it was closed; null if it was not.")
    merged_into: Need | None = field("The need that it was merged into; null if it was not.")
    is_stale: bool = field("Whether it is open and was neither changed nor renewed for 48 hours.")
    minimums: list[NeedMinimum] = field("The minimum composition of the team; empty if there is none.")
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    activity: Connection[Annotated[Activity, strawberry.lazy("api.schema.activity")]] = field(
        "What happened around it, the newest first, as far as you may see it."
    )
    coverage: Coverage = field_with_arguments("How far it is met.", ON)
    pledges: Connection[Annotated[Pledge, strawberry.lazy("api.schema.pledge")]] = field(
        "The pledges of people, as far as you may see them."
    )
    assignments: Connection[Annotated[Assignment, strawberry.lazy("api.schema.assignment")]] = field(
        "The offers and duties, as far as you may see them."
    )
    candidates: Connection[Candidate] | None = field_with_arguments(
        "Everyone who may be sent now, nearest first within own kabupaten, own province, the nation. "
        "Null unless you coordinate the need's kabupaten.",
        PERIOD,
    )
    refusals: list[Problem] | None = field_with_arguments(
        "Every rule that forbids sending one volunteer, with its facts; empty if none does. "
        "Null unless you coordinate the need's kabupaten.",
        argument("volunteer", strawberry.ID, "The volunteer in question."),
        PERIOD,
    )
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was raised.")
    updated_at: datetime = field("When it was last changed.")


@strawberry.input(description="How many people of a need hold a rank, are of a sex, or both, at least.")
class MinimumInput:
    people: int = field("The number of people, at least; no more than are wanted.")
    rank: strawberry.ID | None = optional("The rank that they hold, or a higher one of its corps.")
    sex: Sex | None = optional("The sex that they are of; who has not said it counts for none.")


@verb_input(need.raise_need)
class RaiseNeedInput:
    incident: strawberry.ID = field("The incident it is for.")
    skill: strawberry.ID = field("The skill that people must be trained for.")
    cluster: strawberry.ID = field("The national cluster.")
    kabupaten: strawberry.ID = field("The kabupaten of the duty; one that the incident affects.")
    people_wanted: int = field("The number of people, 1 to 10,000.")
    starts_at: datetime = field("When the duty starts.")
    ends_at: datetime = field("When the duty ends.")
    priority: Priority = strawberry.field(default=Priority.NORMAL, description="How urgent it is.")
    minimum_rank: strawberry.ID | None = optional("The lowest rank accepted, within its corps.")
    site: strawberry.ID | None = optional("The site where people are wanted; one of the incident in the kabupaten.")
    position: PointInput | None = optional(
        "The position, in the kabupaten or at most 25 km outside; that of the site, else the seat, if left out."
    )
    minimums: list[MinimumInput] | None = optional("The minimum composition of the team, at most 20.")


@verb_input(need_change.change)
class ChangeNeedInput:
    need: strawberry.ID = field("The need to change.")
    people_wanted: int | None = optional("The number of people, no fewer than have accepted or are promised.")
    starts_at: datetime | None = optional("When the duty starts.")
    ends_at: datetime | None = optional("When the duty ends.")
    priority: Priority | None = optional("How urgent it is.")
    cluster: strawberry.ID | None = optional("The national cluster.")
    site: strawberry.ID | None = optional("The site where people are wanted; null for none.")
    position: PointInput | None = optional("The position, in the kabupaten or at most 25 km outside.")
    minimums: list[MinimumInput] | None = optional("The minimum composition, in place of the present one; [] for none.")


@verb_input(need_change.renew)
class RenewNeedInput:
    need: strawberry.ID = field("The need that still stands.")


@verb_input(need_change.close)
class CloseNeedInput:
    need: strawberry.ID = field("The need to close.")
    reason: str | None = optional("Why it is closed, at most 1,000 characters.")


@verb_input(need_merger.split)
class SplitNeedInput:
    need: strawberry.ID = field("The need to split.")
    people_wanted: int = field("The number of people of the new need; the others stay.")
    assignments: list[strawberry.ID] | None = optional("Offers and duties that go over to the new need.")
    pledges: list[strawberry.ID] | None = optional("Pledges that go over to the new need, with the duties under them.")
    minimums: list[MinimumInput] | None = optional("The minimum composition of the new need.")


@verb_input(need_merger.merge)
class MergeNeedsInput:
    need: strawberry.ID = field("The need that ends by it.")
    into: strawberry.ID = field("The need that goes on; of the same incident, kabupaten, skill, rank and period.")
