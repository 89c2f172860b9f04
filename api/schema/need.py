"""Needs: their coverage, who may be sent, and what forbids one person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.rules.code import ProblemCode
from api.schema import choice, filter
from api.schema.field import Connection, Node, argument, asked, described, label, paged
from api.schema.incident import Incident
from api.schema.organization import Organization, Rank
from api.schema.person import Volunteer
from api.schema.place import Kabupaten, distance
from api.schema.scalar import Code
from api.schema.skill import Certificate, Skill

if TYPE_CHECKING:
    from api.schema.assignment import Assignment, AssignmentConnection


@strawberry.type(description="One of the eight national clusters of disaster response.")
class Cluster(Node):
    code: Code = described("Its code.")
    label: str = label("Its name.")


@strawberry.type(description="How far a need is met; counted anew at every reading.")
class Coverage:
    wanted: int = described("People asked for, including those already sent.")
    offered: int = described("Offers that wait for an answer.")
    accepted: int = described("People who have promised or done the duty.")
    on_duty: int = described("People at work now.")


@strawberry.type(description="Somebody who may be sent to a need for its whole period.")
class Candidate:
    volunteer: Volunteer = described("Who.")
    tier: choice.Tier = described("Own kabupaten, own province, or the nation: nearer tiers are asked first.")
    kilometres: float = described(
        "To the need, along the great circle: from home in the need's own kabupaten, else from the seat of the home kabupaten."
    )


@strawberry.type(description="What proves a refusal; only what concerns it is filled.")
class Fact:
    assignment: Annotated[Assignment, strawberry.lazy("api.schema.assignment")] | None = described(
        "The assignment in the way, where you may see it."
    )
    certificate: Certificate | None = described("The certificate that does not reach.")
    organization: Organization | None = described("The organization that is not verified.")
    volunteer: Volunteer | None = described("The person who is nearer.")
    skill: Skill | None = described("The skill that is wanted.")
    rank: Rank | None = described("The rank that is wanted.")
    starts_at: datetime | None = described("From when the person is not free.")
    ends_at: datetime | None = described("Until when the person is not free, or when something was over.")
    count: int | None = described("How many there are.")
    limit: int | None = described("How many there may be.")
    version: int | None = described("The current version.")


@strawberry.type(description="A rule that forbids sending one person to one need.")
class Refusal:
    code: ProblemCode = described("Which rule; a stable code.")
    message: str = label("What to tell people.")
    overridable: bool = described("Whether an override with a reason may send the person all the same.")
    fact: Fact = described("What proves it.")


@strawberry.type(description="People asked for: of a skill, at a place, from one instant up to another.")
class Need(Node):
    incident: Incident = described("What it is for.")
    skill: Skill = described("What they must be trained for, on every day.")
    minimum_rank: Rank | None = described("The least rank in its corps.")
    cluster: Cluster = described("The national cluster it belongs to.")
    people_wanted: int = described("People asked for, including those already sent.")
    priority: choice.Priority = described("How urgent it is.")
    starts_at: datetime = described("When the duty starts.")
    ends_at: datetime = described("When the duty ends; that instant is free again.")
    kabupaten: Kabupaten = described("Where the duty is; days are counted in its time zone.")
    latitude: float = described("Of the duty, in degrees north.")
    longitude: float = described("Of the duty, in degrees east.")
    distance_to: float | None = distance("the duty")
    closed_at: datetime | None = described("When it was closed.")
    coverage: Coverage = described("How far it is met.")
    assignments: Annotated[AssignmentConnection, strawberry.lazy("api.schema.assignment")] = paged(
        "Offers and duties, as far as you may see them.",
        filter=filter.AssignmentFilter,
        order=choice.AssignmentOrder,
    )
    candidates: CandidateConnection | None = paged(
        "Everyone who may be sent now, nearest first within own kabupaten, own province, the nation. "
        "Null unless you coordinate the need's kabupaten."
    )
    refusals: list[Refusal] | None = asked(
        "Every rule that forbids one volunteer, with its fact; empty if nothing does. "
        "Null unless you coordinate the need's kabupaten.",
        argument("volunteer", strawberry.ID, "The volunteer in question."),
    )
    version: int = described("Grows with each change; an update names the version it read.")
    created_at: datetime = described("When it was raised.")


@strawberry.type(description="A page of clusters.")
class ClusterConnection(Connection[Cluster]):
    """Clusters."""


@strawberry.type(description="A page of candidates.")
class CandidateConnection(Connection[Candidate]):
    """Candidates."""


@strawberry.type(description="A page of needs.")
class NeedConnection(Connection[Need]):
    """Needs."""
