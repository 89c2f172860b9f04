"""Volunteers, and the accounts that sign in."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema import choice, filter
from api.schema.field import Connection, Node, argument, asked, described, paged
from api.schema.membership import MembershipConnection
from api.schema.organization import Organization
from api.schema.place import Kabupaten, Province, distance
from api.schema.scalar import Code, PhoneNumber
from api.schema.skill import CertificateConnection, Skill

if TYPE_CHECKING:
    from api.schema.assignment import AssignmentConnection

PRIVATE = "Null unless you are the volunteer, answer for them, or coordinate their home or their duty."


@strawberry.type(description="A person who serves; one person, once.")
class Volunteer(Node):
    name: str = described("The full name, which may be a single word.")
    status: choice.VolunteerStatus = described("Whether the person serves at present.")
    reach: choice.Reach = described("How far the person agreed to be sent.")
    kabupaten: Kabupaten = described("The home kabupaten.")
    phone: PhoneNumber | None = described(f"The phone number. {PRIVATE}")
    nik: str | None = described(f"The last four digits of the NIK, the others as stars. {PRIVATE}")
    latitude: float | None = described(f"Of the home, in degrees north. {PRIVATE}")
    longitude: float | None = described(f"Of the home, in degrees east. {PRIVATE}")
    distance_to: float | None = distance("home to whom may know its position, else from the seat of the home kabupaten")
    consent_given_at: datetime | None = described(f"When the person agreed to be registered and sent. {PRIVATE}")
    consent_purpose: str | None = described(f"What the person agreed to. {PRIVATE}")
    consent_withdrawn_at: datetime | None = described(f"When the person took the agreement back. {PRIVATE}")
    memberships: MembershipConnection = paged(
        "The organizations the person belongs to, the latest first.", filter=filter.MembershipFilter
    )
    certificates: CertificateConnection = paged(
        "What proves the person's training.", filter=filter.CertificateFilter, order=choice.CertificateOrder
    )
    assignments: Annotated[AssignmentConnection, strawberry.lazy("api.schema.assignment")] = paged(
        "Offers and duties, as far as you may see them.",
        filter=filter.AssignmentFilter,
        order=choice.AssignmentOrder,
    )
    trained_for: list[Skill] = asked(
        "The skills that an unrevoked certificate grants, itself or by inclusion, on a day on which it is valid.",
        argument("on", date | None, "The day; today where none is given.", None),
    )
    version: int = described("Grows with each change; an update names the version it read.")
    created_at: datetime = described("When the person was registered.")


@strawberry.type(description="As what an account acts, and where.")
class Role:
    kind: choice.RoleKind = described("As what.")
    province: Province | None = described("The province coordinated.")
    kabupaten: Kabupaten | None = described(
        "The kabupaten coordinated. A coordinator of neither coordinates the nation."
    )
    organization: Organization | None = described("The organization managed.")


@strawberry.type(description="Who signs in.")
class Account(Node):
    login: Code = described("The name to sign in with.")
    name: str = described("What people call the account.")
    volunteer: Volunteer | None = described("The volunteer it belongs to.")
    roles: list[Role] = described("What it may do, where.")


@strawberry.type(description="A page of volunteers.")
class VolunteerConnection(Connection[Volunteer]):
    """Volunteers."""
