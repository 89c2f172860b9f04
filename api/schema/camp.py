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
)
from api.schema.history import HistoryEntry
from api.schema.organization import Organization, Rank
from api.schema.person import Volunteer
from api.schema.place import Kabupaten, Located, Point, distance
from api.schema.scalar import Code
from api.schema.site import Site
from api.schema.skill import CertificateType

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
    ended_at: datetime | None = field("When it was completed or cancelled; null if it was not.")
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
    taken: int = field("How many people have a place in it; nobody needs one where everybody must attend.")
    registrations: list[Annotated[CampRegistration, strawberry.lazy("api.schema.camp_registration")]] = field(
        "The people who have a place in it, by their numbers, as far as you may see them."
    )
    evaluation_count: int | None = field("How many people evaluated it. Null unless you run the camp.")
    average_score: float | None = field(
        "The mean of their scores, 1 to 5; null if nobody has evaluated it, or unless you run the camp."
    )
    remarks: list[str] | None = field("What they said of it, without names. Null unless you run the camp.")
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
