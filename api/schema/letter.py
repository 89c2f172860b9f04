"""What a letter of assignment says."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.assignment_status import AssignmentStatus
from api.schema.emergency import EmergencyStatus
from api.schema.field import field, noun
from api.schema.incident import Incident
from api.schema.organization import Organization
from api.schema.place import Kabupaten
from api.schema.site import Site
from api.schema.skill import Skill

if TYPE_CHECKING:
    from api.schema.person import Volunteer


@noun("What a letter of assignment says: who is sent where, until when, and by whose decree.")
class AssignmentLetter:
    number: str = field("The number of the letter, which never changes.")
    issued_at: datetime = field("When the duty was accepted.")
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] | None = field(
        "Who is sent; null where you may not see the person."
    )
    organization: Organization | None = field(
        "The organization that the duty is served for; null if there is none, or if you may not see it."
    )
    incident: Incident | None = field("The incident; null if you may not see it.")
    skill: Skill = field("The skill that is needed.")
    kabupaten: Kabupaten = field("Where the duty is.")
    site: Site | None = field("The site of the duty; null if it is at none.")
    starts_at: datetime = field("When the duty starts.")
    ends_at: datetime = field("When the duty ends.")
    status: AssignmentStatus = field(
        "What has become of the duty. A letter is valid while it is ACCEPTED, MOBILIZED or ON_DUTY; one of a duty that was CANCELLED, "
        "RELEASED or COMPLETED, or that nobody came to, only says what was."
    )
    ended_at: datetime | None = field(
        "When the duty ended: with the last check-out, or as planned; when the volunteer was sent home or replaced; when it was taken "
        "back or said to be a no-show. Null while the duty is promised or runs."
    )
    decree_number: str | None = field(
        "The number of the decree, as it was at the acceptance; null if none was in force on the first day."
    )
    emergency_status: EmergencyStatus | None = field(
        "The emergency status that it declared, as it is now; the one in force on the first day, as known at the acceptance, of the "
        "kabupaten before the province before the nation."
    )
