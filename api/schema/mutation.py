"""What may be changed: each mutation takes one input and answers with the thing and the problems."""

from datetime import date, datetime

import strawberry

from api.rules.code import ProblemCode
from api.schema import choice
from api.schema.assignment import Assignment
from api.schema.field import described, label, optional, verb
from api.schema.incident import Incident
from api.schema.need import Fact, Need
from api.schema.person import Volunteer
from api.schema.scalar import Code, PhoneNumber
from api.schema.skill import Certificate

KEY = "Repeat a request with the same key and it is done once; its first outcome is answered again."
VERSION = "The version you have read; if it is no longer the current one, nothing is changed."


@strawberry.type(description="Why nothing was changed.")
class Problem:
    code: ProblemCode = described("A stable code.")
    message: str = label("What to tell people.")
    path: list[str] = described("The part of the input it is about.")
    fact: Fact = described("What proves it.")


@strawberry.input(description="An incident to declare.")
class DeclareIncidentInput:
    hazard: Code = described("What struck.")
    title: str = described("What people call it; 3 to 200 characters.")
    kabupaten: list[Code] = described("The kabupaten it touches; all in your scope. The first is where it is.")
    started_at: datetime = described("When it began.")
    latitude: float | None = optional("Degrees north; the seat of the first kabupaten if left out.")
    longitude: float | None = optional("Degrees east.")
    idempotency_key: str | None = optional(KEY)


@strawberry.input(description="People to ask for.")
class RaiseNeedInput:
    incident: strawberry.ID = described("What they are for.")
    skill: Code = described("What they must be trained for.")
    cluster: Code = described("The national cluster.")
    kabupaten: Code = described("Where the duty is; one that the incident touches.")
    people_wanted: int = described("How many, 1 to 10,000.")
    starts_at: datetime = described("When the duty starts.")
    ends_at: datetime = described("When the duty ends.")
    priority: choice.Priority = strawberry.field(default=choice.Priority.NORMAL, description="How urgent it is.")
    minimum_rank: Code | None = optional("The least rank in its corps.")
    latitude: float | None = optional("Degrees north; the seat of the kabupaten if left out.")
    longitude: float | None = optional("Degrees east.")
    idempotency_key: str | None = optional(KEY)


@strawberry.input(description="A person to register.")
class RegisterVolunteerInput:
    name: str = described("The full name, which may be a single word.")
    kabupaten: Code = described("The home kabupaten.")
    reach: choice.Reach = described("How far the person agrees to be sent.")
    consent_purpose: str = described(
        "What the person has agreed to (UU PDP 27/2022), in the person's words or the form's."
    )
    phone: PhoneNumber | None = optional("The phone number.")
    nik: str | None = optional("The NIK, 16 digits; kept encrypted, never shown whole.")
    latitude: float | None = optional("Of the home, degrees north.")
    longitude: float | None = optional("Of the home, degrees east.")
    organization: strawberry.ID | None = optional("The organization to join at once.")
    number: str | None = optional("Nomor induk there.")
    rank: Code | None = optional("The rank there.")
    since: date | None = optional("The first day of the membership; today if left out.")
    idempotency_key: str | None = optional(KEY)


@strawberry.input(description="A certificate to issue.")
class IssueCertificateInput:
    volunteer: strawberry.ID = described("Whose it is.")
    type: Code = described("What it proves.")
    issuer: strawberry.ID = described("The verified organization that issues it.")
    number: str = described("Its number, unique at the issuer.")
    issued_on: date = described("The first day it is valid.")
    expires_on: date | None = optional("The last day; the type's validity if left out.")
    idempotency_key: str | None = optional(KEY)


@strawberry.input(description="An offer to make.")
class OfferAssignmentInput:
    need: strawberry.ID = described("To what.")
    volunteer: strawberry.ID = described("To whom.")
    starts_at: datetime | None = optional("When the duty starts; with the need if left out.")
    ends_at: datetime | None = optional("When the duty ends; with the need if left out.")
    expires_at: datetime | None = optional("Until when the offer can be answered.")
    override_rules: list[ProblemCode] | None = optional("The rules to set aside, by their codes.")
    override_reason: str | None = optional("Why; required with override_rules.")
    idempotency_key: str | None = optional(KEY)


@strawberry.input(description="An offer to accept.")
class AcceptAssignmentInput:
    assignment: strawberry.ID = described("Which.")
    version: int = described(VERSION)
    idempotency_key: str | None = optional(KEY)


@strawberry.input(description="An offer to decline.")
class DeclineAssignmentInput:
    assignment: strawberry.ID = described("Which.")
    version: int = described(VERSION)
    reason: str | None = optional("Why, if the person says so.")
    idempotency_key: str | None = optional(KEY)


@strawberry.input(description="An offer or a promise to take back.")
class CancelAssignmentInput:
    assignment: strawberry.ID = described("Which.")
    version: int = described(VERSION)
    reason: str = described("Why.")
    idempotency_key: str | None = optional(KEY)


PROBLEMS = "Why nothing was changed; empty if it was done."


@strawberry.type(description="What came of declaring an incident.")
class DeclareIncidentPayload:
    incident: Incident | None = described("The incident, if it was declared.")
    problems: list[Problem] = described(PROBLEMS)


@strawberry.type(description="What came of raising a need.")
class RaiseNeedPayload:
    need: Need | None = described("The need, if it was raised.")
    problems: list[Problem] = described(PROBLEMS)


@strawberry.type(description="What came of registering a volunteer.")
class RegisterVolunteerPayload:
    volunteer: Volunteer | None = described("The volunteer, if registered.")
    problems: list[Problem] = described(PROBLEMS)


@strawberry.type(description="What came of issuing a certificate.")
class IssueCertificatePayload:
    certificate: Certificate | None = described("The certificate, if it was issued.")
    problems: list[Problem] = described(PROBLEMS)


@strawberry.type(description="What came of offering a duty.")
class OfferAssignmentPayload:
    assignment: Assignment | None = described("The offer, if it was made.")
    problems: list[Problem] = described(PROBLEMS)


@strawberry.type(description="What came of accepting an offer.")
class AcceptAssignmentPayload:
    assignment: Assignment | None = described("The duty, if it was accepted.")
    problems: list[Problem] = described(PROBLEMS)


@strawberry.type(description="What came of declining an offer.")
class DeclineAssignmentPayload:
    assignment: Assignment | None = described("The offer, if it was declined.")
    problems: list[Problem] = described(PROBLEMS)


@strawberry.type(description="What came of taking an offer or a promise back.")
class CancelAssignmentPayload:
    assignment: Assignment | None = described("The assignment, if it was cancelled.")
    problems: list[Problem] = described(PROBLEMS)


@strawberry.type(description="Everything that may be changed. Each mutation is one transaction: all of it, or nothing.")
class Mutation:
    declare_incident: DeclareIncidentPayload = verb(
        DeclareIncidentInput, "Declares an incident. Coordinators, within their scope."
    )
    raise_need: RaiseNeedPayload = verb(RaiseNeedInput, "Asks for people. Coordinators, within their scope.")
    register_volunteer: RegisterVolunteerPayload = verb(
        RegisterVolunteerInput, "Registers a volunteer. Managers for their organization, coordinators for their scope."
    )
    issue_certificate: IssueCertificatePayload = verb(
        IssueCertificateInput,
        "Issues a certificate. Managers of the issuer for their members, coordinators for people of their scope.",
    )
    offer_assignment: OfferAssignmentPayload = verb(
        OfferAssignmentInput, "Offers a duty to a volunteer. Coordinators of the need's kabupaten."
    )
    accept_assignment: AcceptAssignmentPayload = verb(
        AcceptAssignmentInput, "Accepts an offer. The volunteer, or a manager of one of the volunteer's organizations."
    )
    decline_assignment: DeclineAssignmentPayload = verb(
        DeclineAssignmentInput,
        "Declines an offer. The volunteer, or a manager of one of the volunteer's organizations.",
    )
    cancel_assignment: CancelAssignmentPayload = verb(
        CancelAssignmentInput,
        "Takes an offer or a promise back. Coordinators of the need's kabupaten, the volunteer, or a manager.",
    )
