"""Registrations for camps."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.models.camp_group import CampGroupKind
from api.models.camp_registration import CampRegistrationAction, CampRegistrationStatus
from api.models.person import Sex
from api.schema.camp import Camp, CampCategory, CampSession
from api.schema.contingent import Contingent
from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.organization import Organization
from api.schema.person import Volunteer
from api.schema.place import Kabupaten
from api.schema.problem import Problem
from api.services import (
    camp_certificate,
    camp_group,
    camp_result,
    participant_import,
    registration,
    registration_change,
)

GUARDIAN = "Whether a guardian has agreed, without which nobody comes who is under 18 on the first day."


@noun("Whether somebody has met what completes a camp: enough of its sessions, and a passed result where one is asked.")
class CampCompletion:
    is_met: bool = field("Whether all is met; then the certificate is given when the camp is completed.")
    hours_held: float = field("The hours of all sessions.")
    hours_attended: float = field("The hours of those at which the person was scanned.")
    missed_sessions: list[CampSession] = field("The required sessions at which the person was not scanned.")
    has_passed: bool | None = field("Whether the person passed; null where no result is recorded.")


@noun("A group of a camp: a tent, a squad, a class or a bus.")
class CampGroup(Node):
    camp: Camp | None = field("The camp; null where you may not see it.")
    kind: CampGroupKind = field("What it is.")
    name: str = field("The name of the group, as people call it at the camp.")
    capacity: int = field("How many people it holds.")
    taken: int = field("How many are in it.")
    sex: Sex | None = field("The sex that it is for; null for everybody.")
    leader: Volunteer | None = field("Who leads it; null if nobody does, or where you may not see them.")
    members: list[CampRegistration] = field("The people in it, by their numbers, as far as you may see them.")
    version: int = field("Grows with each change.")
    created_at: datetime = field("When it was made.")
    updated_at: datetime = field("When it was last changed.")


@noun(
    "That somebody comes to a camp, waits for a place, or came.",
    filters={"inside": (bool, "True: inside the camp now, by the scan log, where you run it; false: the others.")},
)
class CampRegistration(Node):
    camp: Camp | None = field("The camp; null where you may not see it.")
    contingent: Contingent | None = field("The contingent; null if it is of none, or if you may not see it.")
    volunteer: Volunteer | None = field("The person; null for a guest, or where you may not see them.")
    guest_name: str | None = field("The name of a guest; null for a volunteer.")
    organization: Organization | None = field(
        "The organization that the person comes for; null if it is none, or if you may not see it."
    )
    kabupaten: Kabupaten = field("The home kabupaten at the registration: quotas count by it.")
    category: CampCategory = field("As what the person comes.")
    number: int = field("The number in the line of the camp; it stays.")
    status: CampRegistrationStatus = field("Whether the person has a place; an unanswered offer reads as expired.")
    offered_until: datetime | None = field("Until when the offer is to be answered; null if no place was offered.")
    has_consent: bool = field("Whether the own organization agreed.")
    admission_reason: str | None = field("Why the host admitted somebody who lacks what the camp asks for.")
    reason: str | None = field("Why it was cancelled; null if it was not.")
    replaces: CampRegistration | None = field("The registration whose place it took over; null if it is none.")
    completion: CampCompletion = field("Whether the person has met what completes the camp, by now.")
    sessions: list[CampSession] = field("The sessions in which the person has a place, the earliest first.")
    groups: list[CampGroup] = field("The groups that the person is in: tent, squad, class, bus.")
    is_inside: bool | None = field("Whether the person is inside now, by the scan log. Null unless you run the camp.")
    code_hash: str | None = field(
        "SHA-256 of the code that the person carries, in hexadecimal digits, for phones without a connection. "
        "Null if there is none, if the registration of a volunteer has ended, or unless you run the camp."
    )
    waits_for: list[Problem] = field(
        "What holds a person who waits: full limits, and what the person lacks; empty for who does not wait."
    )
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    allowed_actions: list[CampRegistrationAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@strawberry.input(description="The result of one person.")
class CampResultInput:
    registration: strawberry.ID = field("The registration of the person, who came.")
    has_passed: bool = field("Whether the person passed.")
    score: int | None = optional("The score, 0 to 100.")
    note: str | None = optional("A note, at most 1,000 characters.")


@verb_input(camp_result.record_results)
class RecordResultsInput:
    camp: strawberry.ID = field("The camp, while it runs.")
    results: list[CampResultInput] = field("The results, at most 1,000.")


@verb_input(camp_certificate.agree)
class AgreeIssuerInput:
    camp: strawberry.ID = field("The camp that names the organization as its issuer.")


@strawberry.input(description="Somebody who is to come to a camp: a volunteer, or a guest with an organization.")
class ParticipantInput:
    volunteer: strawberry.ID | None = optional("The volunteer who comes.")
    guest_name: str | None = optional("The name of a guest, 2 to 200 characters; left out for a volunteer.")
    organization: strawberry.ID | None = optional(
        "The verified organization that the person comes for: of a guest, or one of several of a member."
    )
    sex: Sex | None = optional("The sex of a guest, where the camp has quotas by it.")
    guardian_consent: bool = strawberry.field(default=False, description=GUARDIAN)


@verb_input(registration.register)
class RegisterForCampInput:
    camp: strawberry.ID = field("The camp to register for.")
    contingent: strawberry.ID | None = optional("The contingent whose place is named.")
    category: strawberry.ID | None = optional(
        "As what people come: that of the contingent, else participant if left out."
    )
    admission_reason: str | None = optional(
        "Why the host admits people who lack what the camp asks for; it sets no limit aside."
    )
    volunteer: strawberry.ID | None = optional("The volunteer who comes; yourself if you name nobody.")
    guest_name: str | None = optional("The name of a guest, 2 to 200 characters; left out for a volunteer.")
    organization: strawberry.ID | None = optional(
        "The verified organization that the person comes for: of a guest, or one of several of a member."
    )
    sex: Sex | None = optional("The sex of a guest, where the camp has quotas by it.")
    guardian_consent: bool = strawberry.field(default=False, description=GUARDIAN)


@verb_input(registration.register_all)
class RegisterParticipantsInput:
    camp: strawberry.ID = field("The camp to register for.")
    contingent: strawberry.ID | None = optional("The contingent whose place is named.")
    category: strawberry.ID | None = optional(
        "As what people come: that of the contingent, else participant if left out."
    )
    admission_reason: str | None = optional(
        "Why the host admits people who lack what the camp asks for; it sets no limit aside."
    )
    participants: list[ParticipantInput] = field("The people, at most 1,000; they get their places in this order.")


@verb_input(participant_import.import_participants)
class ImportParticipantsInput:
    camp: strawberry.ID = field("The camp to register for.")
    upload: str = field("The file, as POST /uploads has named it; a row of titles, then at most 1,000 people.")
    sheet: str | None = optional("The sheet of a workbook; the first one if left out.")
    organization: strawberry.ID | None = optional(
        "The organization whose member numbers these are, and that the people come for; the contingent's if left out."
    )
    contingent: strawberry.ID | None = optional("The contingent whose places are named.")
    category: strawberry.ID | None = optional(
        "As what people come: that of the contingent, else participant if left out."
    )
    admission_reason: str | None = optional(
        "Why the host admits people who lack what the camp asks for; it sets no limit aside."
    )


@verb_input(registration.register_walk_in)
class RegisterWalkInInput:
    camp: strawberry.ID = field("The running camp.")
    category: strawberry.ID | None = optional("As what the person comes; as a participant if left out.")
    volunteer: strawberry.ID | None = optional("The volunteer who comes.")
    guest_name: str | None = optional("The name of a guest, 2 to 200 characters; left out for a volunteer.")
    organization: strawberry.ID | None = optional(
        "The verified organization that the person comes for: of a guest, or one of several of a member."
    )
    sex: Sex | None = optional("The sex of a guest, where the camp has quotas by it.")
    guardian_consent: bool = strawberry.field(default=False, description=GUARDIAN)


@verb_input(registration_change.accept)
class AcceptPlaceInput:
    camp_registration: strawberry.ID = field("The registration with an offered place.")


@verb_input(registration_change.decline)
class DeclinePlaceInput:
    camp_registration: strawberry.ID = field("The registration with an offered place.")
    reason: str | None = optional("Why it is declined, at most 1,000 characters.")


@verb_input(registration_change.cancel)
class CancelRegistrationInput:
    camp_registration: strawberry.ID = field("The registration to cancel.")
    reason: str = field("Why it is cancelled, at most 1,000 characters.")


@verb_input(registration_change.release)
class ReleaseParticipantInput:
    camp_registration: strawberry.ID = field("The registration of who goes home.")
    reason: str = field("Why they go home, at most 1,000 characters.")


@verb_input(registration_change.replace)
class ReplaceParticipantInput:
    camp_registration: strawberry.ID = field("The registration whose place somebody else gets.")
    reason: str = field("Why somebody else comes, at most 1,000 characters.")
    admission_reason: str | None = optional("Why the host admits somebody who lacks what the camp asks for.")
    volunteer: strawberry.ID | None = optional("The volunteer who comes.")
    guest_name: str | None = optional("The name of a guest, 2 to 200 characters; left out for a volunteer.")
    organization: strawberry.ID | None = optional(
        "The verified organization that the person comes for: of a guest, or one of several of a member."
    )
    sex: Sex | None = optional("The sex of a guest, where the camp has quotas by it.")
    guardian_consent: bool = strawberry.field(default=False, description=GUARDIAN)


@verb_input(camp_group.arrange)
class ArrangeGroupInput:
    camp: strawberry.ID = field("The camp whose people are arranged.")
    group: strawberry.ID | None = optional("The group to change; a new one if left out.")
    kind: CampGroupKind | None = optional("What a new group is; it stays.")
    name: str | None = optional("Its name, 1 to 100 characters.")
    capacity: int | None = optional("How many people it holds, 1 to 10,000.")
    sex: Sex | None = optional("The sex that a new group is for; it stays.")
    leader: strawberry.ID | None = optional("The volunteer who leads it; null for nobody.")
    contingents: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="Contingents whose people without a group of the kind are put into it, as many as fit.",
    )
    registrations: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="People who are put into it, from another group of the kind if they are in one.",
    )
    remove: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="People who are in no group of the kind from now on."
    )
