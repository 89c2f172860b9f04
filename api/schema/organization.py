"""Organizations, their licences, the ranks of the corps."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema import choice, filter
from api.schema.field import Connection, Node, described, label, paged
from api.schema.place import Kabupaten
from api.schema.scalar import Code

if TYPE_CHECKING:
    from api.schema.membership import MembershipConnection


@strawberry.type(description="A permission of an organization.")
class Licence(Node):
    kind: choice.LicenceKind = described("What it permits.")
    number: str = described("Its number at the issuer.")
    issuer: str = described("The office that issued it.")
    valid_from: date = described("The first day it is valid.")
    valid_until: date | None = described("The last day it is valid; null without end.")
    revoked_on: date | None = described("The day it was revoked, if it was.")


@strawberry.type(description="Who registers volunteers and answers for them.")
class Organization(Node):
    name: str = described("Its name.")
    kind: choice.OrganizationKind = described("What it is.")
    verification: choice.Verification = described(
        "Whether it has been checked; only members of verified ones are sent."
    )
    kabupaten: Kabupaten = described("Where it is at home.")
    parent: Organization | None = described("The organization it belongs to.")
    branches: OrganizationConnection = paged(
        "The organizations that belong to it.", filter=filter.OrganizationFilter, order=choice.OrganizationOrder
    )
    licences: list[Licence] = described("Its permissions, the latest first.")
    memberships: Annotated[MembershipConnection, strawberry.lazy("api.schema.membership")] = paged(
        "Who belongs to it, as far as you may see them; the latest first.", filter=filter.MembershipFilter
    )
    version: int = described("Grows with each change; an update names the version it read.")
    created_at: datetime = described("When it was entered.")


@strawberry.type(description="A step in a corps; of two ranks of one corps, the higher level commands.")
class Rank(Node):
    code: Code = described("Its code.")
    corps: Code = described("The corps it belongs to.")
    level: int = described("1 for the lowest.")
    label: str = label("Its name.")


@strawberry.type(description="A page of organizations.")
class OrganizationConnection(Connection[Organization]):
    """Organizations."""


@strawberry.type(description="A page of ranks.")
class RankConnection(Connection[Rank]):
    """Ranks."""
