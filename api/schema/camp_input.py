"""What the mutations of camps, their sessions and staff are given."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.models.camp import CampDuty
from api.models.person import Sex
from api.schema.field import field, optional, verb_input
from api.schema.place import PointInput
from api.services import camp, camp_end, camp_enrolment, camp_evaluation, camp_session, camp_staff


@strawberry.input(description="A limit of a camp: at most so many of an organization, a kabupaten, a category, a sex.")
class CampQuotaInput:
    places: int = field("The number of people, at most; 0 to 100,000.")
    organization: strawberry.ID | None = optional("The organization that people come for; any if left out.")
    kabupaten: strawberry.ID | None = optional("The home kabupaten; any if left out.")
    category: strawberry.ID | None = optional("The category; any if left out.")
    sex: Sex | None = optional("The sex; any if left out.")


@verb_input(camp.create)
class CreateCampInput:
    kind: strawberry.ID = field("The kind of camp.")
    name: str = field("The name of the camp, 2 to 200 characters.")
    host: strawberry.ID = field("The verified organization that holds it.")
    kabupaten: strawberry.ID = field("The kabupaten of the venue.")
    venue: str = field("The place where it is held, 2 to 300 characters.")
    starts_at: datetime = field("When it starts.")
    ends_at: datetime = field("When it ends, at most 92 days later.")
    capacity: int = field("The number of places, without the staff; 1 to 100,000.")
    position: PointInput | None = optional("The position of the venue; the seat of the kabupaten if left out.")
    series: str | None = optional("The programme whose rounds belong together, 2 to 200 characters.")
    registration_opens_at: datetime | None = optional(
        "From when on people register; as soon as it is open if left out."
    )
    registration_closes_at: datetime | None = optional("Until when people register; until it is closed if left out.")
    self_registration: bool = strawberry.field(default=False, description="Whether people register themselves.")
    offers_from: datetime | None = optional(
        "From when on, before its end, a free place is offered to who waits, not given at once."
    )
    offer_hours: int = strawberry.field(default=24, description="The hours in which an offer is to be answered.")
    minimum_age: int | None = optional("The least age on the first day, at most 100.")
    minimum_rank: strawberry.ID | None = optional("The least rank.")
    certificate_type: strawberry.ID | None = optional("The certificate that it takes to come.")
    lapsed_years: int | None = optional("Within how many years after its end the certificate still counts, at most 50.")
    needs_consent: bool | None = optional("Whether the own organization must agree.")
    attendance_percent: int | None = optional("The share of the hours of the sessions that completes it, in percent.")
    needs_result: bool | None = optional("Whether a passed result is needed to complete it.")
    issuer: strawberry.ID | None = optional("The organization that gives the certificates.")
    participant_certificate: strawberry.ID | None = optional("The type of certificate of participants.")
    instructor_certificate: strawberry.ID | None = optional("The type of certificate of instructors.")
    quotas: list[CampQuotaInput] | None = optional("The limits besides the capacity, in their order; none if left out.")


@verb_input(camp.change)
class ChangeCampInput:
    camp: strawberry.ID = field("The camp to change.")
    name: str | None = optional("The new name, 2 to 200 characters.")
    venue: str | None = optional("The new venue, 2 to 300 characters.")
    starts_at: datetime | None = optional("When it starts.")
    ends_at: datetime | None = optional("When it ends, at most 92 days later.")
    capacity: int | None = optional("The number of places; not below those that are held.")
    position: PointInput | None = optional("The new position of the venue.")
    series: str | None = optional("The programme whose rounds belong together; null for none.")
    registration_opens_at: datetime | None = optional("From when on people register; null: as soon as it is open.")
    registration_closes_at: datetime | None = optional("Until when people register; null: until it is closed.")
    self_registration: bool | None = optional("Whether people register themselves.")
    offers_from: datetime | None = optional(
        "From when on, before its end, a free place is offered; null: it is given at once."
    )
    offer_hours: int | None = optional("The hours in which an offer is to be answered.")
    minimum_age: int | None = optional("The least age on the first day; null for none.")
    minimum_rank: strawberry.ID | None = optional("The least rank; null for none.")
    certificate_type: strawberry.ID | None = optional("The certificate that it takes to come; null for none.")
    lapsed_years: int | None = optional("Within how many years after its end it still counts; null: it must be valid.")
    needs_consent: bool | None = optional("Whether the own organization must agree.")
    attendance_percent: int | None = optional("The share of the hours of the sessions that completes it, in percent.")
    needs_result: bool | None = optional("Whether a passed result is needed to complete it.")
    issuer: strawberry.ID | None = optional("The organization that gives the certificates; null for none.")
    participant_certificate: strawberry.ID | None = optional("The type of certificate of participants; null for none.")
    instructor_certificate: strawberry.ID | None = optional("The type of certificate of instructors; null for none.")
    quotas: list[CampQuotaInput] | None = optional("The limits from now on, all of them; null for none.")


@verb_input(camp.open_camp)
class OpenCampInput:
    camp: strawberry.ID = field("The camp to announce.")


@verb_input(camp.close)
class CloseCampInput:
    camp: strawberry.ID = field("The camp whose registration ends.")


@verb_input(camp.start)
class StartCampInput:
    camp: strawberry.ID = field("The camp to begin.")


@verb_input(camp_end.complete)
class CompleteCampInput:
    camp: strawberry.ID = field("The camp to end.")
    without_certificates: bool = strawberry.field(
        default=False, description="Whether it ends all the same where its issuer cannot give the certificates."
    )


@verb_input(camp_end.reopen)
class ReopenCampInput:
    camp: strawberry.ID = field("The camp to go on with.")
    reason: str = field("Why it goes on, at most 1,000 characters.")


@verb_input(camp_end.cancel)
class CancelCampInput:
    camp: strawberry.ID = field("The camp to cancel.")
    reason: str = field("Why it is cancelled, at most 1,000 characters.")


@verb_input(camp_staff.set_staff)
class SetCampStaffInput:
    camp: strawberry.ID = field("The camp that the person works at.")
    volunteer: strawberry.ID = field("The person who works there.")
    duty: CampDuty | None = field("What the person does there; null: the person works there no more.")


@verb_input(camp_session.add_session)
class AddCampSessionInput:
    camp: strawberry.ID = field("The camp that it is part of.")
    title: str = field("What it is about, 2 to 200 characters.")
    starts_at: datetime = field("When it starts, within the camp.")
    ends_at: datetime = field("When it ends, within the camp.")
    is_required: bool = strawberry.field(default=True, description="Whether everybody must attend it.")
    place: str | None = optional("Where it takes place, at most 200 characters.")
    instructor: strawberry.ID | None = optional("Who of the staff teaches it.")
    capacity: int | None = optional("The number of people it takes, where it is not required.")


@verb_input(camp_session.change_session)
class ChangeCampSessionInput:
    camp_session: strawberry.ID = field("The session to change.")
    title: str | None = optional("What it is about, 2 to 200 characters.")
    starts_at: datetime | None = optional("When it starts, within the camp.")
    ends_at: datetime | None = optional("When it ends, within the camp.")
    is_required: bool | None = optional("Whether everybody must attend it.")
    place: str | None = optional("Where it takes place; null if that is not said.")
    instructor: strawberry.ID | None = optional("Who of the staff teaches it; null for nobody.")
    capacity: int | None = optional("The number of people it takes; null for no limit.")


@verb_input(camp_enrolment.enrol)
class EnrolInCampSessionInput:
    camp_session: strawberry.ID = field("A session that is not required and not over.")
    registrations: list[strawberry.ID] = field("Who gets a place in it: registered for the camp, at most 1,000.")


@verb_input(camp_enrolment.leave)
class LeaveCampSessionInput:
    camp_session: strawberry.ID = field("A session that is not required and not over.")
    registrations: list[strawberry.ID] = field("Who gives the place in it back, at most 1,000.")


@verb_input(camp_evaluation.evaluate_session)
class EvaluateCampSessionInput:
    camp_session: strawberry.ID = field("The session that you attended.")
    score: int = field("How good it was, 1 to 5.")
    text: str | None = optional("What you say of it, at most 1,000 characters.")
