"""Organizations, their licences, the ranks of the corps."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.organization import (
    LicenceAction,
    LicenceKind,
    LicenceStatus,
    OrganizationAction,
    OrganizationKind,
    Verification,
)
from api.schema.field import Connection, Labelled, Node, field, label, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.place import Kabupaten
from api.schema.scalar import Code, PhoneNumber
from api.services import licence, organization

if TYPE_CHECKING:
    from api.schema.activity import Activity
    from api.schema.assignment import Assignment
    from api.schema.cluster import Cluster
    from api.schema.membership import Membership
    from api.schema.skill import CertificateType


@noun(
    "A licence of an organization.",
    filters={
        "ends_within": (int, "Confirmed, and ends today or within so many days, counted at the organization's home.")
    },
)
class Licence(Node):
    organization: Organization = field("The organization that holds it.")
    kind: LicenceKind = field("What it permits.")
    number: str = field("The number at the issuer.")
    issuer: str = field("The office that issued it.")
    valid_from: date = field("The first day it is valid.")
    valid_until: date | None = field("The last day it is valid; null without end.")
    status: LicenceStatus = field("How far it has been checked; only a confirmed one counts.")
    revoked_on: date | None = field("The day it was revoked; null if it was not.")
    reason: str | None = field("Why it was refused or revoked; null if it was not.")
    history: list[HistoryEntry] = field("What was done with it, the oldest first.")
    allowed_actions: list[LicenceAction] = field("What you may do with it now.")
    version: int = field("Grows with each change; an update names the version it read.")
    updated_at: datetime = field("When it was last changed.")
    created_at: datetime = field("When it was entered.")


@noun("Whom to call at an organization.")
class OrganizationContact:
    name: str = field("The name of the person.")
    position: str | None = field("The position in the organization; null if it is not known.")
    phone: PhoneNumber = field("The phone number.")


@noun(
    "An organization that registers volunteers and answers for them.",
    filters={
        "province": (None, "The province of the home kabupaten."),
        "covers": (None, "One of the kabupaten in which it works."),
        "focus": (None, "One of the clusters in which it works."),
    },
)
class Organization(Node):
    name: str = field("The name of the organization.")
    kind: OrganizationKind = field("The kind of the organization.")
    corps: Code | None = field(
        "The corps whose ranks its members may have, or TKSK, which has none; null if it is of none."
    )
    verification: Verification = field("Whether it has been verified; only members of verified organizations are sent.")
    kabupaten: Kabupaten = field("The home kabupaten.")
    parent: Organization | None = field(
        "The organization it belongs to; null if there is none, or if you may not see it."
    )
    branches: Connection[Organization] = field("The organizations that belong to it.")
    licences: list[Licence] = field("The licences you may see, the latest first.")
    coverage: list[Kabupaten] = field("The kabupaten in which it works.")
    focus: list[Annotated[Cluster, strawberry.lazy("api.schema.cluster")]] = field("The clusters in which it works.")
    contacts: list[OrganizationContact] = field("Whom to call; empty if you may not see it.")
    reason: str | None = field("Why it was refused, suspended, reinstated or closed; null if it was not.")
    history: list[HistoryEntry] = field("What was done with it, the oldest first.")
    activity: Connection[Annotated[Activity, strawberry.lazy("api.schema.activity")]] = field(
        "What happened around it, the newest first, as far as you may see it."
    )
    allowed_actions: list[OrganizationAction] = field("What you may do with it now.")
    memberships: Connection[Annotated[Membership, strawberry.lazy("api.schema.membership")]] = field(
        "The memberships of the volunteers you may see."
    )
    issues: list[Annotated[CertificateType, strawberry.lazy("api.schema.skill")]] = field(
        "The types of certificates it may issue: by its kind, by its corps, or by itself."
    )
    affected_duties: Connection[Annotated[Assignment, strawberry.lazy("api.schema.assignment")]] = field(
        "The offers and duties of members, as far as you may see them, behind which no other verified organization stands."
    )
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@noun("A rank in a corps; of two ranks of one corps, the one of the higher level commands.")
class Rank(Node, Labelled):
    code: Code = field("The code of the rank.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    corps: Code = field("The corps it belongs to.")
    level: int = field("The level within the corps, from 1 for the lowest.")
    label: str = label("The name of the rank.")


# Inputs.


@strawberry.input(description="Whom to call at an organization.")
class OrganizationContactInput:
    name: str = field("The name of the person, 1 to 200 characters.")
    position: str | None = optional("The position in the organization, at most 100 characters.")
    phone: str = field("The phone number, as people write it.")


@strawberry.input(description="A licence of an organization.")
class LicenceInput:
    kind: LicenceKind = field("What it permits.")
    number: str = field("The number at the issuer, 1 to 100 characters.")
    issuer: str = field("The office that issued it, 2 to 200 characters.")
    valid_from: date = field("The first day it is valid.")
    valid_until: date | None = optional("The last day it is valid; without end if left out.")


@verb_input(organization.request_verification)
class RequestOrganizationInput:
    name: str = field("The name of the organization, 3 to 200 characters.")
    kind: OrganizationKind = field("The kind of the organization.")
    kabupaten: strawberry.ID = field("The home kabupaten.")
    corps: str | None = optional("The corps whose ranks it gives, as in Rank.corps, or TKSK; none if left out.")
    parent: strawberry.ID | None = optional("The organization it belongs to.")
    coverage: list[strawberry.ID] | None = optional("The kabupaten in which it works.")
    focus: list[strawberry.ID] | None = optional("The clusters in which it works.")
    contacts: list[OrganizationContactInput] | None = optional("Whom to call.")
    licences: list[LicenceInput] | None = optional("The licences, to be confirmed.")


@verb_input(organization.verify)
class VerifyOrganizationInput:
    organization: strawberry.ID = field("The organization to verify.")


@verb_input(organization.refuse)
class RefuseOrganizationInput:
    organization: strawberry.ID = field("The organization to refuse.")
    reason: str = field("The reason, 1 to 1,000 characters.")


@verb_input(organization.suspend)
class SuspendOrganizationInput:
    organization: strawberry.ID = field("The organization to suspend.")
    reason: str = field("The reason, 1 to 1,000 characters.")


@verb_input(organization.reinstate)
class ReinstateOrganizationInput:
    organization: strawberry.ID = field("The organization whose suspension ends.")
    reason: str = field("The reason, 1 to 1,000 characters.")


@verb_input(organization.close)
class CloseOrganizationInput:
    organization: strawberry.ID = field("The organization to close.")
    reason: str = field("The reason, 1 to 1,000 characters.")


@verb_input(organization.change)
class ChangeOrganizationInput:
    organization: strawberry.ID = field("The organization to change.")
    name: str | None = optional("The new name, 3 to 200 characters.")
    kind: OrganizationKind | None = optional("The new kind; only coordinators of its home change it.")
    corps: str | None = optional(
        "The corps whose ranks it gives, or TKSK, null for none; only coordinators of its home change it."
    )
    parent: strawberry.ID | None = optional(
        "The organization it belongs to, null for none; only coordinators of its home change it."
    )
    coverage: list[strawberry.ID] | None = optional("All kabupaten in which it works.")
    focus: list[strawberry.ID] | None = optional("All clusters in which it works.")
    contacts: list[OrganizationContactInput] | None = optional("All whom to call.")


@verb_input(licence.record)
class RecordLicenceInput:
    organization: strawberry.ID = field("The organization that holds it.")
    kind: LicenceKind = field("What it permits.")
    number: str = field("The number at the issuer, 1 to 100 characters.")
    issuer: str = field("The office that issued it, 2 to 200 characters.")
    valid_from: date = field("The first day it is valid.")
    valid_until: date | None = optional("The last day it is valid; without end if left out.")


@verb_input(licence.confirm)
class ConfirmLicenceInput:
    licence: strawberry.ID = field("The licence to confirm.")


@verb_input(licence.refuse)
class RefuseLicenceInput:
    licence: strawberry.ID = field("The licence to refuse.")
    reason: str = field("The reason, 1 to 1,000 characters.")


@verb_input(licence.revoke)
class RevokeLicenceInput:
    licence: strawberry.ID = field("The licence to revoke.")
    reason: str = field("The reason, 1 to 1,000 characters.")
