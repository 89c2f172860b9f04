"""Volunteers."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.person import Reach, Sex, VolunteerStatus
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
from api.schema.hours import HOURS_ARGUMENTS, HoursSum
from api.schema.list_argument import PeriodInput
from api.schema.membership import Membership
from api.schema.place import Kabupaten, Kecamatan, Located, Point, PointInput, distance
from api.schema.readiness import READINESS_ARGUMENTS, Readiness
from api.schema.scalar import PhoneNumber
from api.schema.skill import Certificate, Skill
from api.services import person, person_change, volunteer_merger

if TYPE_CHECKING:
    from api.schema.absence import Absence
    from api.schema.activity import Activity
    from api.schema.assignment import Assignment
    from api.schema.insurance import Insurance

PRIVATE = "Null unless you are the volunteer, answer for them, or coordinate their home or their duty."


@strawberry.input(description="Trained for a skill on a day.")
class TrainedFor:
    skill: strawberry.ID = field("The skill that is wanted.")
    on: date | None = optional("The day; today in the home kabupaten if left out.")


@noun("Whom to call when something happens to a volunteer.")
class EmergencyContact:
    name: str = field("The full name.")
    phone: PhoneNumber = field("The phone number.")
    relation: str | None = field("What the person is to the volunteer, such as mother; null if it is not known.")


@noun(
    "A volunteer: a person who serves, registered once.",
    filters={
        "province": (None, "The province of the home kabupaten."),
        "organization": (strawberry.ID, "A member of this organization today."),
        "rank": (strawberry.ID, "Holding this rank today, or a higher one of its corps."),
        "trained_for": (TrainedFor, "With a valid certificate that grants a skill."),
        "free_in": (
            PeriodInput,
            "Without any promised duty, leave or illness in this period. Volunteers whose free days you may not know do not match.",
        ),
    },
)
class Volunteer(Node, Located):
    name: str = field("The full name, which may be a single word.")
    status: VolunteerStatus = field("Whether the volunteer serves at present.")
    reach: Reach = field("How far the volunteer agreed to be sent.")
    kabupaten: Kabupaten = field("The home kabupaten.")
    kecamatan: Kecamatan | None = field(f"The home kecamatan, if it is known. {PRIVATE}")
    phone: PhoneNumber | None = field(f"The phone number. {PRIVATE}")
    email: str | None = field(f"The e-mail address. {PRIVATE}")
    birth_date: date | None = field(f"The day of birth. {PRIVATE}")
    sex: Sex | None = field(f"The sex in the resident register. {PRIVATE}")
    nik: str | None = field(f"The last four digits of the NIK, the others as stars. {PRIVATE}")
    position: Point | None = field(f"The position of the home. {PRIVATE}")
    emergency_contact: EmergencyContact | None = field(
        f"Whom to call when something happens to the volunteer. {PRIVATE}"
    )
    distance_to: float = distance("home for those who may know its position, else from the seat of the home kabupaten,")
    consent_given_at: datetime | None = field(f"When the volunteer agreed to be registered and sent. {PRIVATE}")
    consent_purpose: str | None = field(f"What the volunteer agreed to. {PRIVATE}")
    consent_withdrawn_at: datetime | None = field(
        f"When the volunteer took the agreement back, if that happened. {PRIVATE}"
    )
    activity: Connection[Annotated[Activity, strawberry.lazy("api.schema.activity")]] = field(
        "What happened around the volunteer, the newest first, as far as you may see it."
    )
    absences: Connection[Annotated[Absence, strawberry.lazy("api.schema.absence")]] = field(
        "Leave and illness, as far as you may see them."
    )
    insurances: Connection[Annotated[Insurance, strawberry.lazy("api.schema.insurance")]] = field(
        "The insurances, as far as you may see them."
    )
    declared_skills: list[Skill] = field("What the volunteer claims without proof; it never counts as trained.")
    memberships: Connection[Membership] = field("The memberships in organizations.")
    certificates: Connection[Certificate] = field("The certificates that prove training.")
    assignments: Connection[Annotated[Assignment, strawberry.lazy("api.schema.assignment")]] = field(
        "The offers and duties, as far as you may see them."
    )
    trained_for: list[Skill] = field_with_arguments(
        "The skills that an unrevoked certificate grants, itself or by inclusion, on a day on which it is valid.",
        argument("on", date | None, "The day; today in the home kabupaten if left out."),
    )
    readiness: Readiness | None = field_with_arguments(
        "Whether the volunteer could be sent on a day, or every reason why not. "
        "Null unless you are a coordinator, the volunteer, or answer for them.",
        *READINESS_ARGUMENTS,
    )
    hours: list[HoursSum] | None = field_with_arguments(
        f"The hours served that count, for each organization, incident and skill. {PRIVATE}", *HOURS_ARGUMENTS
    )
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When the volunteer was registered.")
    updated_at: datetime = field("When the record was last changed.")


@strawberry.input(description="Whom to call when something happens to a volunteer.")
class EmergencyContactInput:
    name: str = field("The full name; 1 to 200 characters.")
    phone: str = field("The phone number, in any usual writing.")
    relation: str | None = optional("What the person is to the volunteer, such as mother; 1 to 100 characters.")


@verb_input(person.register)
class RegisterVolunteerInput:
    name: str = field("The full name, which may be a single word; 1 to 200 characters.")
    kabupaten: strawberry.ID = field("The home kabupaten.")
    reach: Reach = field("How far the person agrees to be sent.")
    consent_purpose: str = field(
        "What the person has agreed to (UU PDP 27/2022), in the person's words or the form's; 3 to 500 characters."
    )
    phone: str | None = optional("The phone number, in any usual writing.")
    email: str | None = optional("The e-mail address.")
    nik: str | None = optional("The NIK, 16 digits; stored encrypted, never shown whole.")
    birth_date: date | None = optional("The day of birth; must agree with the NIK.")
    sex: Sex | None = optional("The sex; must agree with the NIK.")
    kecamatan: strawberry.ID | None = optional("The home kecamatan, in the home kabupaten.")
    position: PointInput | None = optional("The position of the home, in the kabupaten or at most 25 km outside.")
    emergency_contact: EmergencyContactInput | None = optional("Whom to call when something happens to the volunteer.")
    own: bool | None = optional(
        "Whether this is you: your account becomes that of the volunteer. Then without NIK and organization: you ask an "
        "organization to have you (requestMembership), and it records the NIK."
    )
    organization: strawberry.ID | None = optional("The organization to join at once.")
    number: str | None = optional("The membership number there (nomor induk).")
    rank: strawberry.ID | None = optional("The rank in that organization, one of its corps.")
    since: date | None = optional("The first day of the membership; today in the organization's kabupaten if left out.")
    confirm_distinct: str | None = optional(
        "Why this is somebody else than those named by SAME_PERSON problems, 3 to 500 characters; it is recorded."
    )


@verb_input(person_change.change)
class ChangeVolunteerInput:
    volunteer: strawberry.ID = field("The volunteer whose record is changed.")
    name: str | None = optional("The full name, which may be a single word; 1 to 200 characters.")
    phone: str | None = optional("The phone number, in any usual writing.")
    email: str | None = optional("The e-mail address.")
    birth_date: date | None = optional("The day of birth; must agree with the NIK.")
    sex: Sex | None = optional("The sex; must agree with the NIK.")
    kabupaten: strawberry.ID | None = optional("The home kabupaten.")
    kecamatan: strawberry.ID | None = optional("The home kecamatan, in the home kabupaten.")
    position: PointInput | None = optional("The position of the home, in the kabupaten or at most 25 km outside.")
    reach: Reach | None = optional("How far the person agrees to be sent; promised duties must stay within it.")
    emergency_contact: EmergencyContactInput | None = optional("Whom to call when something happens to the volunteer.")
    confirm_distinct: str | None = optional(
        "Why this is somebody else than those named by SAME_PERSON problems, 3 to 500 characters; it is recorded."
    )


@verb_input(volunteer_merger.merge)
class MergeVolunteersInput:
    volunteer: strawberry.ID = field("The record that goes; its id leads to the other one from then on.")
    into: strawberry.ID = field("The record of the same person that stays.")
    reason: str = field("How it is known that they are one person, at most 1,000 characters.")
