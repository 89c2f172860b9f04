"""Problems: why a mutation changed nothing, or which rules forbid sending somebody."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.rules.code import ProblemCode
from api.schema.field import field, label, noun
from api.schema.organization import Organization, Rank
from api.schema.scalar import Code
from api.schema.skill import Certificate, CertificateType, Skill

if TYPE_CHECKING:
    from api.schema.absence import Absence
    from api.schema.assignment import Assignment
    from api.schema.camp import Camp, CampQuota
    from api.schema.camp_registration import CampRegistration
    from api.schema.emergency import EmergencyStatus
    from api.schema.need import NeedMinimum
    from api.schema.person import Volunteer
    from api.schema.pledge import Pledge


@strawberry.interface(description="Why a mutation changed nothing, or why a volunteer may not be sent.")
class Problem:
    code: ProblemCode = field("The stable code, for programs.")
    message: str = label("The message, for people.")
    path: list[str] = field("The part of the input it is about; empty where there is no input.")
    overridable: bool = field("Whether an override with a reason may set the rule aside.")


@noun("A problem that its code and message say all about.")
class SimpleProblem(Problem):
    """No facts."""


@noun("The code is no longer in force.")
class CodeProblem(Problem):
    code_in_force: Code = field("The code that has taken its place.")


@noun("Somebody else has changed the thing since you read it.")
class VersionProblem(Problem):
    current_version: int = field("The current version of the thing.")


@noun("The step does not exist from the present status.")
class StatusProblem(Problem):
    current_status: Code = field("The present status of the thing.")


@noun("A deadline has passed or a period is over.")
class DeadlineProblem(Problem):
    deadline: datetime = field("The instant from which it was too late.")


@noun("It was too early.")
class RetryProblem(Problem):
    retry_at: datetime = field("The instant from which it can be tried again.")


@noun("A limit is reached.")
class LimitProblem(Problem):
    count: int = field("The number that there are.")
    limit: int = field("The number that there may be.")


@noun("The volunteer has a duty that is in the way.")
class CommitmentProblem(Problem):
    assignment: Annotated[Assignment, strawberry.lazy("api.schema.assignment")] | None = field(
        "The duty in the way; null where you may not see it."
    )
    starts_at: datetime | None = field("From when the volunteer is not free; null where you may not know it.")
    ends_at: datetime | None = field("Until when the volunteer is not free; null where you may not know it.")


@noun("The volunteer cannot serve on some of the days.")
class AbsenceProblem(Problem):
    absence: Annotated[Absence, strawberry.lazy("api.schema.absence")] | None = field(
        "The leave or illness; null where you may not see it."
    )
    starts_at: datetime | None = field("From when the volunteer cannot serve; null where you may not know it.")
    ends_at: datetime | None = field("From when the volunteer can serve again; null where you may not know it.")


@noun("The duty does not stand where this can be done: it has begun, has not begun, or is over.")
class DutyProblem(Problem):
    duty_starts_at: datetime = field("When the duty starts.")
    duty_ends_at: datetime = field("When the duty ends.")


@noun("There is an assignment of this volunteer to this need already.")
class DuplicateProblem(Problem):
    assignment: Annotated[Assignment, strawberry.lazy("api.schema.assignment")] | None = field(
        "The other assignment; null where you may not see it."
    )


@noun("The volunteer is not trained for the skill on every day.")
class TrainingProblem(Problem):
    skill: Skill = field("The skill that is wanted.")
    certificate: Certificate | None = field(
        "The certificate that does not last; null if there is none, or if you may not see it."
    )


@noun("The volunteer's rank is too low.")
class RankProblem(Problem):
    rank: Rank = field("The lowest rank accepted.")


@noun("The organization does not stand behind the volunteer or the certificate.")
class OrganizationProblem(Problem):
    organization: Organization | None = field(
        "The organization that is not verified or may not do this; null if there is none, or if you may not see it."
    )


@noun("The person may be registered already.")
class PersonProblem(Problem):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] | None = field(
        "The volunteer who may be the same person; null where you may not see that person."
    )


@noun("Somebody nearer can still be sent.")
class NearerProblem(Problem):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] | None = field(
        "The volunteer who is nearer; null where you may not see the person."
    )


@noun("An emergency status is in the way, or does not last.")
class EmergencyProblem(Problem):
    emergency_status: Annotated[EmergencyStatus, strawberry.lazy("api.schema.emergency")] | None = field(
        "The emergency status; null if there is none, or if it was declared at the same time."
    )


@noun("The places left would be too few for a minimum of the need.")
class CompositionProblem(Problem):
    minimum: Annotated[NeedMinimum, strawberry.lazy("api.schema.need")] | None = field(
        "The minimum that could not be met any more; null if it was given with this request."
    )
    count: int = field("The people who do not count towards it, at the instant at which they are most.")
    limit: int = field("How many such people there is room for.")


@noun("A duty or a pledge that holds what is to be taken away.")
class PromiseProblem(Problem):
    assignment: Annotated[Assignment, strawberry.lazy("api.schema.assignment")] | None = field(
        "The duty that was accepted; null if it is a pledge, or where you may not see it."
    )
    pledge: Annotated[Pledge, strawberry.lazy("api.schema.pledge")] | None = field(
        "The pledge; null if it is a duty, or where you may not see it."
    )


@noun("The volunteer comes to a camp, or works at one, that is in the way.")
class CampProblem(Problem):
    camp: Annotated[Camp, strawberry.lazy("api.schema.camp")] | None = field(
        "The camp in the way; null where you may not see it."
    )
    starts_at: datetime | None = field("From when the volunteer is not free; null where you may not know it.")
    ends_at: datetime | None = field("Until when the volunteer is not free; null where you may not know it.")


@noun("A quota of the camp is full, or would be exceeded.")
class QuotaProblem(Problem):
    quota: Annotated[CampQuota, strawberry.lazy("api.schema.camp")] | None = field("The quota; null if it is new.")
    count: int = field("The number of people that there are.")
    limit: int = field("The number of people that there may be.")


@noun("The person is too young for the camp, or the day of birth is not known.")
class AgeProblem(Problem):
    minimum_age: int = field("The least age on the first day.")


@noun("A certificate that the camp asks for is missing, or ended too long ago.")
class CertificateProblem(Problem):
    certificate_type: CertificateType = field("The type of certificate that is needed.")


@noun("Somebody holds what would be taken away.")
class RegistrationProblem(Problem):
    registration: Annotated[CampRegistration, strawberry.lazy("api.schema.camp_registration")] | None = field(
        "The registration; null where you may not see it."
    )


@noun("Somebody is committed elsewhere at that time.")
class BusyPersonProblem(Problem):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] | None = field(
        "The person; null where you may not see them."
    )
    starts_at: datetime | None = field("From when the person is not free; null where you may not know it.")
    ends_at: datetime | None = field("Until when the person is not free; null where you may not know it.")
