"""Camps, their kinds, sessions, quotas and staff."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.camp import Attendees, CampAction, CampDuty, CampReportBy, CampStatus
from api.models.person import Sex
from api.schema.field import (
    Connection,
    Labelled,
    Node,
    argument,
    field,
    field_with_arguments,
    label,
    noun,
    optional,
    verb_input,
)
from api.schema.history import HistoryEntry
from api.schema.organization import Organization, Rank
from api.schema.person import Volunteer
from api.schema.place import Kabupaten, Located, Point, PointInput, distance
from api.schema.scalar import Code
from api.schema.site import Site
from api.schema.skill import CertificateType
from api.services import camp, camp_end, camp_session, camp_staff

if TYPE_CHECKING:
    from api.schema.camp_care import CampHeads, CampReportRow
    from api.schema.camp_registration import CampGroup, CampRegistration
    from api.schema.contingent import Contingent
    from api.schema.scan import Scan

RETIRED_ON = "From this day on it is refused in new inputs; null while it is in use."


@noun("A kind of camp, with what a new camp of the kind begins with.")
class CampKind(Node, Labelled):
    code: Code = field("The code of the kind of camp.")
    retired_on: date | None = field(RETIRED_ON)
    label: str = label("The name of the kind of camp.")
    attendees: Attendees = field("Who comes to it.")
    minimum_age: int | None = field("The least age on the first day; null if there is none.")
    minimum_rank: Rank | None = field("The least rank; null if none is needed.")
    certificate_type: CertificateType | None = field("The certificate that it takes to come; null if none is needed.")
    lapsed_years: int | None = field(
        "Within how many years after its end the certificate still counts; null: it must be valid."
    )
    needs_consent: bool = field("Whether the own organization must agree.")
    attendance_percent: int = field("The share of the hours of the sessions that completes the camp, in percent.")
    needs_result: bool = field("Whether a passed result is needed to complete it.")


@noun("As what somebody comes to a camp.")
class CampCategory(Node, Labelled):
    code: Code = field("The code of the category.")
    retired_on: date | None = field(RETIRED_ON)
    label: str = label("The name of the category.")


@noun("Who pays for a contingent.")
class Payer(Node, Labelled):
    code: Code = field("The code of who pays.")
    retired_on: date | None = field(RETIRED_ON)
    label: str = label("The name of who pays.")


@noun(
    "A camp: a consolidation camp, a training, a drill or a coaching round.",
    filters={
        "takes_registrations": (bool, "True: takes registrations now; false: the others."),
        "province": (None, "The province of the camp."),
    },
)
class Camp(Node, Located):
    kind: CampKind = field("The kind of camp.")
    name: str = field("The name of the camp.")
    series: str | None = field("The programme whose rounds belong together; null if it is none.")
    host: Organization | None = field("The organization that holds it; null where you may not see it.")
    kabupaten: Kabupaten = field("The kabupaten of the venue; days are counted in its time zone.")
    time_zone: str = field("The time zone of the venue, as in Asia/Jakarta.")
    venue: str = field("The place where it is held.")
    position: Point | None = field("The position of the venue, always known.")
    distance_to: float = distance("the venue")
    starts_at: datetime = field("When it starts.")
    ends_at: datetime = field("When it ends.")
    registration_opens_at: datetime | None = field("From when on people register; null: as soon as it is open.")
    registration_closes_at: datetime | None = field("Until when people register; null: until it is closed.")
    self_registration: bool = field("Whether people register themselves; otherwise organizations and the host do.")
    takes_registrations: bool = field("Whether it takes registrations now.")
    attendees: Attendees = field("Who comes to it.")
    capacity: int = field("The number of places, without the staff.")
    taken: int = field("The places that people and contingents hold, as counted by the last change.")
    places_left: int = field("The places that nobody holds now; what has lapsed is free.")
    offers_from: datetime | None = field(
        "From when on a free place is offered to who waits; null: it is given at once."
    )
    offer_hours: int = field("The hours in which an offer is to be answered.")
    minimum_age: int | None = field("The least age on the first day; null if there is none.")
    minimum_rank: Rank | None = field("The least rank; null if none is needed.")
    certificate_type: CertificateType | None = field("The certificate that it takes to come; null if none is needed.")
    lapsed_years: int | None = field(
        "Within how many years after its end the certificate still counts; null: it must be valid."
    )
    needs_consent: bool = field("Whether the own organization must agree.")
    attendance_percent: int = field("The share of the hours of the sessions that completes the camp, in percent.")
    needs_result: bool = field("Whether a passed result is needed to complete it.")
    issuer: Organization | None = field(
        "The organization that gives the certificates; null if there is none, or if you may not see it."
    )
    issuer_agreed_at: datetime | None = field("When the issuer agreed; null if it has not.")
    participant_certificate: CertificateType | None = field("The certificate of participants; null if there is none.")
    instructor_certificate: CertificateType | None = field("The certificate of instructors; null if there is none.")
    quotas: list[CampQuota] = field("The limits by organization, kabupaten, category and sex, in their order.")
    sessions: list[CampSession] = field("The curriculum, the earliest first.")
    staff: Connection[CampStaffMember] = field("Who works there, as far as you may see them.")
    contingents: Connection[Annotated[Contingent, strawberry.lazy("api.schema.contingent")]] = field(
        "The contingents, as far as you may see them."
    )
    registrations: Connection[Annotated[CampRegistration, strawberry.lazy("api.schema.camp_registration")]] = field(
        "The registrations, as far as you may see them."
    )
    groups: Connection[Annotated[CampGroup, strawberry.lazy("api.schema.camp_registration")]] = field(
        "The tents, squads, classes and buses, as far as you may see them."
    )
    heads: list[Annotated[CampHeads, strawberry.lazy("api.schema.camp_care")]] | None = field_with_arguments(
        "How many people there are to feed on a day, by meal and diet. Null unless you run the camp.",
        argument("on", date, "The day, in the zone of the camp."),
    )
    report: list[Annotated[CampReportRow, strawberry.lazy("api.schema.camp_care")]] | None = field_with_arguments(
        "The closing report: how many were registered, came and got a certificate. Null unless you run the camp.",
        argument("by", CampReportBy, "What they are counted by."),
    )
    present_count: int | None = field("How many people are inside now, by the scan log. Null unless you run the camp.")
    scans: Connection[Annotated[Scan, strawberry.lazy("api.schema.scan")]] = field(
        "The scan log, as far as you may see it."
    )
    site: Site | None = field("The site where it runs; null before its start.")
    status: CampStatus = field("How far it has come.")
    opened_at: datetime | None = field("When it was announced; null while it is a draft.")
    reason: str | None = field("Why it was cancelled or reopened; null if it was not.")
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    allowed_actions: list[CampAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@noun("A limit of a camp: at most so many of an organization, a kabupaten, a category, a sex, or a combination.")
class CampQuota(Node):
    camp: Camp = field("The camp that it limits.")
    organization: Organization | None = field(
        "The organization that it is about; null for any, or where you may not see it."
    )
    kabupaten: Kabupaten | None = field("The home kabupaten that it is about; null for any.")
    category: CampCategory | None = field("The category that it is about; null for any.")
    sex: Sex | None = field("The sex that it is about; null for any.")
    places: int = field("The number of people, at most.")
    taken: int = field("The people who hold a place, as counted by the last change.")
    created_at: datetime = field("When it was set.")


@noun("A part of the curriculum of a camp.")
class CampSession(Node):
    camp: Camp = field("The camp that it is part of.")
    title: str = field("What it is about.")
    place: str | None = field("Where it takes place; null if that is not said.")
    starts_at: datetime = field("When it starts.")
    ends_at: datetime = field("When it ends.")
    instructor: CampStaffMember | None = field("Who teaches it; null if nobody is named, or if you may not see it.")
    is_required: bool = field("Whether everybody must attend it.")
    capacity: int | None = field("The number of people it takes; null if there is no limit.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@noun("Somebody who works at a camp, outside its capacity.")
class CampStaffMember(Node):
    camp: Camp | None = field("The camp; null where you may not see it.")
    volunteer: Volunteer | None = field("The person; null where you may not see them.")
    duty: CampDuty = field("What the person does there.")
    ended_at: datetime | None = field("When the person stopped working there; null if not.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


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
    offers_from: datetime | None = optional("From when on a free place is offered to who waits, not given at once.")
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
    offers_from: datetime | None = optional("From when on a free place is offered; null: it is given at once.")
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
