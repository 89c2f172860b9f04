"""Memberships."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema.field import Connection, Node, described
from api.schema.organization import Organization, Rank

if TYPE_CHECKING:
    from api.schema.person import Volunteer


@strawberry.type(description="A volunteer's belonging to an organization, in whole days, both ends counted.")
class Membership(Node):
    volunteer: Annotated[Volunteer, strawberry.lazy("api.schema.person")] = described("Who.")
    organization: Organization | None = described("To which; null where you may not see it.")
    number: str | None = described("Nomor induk.")
    rank: Rank | None = described("The rank held.")
    since: date = described("The first day.")
    until: date | None = described("The last day; null while it lasts.")
    end_reason: str | None = described("Why it ended.")
    version: int = described("Grows with each change; an update names the version it read.")


@strawberry.type(description="A page of memberships.")
class MembershipConnection(Connection[Membership]):
    """Memberships."""
