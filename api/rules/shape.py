"""The shapes of the facts that come with problems."""

from enum import Enum


class ProblemShape(Enum):
    """The facts that come with a problem; each shape is a type of the graph."""

    type_name: str
    facts: tuple[str, ...]

    def __init__(self, type_name: str, *facts: str) -> None:
        self.type_name, self.facts = type_name, facts

    SIMPLE = ("SimpleProblem",)
    CODE = "CodeProblem", "code_in_force"
    VERSION = "VersionProblem", "current_version"
    STATUS = "StatusProblem", "current_status"
    DEADLINE = "DeadlineProblem", "deadline"
    RETRY = "RetryProblem", "retry_at"
    LIMIT = "LimitProblem", "count", "limit"
    COMMITMENT = "CommitmentProblem", "assignment", "starts_at", "ends_at"
    ABSENCE = "AbsenceProblem", "absence", "starts_at", "ends_at"
    DUTY = "DutyProblem", "duty_starts_at", "duty_ends_at"
    DUPLICATE = "DuplicateProblem", "assignment"
    TRAINING = "TrainingProblem", "skill", "certificate"
    RANK = "RankProblem", "rank"
    ORGANIZATION = "OrganizationProblem", "organization"
    NEARER = "NearerProblem", "volunteer"
    EMERGENCY = "EmergencyProblem", "emergency_status"
    PERSON = "PersonProblem", "volunteer"
    CAMP = "CampProblem", "camp", "starts_at", "ends_at"
    QUOTA = "QuotaProblem", "quota", "count", "limit"
    AGE = "AgeProblem", "minimum_age"
    CERTIFICATE = "CertificateProblem", "certificate_type"
    REGISTRATION = "RegistrationProblem", "registration"
    BUSY = "BusyPersonProblem", "volunteer", "starts_at", "ends_at"
    COMPOSITION = "CompositionProblem", "minimum", "count", "limit"
    PROMISE = "PromiseProblem", "assignment", "pledge"
