"""Memberships."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema.field import Node, field, noun
from api.schema.organization import Organization, Rank

if TYPE_CHECKING:
    from api.schema.person import Volunteer


@noun("A volunteer's membership in an organization, in whole days, both ends included.")
class Membership(Node):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] = field("The volunteer who is the member.")
    organization: Organization | None = field("The organization; null where you may not see it.")
    number: str | None = field("The membership number (nomor induk); null if there is none.")
    rank: Rank | None = field("The rank held; null if there is none.")
    since: date = field("The first day.")
    until: date | None = field("The last day; null while it lasts.")
    end_reason: str | None = field("Why it ended; null while it lasts, or if no reason was given.")
    version: int = field("Grows with each change; an update names the version it read.")
    created_at: datetime = field("When it was entered.")
    updated_at: datetime = field("When it was last changed.")
