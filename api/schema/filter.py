"""Filters: which of a list to show. All conditions given must hold; one left out or null asks nothing."""

from datetime import date

import strawberry

from api.schema import choice
from api.schema.field import described, optional
from api.schema.scalar import Code


@strawberry.input(description="Which kabupaten to list.")
class KabupatenFilter:
    province: Code | None = optional("In this province.")
    kind: choice.KabupatenKind | None = optional("Of this kind.")
    name: str | None = optional("Whose name holds this text.")


@strawberry.input(description="Which organizations to list.")
class OrganizationFilter:
    kind: choice.OrganizationKind | None = optional("Of this kind.")
    verification: choice.Verification | None = optional("In this state of verification.")
    kabupaten: Code | None = optional("At home in this kabupaten.")
    province: Code | None = optional("At home in this province.")
    name: str | None = optional("Whose name holds this text.")


@strawberry.input(description="Trained for a skill on a day.")
class TrainedFor:
    skill: Code = described("The skill.")
    on: date | None = optional("The day; today where none is given.")


@strawberry.input(description="Which volunteers to list.")
class VolunteerFilter:
    kabupaten: Code | None = optional("At home in this kabupaten.")
    province: Code | None = optional("At home in this province.")
    organization: strawberry.ID | None = optional("Members of this organization today.")
    trained_for: TrainedFor | None = optional("With a valid certificate for a skill.")
    reach: choice.Reach | None = optional("Who agreed to be sent exactly this far.")
    status: choice.VolunteerStatus | None = optional("In this status.")
    name: str | None = optional("Whose name holds this text.")


@strawberry.input(description="Which memberships to list.")
class MembershipFilter:
    active_on: date | None = optional("In force on this day.")
    rank: Code | None = optional("With this rank.")


@strawberry.input(description="Which certificates to list.")
class CertificateFilter:
    type: Code | None = optional("Of this type.")
    volunteer: strawberry.ID | None = optional("Of this volunteer.")
    valid_on: date | None = optional("Unrevoked and valid on this day.")


@strawberry.input(description="Which incidents to list.")
class IncidentFilter:
    status: list[choice.IncidentStatus] | None = optional("In one of these statuses.")
    hazard: Code | None = optional("Of this hazard.")
    kabupaten: Code | None = optional("Touching this kabupaten.")
    title: str | None = optional("Whose title holds this text.")


@strawberry.input(description="Which needs to list.")
class NeedFilter:
    incident: strawberry.ID | None = optional("Of this incident.")
    skill: Code | None = optional("For this skill.")
    kabupaten: Code | None = optional("In this kabupaten.")
    province: Code | None = optional("In this province.")
    priority: choice.Priority | None = optional("Of this priority.")
    open: bool | None = optional("True: neither closed nor past; false: the others.")


@strawberry.input(description="Which assignments to list.")
class AssignmentFilter:
    status: list[choice.AssignmentStatus] | None = optional("In one of these statuses.")
    need: strawberry.ID | None = optional("To this need.")
    volunteer: strawberry.ID | None = optional("Of this volunteer.")
