"""Registrations for camps."""

from __future__ import annotations

from datetime import datetime

from api.models.camp_registration import CampRegistrationStatus
from api.schema.camp import Camp, CampCategory
from api.schema.contingent import Contingent
from api.schema.field import Node, field, noun
from api.schema.history import HistoryEntry
from api.schema.organization import Organization
from api.schema.person import Volunteer
from api.schema.place import Kabupaten


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
    is_inside: bool | None = field("Whether the person is inside now, by the scan log. Null unless you run the camp.")
    code_hash: str | None = field(
        "SHA-256 of the code that the person carries, in hexadecimal digits, for phones without a connection. "
        "Null if there is none, or unless you run the camp."
    )
    history: list[HistoryEntry] = field("What happened to it, the oldest first.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")
