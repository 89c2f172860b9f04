"""Memberships."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema.field import Node, field, noun, optional, verb_input
from api.schema.history import HistoryEntry
from api.schema.organization import Organization, Rank
from api.schema.place import Kecamatan
from api.services import membership

if TYPE_CHECKING:
    from api.schema.person import Volunteer


@noun("A volunteer's membership in an organization, in whole days, both ends included.")
class Membership(Node):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] = field("The volunteer who is the member.")
    organization: Organization | None = field("The organization; null where you may not see it.")
    number: str | None = field("The membership number (nomor induk); null if there is none.")
    rank: Rank | None = field("The rank held; null if there is none.")
    kecamatan: Kecamatan | None = field("Where the member serves as TKSK; null if the member is none.")
    kecamatan_since: date | None = field("The first day there; null if the member is no TKSK.")
    since: date = field("The first day.")
    until: date | None = field("The last day; null while it lasts.")
    history: list[HistoryEntry] = field("What was done with it, the oldest first.")
    end_reason: str | None = field("Why it ended; null while it lasts, or if no reason was given.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")


@verb_input(membership.change)
class ChangeMembershipInput:
    membership: strawberry.ID = field("The membership to change.")
    number: str | None = optional("The new number, 1 to 100 characters, null for none.")
    rank: strawberry.ID | None = optional("The new rank, one of the organization's corps, null for none.")
    kecamatan: strawberry.ID | None = optional("Where the member serves as TKSK, null for nowhere.")


@verb_input(membership.end)
class EndMembershipInput:
    membership: strawberry.ID = field("The membership to end.")
    reason: str = field("The reason, 1 to 1,000 characters.")
    until: date | None = optional("The last day; today in the organization's kabupaten if left out.")
